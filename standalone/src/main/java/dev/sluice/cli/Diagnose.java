package dev.sluice.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Says why a rollout stands where it stands.
@Command(name = "diagnose", description = "Say why a rollout stands where it stands, and what would move it.")
final class Diagnose implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest")
  private String rollout;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var answer = remote.api().get("/v1/rollouts/" + Api.part(new Names(remote.api()).rollout(rollout)) + "/diagnosis");
    return remote.show(answer, screen -> {
      screen.line(screen
          .bold(!Text.of(answer, "blocked_on").equals("nothing")
              ? "blocked on " + Text.of(answer, "blocked_on").replace('_', ' ')
              : "nothing blocks it")
          + (answer.hasNonNull("since") ? screen.dim("  since " + Text.time(answer, "since")) : ""));
      if (answer.hasNonNull("detail")) screen.line("  " + Text.of(answer, "detail"));
      for (var check : answer.path("checks"))
        screen.line("  " + (check.path("ok").asBoolean() ? screen.green("✓ ") : screen.red("✗ ")) + Text.of(check, "name").replace('_', ' ')
            + (Text.of(check, "detail").isEmpty() ? "" : screen.dim("  " + Text.of(check, "detail"))));
    });
  }
}
