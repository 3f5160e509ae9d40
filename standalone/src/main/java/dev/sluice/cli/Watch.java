package dev.sluice.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Shows a rollout while it goes on.
@Command(name = "watch", description = "Show a rollout until it ends: a bar for each batch on a terminal, else a line for each change.")
final class Watch implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest")
  private String rollout;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var id = new Names(remote.api()).rollout(rollout);
    var asked = new String[1];
    var end = new Follow(remote.api(), remote.screen(), remote.json()).watch(id, now -> {
      var request = Text.of(now, "continuation_request_id");
      if (Text.of(now, "state").equals("awaiting_decision") && !request.isEmpty() && !request.equals(asked[0])) {
        asked[0] = request;
        remote.screen().note("It asks how to go on; see:  " + remote.again("decide " + id));
      }
      return Follow.ended(now);
    });
    return remote.show(end, _ -> {});
  }
}
