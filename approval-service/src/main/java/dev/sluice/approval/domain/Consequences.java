package dev.sluice.approval.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Choice;
import java.util.Arrays;
import java.util.List;

/// What each answer to a trip would mean, in numbers of instances; `behaviour.md`, Circuit breaker.
public final class Consequences {
  /// @param instancesGoingOn    given the new version for the first time, those whose instruction is held back among them
  /// @param instancesRetried    told again
  /// @param instancesRolledBack sent back to their own version before
  /// @param detail              the same for people
  public record Consequence(String option, int instancesGoingOn, int instancesRetried, int instancesRolledBack, String detail) {}

  private Consequences() {}

  /// One for each option, in the order of the options.
  public static List<Consequence> of(Ask.Stake stake) { return Arrays.stream(Choice.values()).map(choice -> of(choice, stake)).toList(); }

  private static Consequence of(Choice choice, Ask.Stake stake) {
    int failed = stake.failed();
    int untold = stake.untold();
    int goOn = untold + stake.held();
    int told = stake.instructed();
    var option = Words.of(choice);
    return switch (choice) {
      case CONTINUE_ANYWAY -> new Consequence(option, goOn, 0, 0, goOn + " more go on to the new version; " + failed + " stay failed");
      case RETRY_FAILED -> new Consequence(option, goOn, failed, 0, failed + " that failed are tried again, then " + goOn + " more go on");
      case ROLLBACK_COMPLETED_BATCHES ->
        new Consequence(option, 0, 0, told, told + " go back to the version before; " + untold + " are not touched");
      case ABORT -> new Consequence(option, 0, 0, 0, "nothing moves: " + told + " stay as they are, " + untold + " are not touched");
    };
  }
}
