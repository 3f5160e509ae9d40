package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Option;

/// Whether a command waits for the end of its rollout.
final class Waiting {
  @Option(names = "--wait", order = 90, description = "wait for the end; exit 4 where it is another than asked, or where the rollout stops and asks")
  private boolean wait;

  @Option(names = "--timeout", paramLabel = "SEC", order = 91, description = "wait so long at most, then exit 4 (default: for ever)")
  private Integer timeout;

  boolean asked() { return wait || timeout != null; }

  /// Waits, where it was asked for.
  ///
  /// @param now      what is shown where nobody waits
  /// @param answered the continuation that was just answered; may be null
  /// @return the last snapshot, or `now`
  JsonNode orGoOn(Remote remote, JsonNode now, String rolloutId, List<String> states, String answered) {
    if (!asked()) return now;
    if (timeout != null && timeout < 1) throw new Failure.Usage("--timeout must be at least 1");
    return new Follow(remote.api(), remote.screen(), remote.json()).toEnd(rolloutId, states, answered,
        timeout == null ? null : Duration.ofSeconds(timeout));
  }
}
