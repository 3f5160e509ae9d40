package dev.sluice.rollout.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.RolloutState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What an operator is told when the table says no.
public final class Refusal {
  private Refusal() {}

  /// The commands that are not refused, `same` included, in the words of the wire.
  public static List<String> legal(RolloutState state) {
    return switch (state) {
      case AWAITING_APPROVAL -> List.of("abort");
      case APPROVED -> List.of("pause", "resume", "abort");
      case RUNNING, PAUSED, ROLLING_BACK -> List.of("pause", "resume", "abort", "rollback");
      case AWAITING_DECISION, ABORTED -> List.of("abort", "rollback");
      case COMPLETED, COMPLETED_WITH_FAILURES, ROLLED_BACK_WITH_FAILURES -> List.of("rollback");
      case ROLLED_BACK, REJECTED, EXPIRED, CANCELLED -> List.of();
    };
  }

  /// The same, for one of a pair of template and module: only the newest is rolled back once it has ended.
  ///
  /// @param followed whether a later rollout of the pair was made
  public static List<String> legal(RolloutState state, boolean followed) {
    return state.ended() && followed ? withoutRollback(state) : legal(state);
  }

  private static List<String> withoutRollback(RolloutState state) {
    return legal(state).stream().filter(command -> !command.equals("rollback")).toList();
  }

  /// The planner's no to a rollback, with what may be done instead.
  public static Problem rollback(Problem no, RolloutState state) {
    var extra = new LinkedHashMap<>(no.extra());
    extra.put("state", Words.of(state));
    extra.put("legal_commands", withoutRollback(state));
    return new Problem(no.type(), no.title(), no.status(), no.detail(), no.errors(), extra);
  }

  static Decision<RolloutEvent> absent() {
    return Decision.refused(Problem.notFound("there is no such rollout", List.of(), Map.of()));
  }

  static Decision<RolloutEvent> of(Rollout rollout, Stage stage) {
    return Decision.refused(of(rollout.plan().rolloutId(), stage.seen(), false));
  }

  /// @param followed whether a later rollout of the pair was made
  public static Problem of(RolloutId id, RolloutState state, boolean followed) {
    var word = Words.of(state);
    var legal = legal(state, followed);
    var ways = legal.isEmpty() ? "takes no command any more" : "takes " + String.join(", ", legal);
    return Problem.conflict("rollout " + id + " is " + word + "; it " + ways, Map.of("state", word, "legal_commands", legal));
  }

  static Decision<RolloutEvent> ended(Rollout rollout) {
    var word = Words.of(rollout.stage().seen());
    return Decision.refused(Problem.conflict(
        "rollout " + rollout.plan().rolloutId() + " became " + word + " at this moment; if it is to be rolled back all the same, ask again",
        Map.of("state", word, "legal_commands", legal(rollout.stage().seen()))));
  }

  static Decision<RolloutEvent> gone(Rollout rollout, List<String> versions) {
    return Decision.refused(rollback(Problem.conflict(
        "rollout " + rollout.plan().rolloutId() + " cannot be rolled back: none of its versions before can be had any more: "
            + String.join(", ", versions),
        Map.of("unavailable_versions", versions)), rollout.stage().seen()));
  }
}
