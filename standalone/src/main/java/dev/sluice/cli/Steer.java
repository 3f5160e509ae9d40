package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The four commands to a rollout that stands or runs.
abstract class Steer implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest")
  private String rollout;

  @Option(names = "--comment", paramLabel = "TEXT", order = 1, description = "why")
  private String comment;

  @Mixin
  private Remote remote;

  private final String command;

  private Steer(String command) { this.command = command; }

  /// @param ends what `--wait` waits for
  final int steer(Waiting waiting, List<String> ends) {
    var id = new Names(remote.api()).rollout(rollout);
    var answer = told(id);
    var end = waiting.orGoOn(remote, answer, id, ends, null);
    return remote.show(end, screen -> screen
        .line("Rollout " + id + " is " + Text.of(end, "state").replace('_', ' ') + ", " + Bars.counts(end.path("counts")) + "."));
  }

  /// A question is no command to the rollout, so that the refusal does not name it.
  private JsonNode told(String id) {
    try {
      return remote.api().post("/v1/rollouts/" + Api.part(id) + "/" + command, comment == null ? Map.of() : Map.of("comment", comment));
    } catch (Failure.Refused refused) {
      if (!refused.state().equals("awaiting_decision")) throw refused;
      throw refused.with("answer its question by: " + remote.again("decide " + id));
    }
  }

  @Command(name = "pause", description = "Hand out nothing further; what is under way goes on.")
  static final class Pause extends Steer {
    Pause() { super("pause"); }

    @Override
    public Integer call() { return steer(new Waiting(), List.of()); }
  }

  @Command(name = "resume", description = "Go on where a pause stopped it.")
  static final class Resume extends Steer {
    @Mixin
    private Waiting waiting;

    Resume() { super("resume"); }

    @Override
    public Integer call() { return steer(waiting, List.of("completed", "rolled_back")); }
  }

  @Command(name = "abort", description = "End a rollout here; instances stay as they are.")
  static final class Abort extends Steer {
    @Mixin
    private Waiting waiting;

    Abort() { super("abort"); }

    @Override
    public Integer call() { return steer(waiting, List.of("aborted", "cancelled")); }
  }

  @Command(name = "rollback", description = "Send every instance that was told back to its own version before.")
  static final class Rollback extends Steer {
    @Mixin
    private Waiting waiting;

    Rollback() { super("rollback"); }

    @Override
    public Integer call() { return steer(waiting, List.of("rolled_back")); }
  }
}
