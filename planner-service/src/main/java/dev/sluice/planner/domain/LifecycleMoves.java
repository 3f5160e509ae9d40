package dev.sluice.planner.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.Lifecycle;
import dev.sluice.contract.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The moves of a module version's life, and what each state is good for. `behaviour.md`, Module versions and templates.
public final class LifecycleMoves {
  private LifecycleMoves() {}

  /// The states that a version may go to from here.
  public static List<Lifecycle> from(Lifecycle state) {
    return switch (state) {
      case DRAFT -> List.of(Lifecycle.STAGING, Lifecycle.ARCHIVED);
      case STAGING -> List.of(Lifecycle.DRAFT, Lifecycle.BLESSED, Lifecycle.ARCHIVED);
      case BLESSED -> List.of(Lifecycle.LIVE, Lifecycle.ARCHIVED);
      case LIVE -> List.of(Lifecycle.ARCHIVED);
      case ARCHIVED -> List.of();
    };
  }

  /// Whether a plan may have a version in this state as its target.
  public static boolean mayBeTarget(Lifecycle state) { return state == Lifecycle.BLESSED || state == Lifecycle.LIVE; }

  /// Whether an instance may go back to a version in this state.
  public static boolean mayBeRunAgain(Lifecycle state) { return state != Lifecycle.ARCHIVED; }

  /// Why a move is refused; empty if it is legal.
  ///
  /// @param version for people
  /// @param heldBy  the open rollouts that target the version or would roll back to it
  public static Optional<Problem> refusal(String version, Lifecycle from, Lifecycle to, List<String> heldBy) {
    var legal = from(from).stream().map(Words::of).toList();
    if (!from(from).contains(to)) {
      return Optional.of(Problem.conflict(
          version + " is " + Words.of(from) + " and cannot become " + Words.of(to) + "; "
              + (legal.isEmpty() ? "there is no legal move" : "legal: " + String.join(", ", legal)),
          Map.of("from", Words.of(from), "to", Words.of(to), "legal", legal)));
    }
    if (to == Lifecycle.ARCHIVED && !heldBy.isEmpty()) {
      return Optional.of(Problem.conflict(
          version + " cannot be archived: open rollouts target it or would roll back to it: " + String.join(", ", heldBy)
              + "; let them end first",
          Map.of("from", Words.of(from), "to", Words.of(to), "rollout_ids", heldBy)));
    }
    return Optional.empty();
  }
}
