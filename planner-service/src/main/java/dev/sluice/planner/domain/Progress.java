package dev.sluice.planner.domain;

import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import java.util.LinkedHashMap;
import java.util.Map;

/// How far a plan's rollout has come, from the facts that the rollout-service tells: the state, and the phases of the batches that a fact changes.
///
/// @param before the state that a pause left; null where it is not paused
public record Progress(RolloutState state, RolloutState before) {
  public static final Progress START = new Progress(RolloutState.AWAITING_APPROVAL, null);

  public Progress evolve(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.Planned _ -> START;
      case RolloutEvent.Approved _ -> to(RolloutState.APPROVED);
      case RolloutEvent.Rejected _ -> to(RolloutState.REJECTED);
      case RolloutEvent.Expired _ -> to(RolloutState.EXPIRED);
      case RolloutEvent.Cancelled _ -> to(RolloutState.CANCELLED);
      case RolloutEvent.Started _ -> to(RolloutState.RUNNING);
      case RolloutEvent.BreakerTripped _ -> to(RolloutState.AWAITING_DECISION);
      case RolloutEvent.ContinuationDecided e -> switch (e.choice()) {
        case CONTINUE_ANYWAY, RETRY_FAILED -> to(RolloutState.RUNNING);
        case ROLLBACK_COMPLETED_BATCHES, ABORT -> this;
      };
      case RolloutEvent.Paused _ -> new Progress(RolloutState.PAUSED, state);
      case RolloutEvent.Resumed _ -> before == null ? this : to(before);
      case RolloutEvent.Aborted _ -> to(RolloutState.ABORTED);
      case RolloutEvent.RollbackStarted _ -> to(RolloutState.ROLLING_BACK);
      case RolloutEvent.RolledBack e ->
        to(e.failedCount() > 0 ? RolloutState.ROLLED_BACK_WITH_FAILURES : RolloutState.ROLLED_BACK);
      case RolloutEvent.Completed e -> to(e.withFailures() ? RolloutState.COMPLETED_WITH_FAILURES : RolloutState.COMPLETED);
      default -> this;
    };
  }

  /// The phases that a fact sets, in the order in which they are set, by batch index, or by [#TRIPPED] or [#UNDER_WAY].
  public static Map<Integer, BatchPhase> phases(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.BatchStarted e -> started(e.batchIndex());
      case RolloutEvent.BatchCompleted e -> Map.of(e.batchIndex(), BatchPhase.COMPLETED);
      case RolloutEvent.BreakerTripped e -> Map.of(e.trip().batchIndex(), BatchPhase.TRIPPED);
      case RolloutEvent.ContinuationDecided e -> switch (e.choice()) {
        case CONTINUE_ANYWAY, RETRY_FAILED -> Map.of(TRIPPED, BatchPhase.RUNNING);
        case ROLLBACK_COMPLETED_BATCHES, ABORT -> Map.of();
      };
      case RolloutEvent.RollbackBatchStarted e -> Map.of(e.batchIndex(), BatchPhase.ROLLING_BACK);
      case RolloutEvent.RollbackBatchEnded e -> Map.of(e.batchIndex(), BatchPhase.ROLLED_BACK);
      case RolloutEvent.Aborted _,RolloutEvent.Completed _,RolloutEvent.RollbackStarted _,RolloutEvent.RolledBack _ ->
        Map.of(UNDER_WAY, BatchPhase.COMPLETED);
      default -> Map.of();
    };
  }

  /// One that ended before it tripped, since a member regressed, is not told as completed once more.
  private static Map<Integer, BatchPhase> started(int index) {
    var phases = new LinkedHashMap<Integer, BatchPhase>();
    phases.put(UNDER_WAY, BatchPhase.COMPLETED);
    phases.put(index, BatchPhase.RUNNING);
    return phases;
  }

  /// Stands for every tripped batch.
  public static final int TRIPPED = -1;
  /// Stands for every batch that runs or goes back: an end, or the way back, ends it; nobody of it may need to go back.
  public static final int UNDER_WAY = -2;

  /// The phase of a batch that no fact has told of.
  public BatchPhase untold() {
    boolean back = state == RolloutState.ROLLING_BACK || before == RolloutState.ROLLING_BACK;
    return state.ended() || back ? BatchPhase.NOT_STARTED : BatchPhase.PENDING;
  }

  private static Progress to(RolloutState state) { return new Progress(state, null); }
}
