package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// Whether a command waits for the end of its rollout.
final class Waiting {
  @Option(names = "--wait", order = 90, description = "wait for the end; exit 4 where it is another than asked, or where the rollout stops and asks")
  private boolean wait;

  @Option(names = "--timeout", paramLabel = "SEC", order = 91, converter = Seconds.class, description = "wait so long at most, then exit 4 (default: for ever)")
  private Duration timeout;

  /// A whole number from 1. It is looked at before anything is sent.
  static final class Seconds implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      if (!text.matches("0*[1-9][0-9]{0,8}")) throw new TypeConversionException("must be a whole number of seconds from 1, not " + text);
      return Duration.ofSeconds(Long.parseLong(text));
    }
  }

  boolean asked() { return wait || timeout != null; }

  /// Waits, where it was asked for. Where the end is another, a script gets the last snapshot all the same.
  ///
  /// @param now      what is shown where nobody waits
  /// @param answered the continuation that was just answered; may be null
  /// @return the last snapshot, or `now`
  JsonNode orGoOn(Remote remote, JsonNode now, String rolloutId, List<String> states, String answered) {
    if (!asked()) return now;
    try {
      return new Follow(remote.api(), remote.screen(), remote.json()).toEnd(rolloutId, states, answered, timeout);
    } catch (Failure.Otherwise otherwise) {
      if (remote.json() && otherwise.last() != null) remote.show(otherwise.last(), _ -> {});
      throw otherwise;
    }
  }
}
