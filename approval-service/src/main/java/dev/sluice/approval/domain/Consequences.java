package dev.sluice.approval.domain;

import dev.sluice.contract.Choice;
import dev.sluice.contract.Trip;
import dev.sluice.contract.Told;
import java.util.Arrays;
import java.util.List;

/// What each answer to a trip would mean, in numbers of instances; `behaviour.md`, Circuit breaker.
public final class Consequences {
  /// @param instancesGoingOn    told of the new version for the first time
  /// @param instancesRetried    told again
  /// @param instancesRolledBack sent back to their own version before
  /// @param detail              the same for people
  public record Consequence(String option, int instancesGoingOn, int instancesRetried, int instancesRolledBack, String detail) {}

  private Consequences() {}

  /// One for each option, in the order of the options.
  public static List<Consequence> of(Trip trip) { return Arrays.stream(Choice.values()).map(choice -> of(choice, trip)).toList(); }

  private static Consequence of(Choice choice, Trip trip) {
    int failed = trip.failedCount();
    int left = trip.remainingCount();
    int told = trip.instructedCount();
    var option = Told.word(choice);
    return switch (choice) {
      case CONTINUE_ANYWAY -> new Consequence(option, left, 0, 0, left + " more go on to the new version; " + failed + " stay failed");
      case RETRY_FAILED -> new Consequence(option, left, failed, 0, failed + " that failed are tried again, then " + left + " more go on");
      case ROLLBACK_COMPLETED_BATCHES ->
        new Consequence(option, 0, 0, told, told + " go back to the version before; " + left + " are not touched");
      case ABORT -> new Consequence(option, 0, 0, 0, "nothing moves: " + told + " stay as they are, " + left + " are not touched");
    };
  }
}
