package dev.sluice.contract;

/// The states of a rollout as people see them.
public enum RolloutState {
  AWAITING_APPROVAL, APPROVED, RUNNING, PAUSED, AWAITING_DECISION, ROLLING_BACK, COMPLETED, COMPLETED_WITH_FAILURES, ROLLED_BACK, ROLLED_BACK_WITH_FAILURES, ABORTED, REJECTED, EXPIRED, CANCELLED;

  /// Whether the rollout has ended; a command may still open some of these again.
  public boolean ended() {
    return switch (this) {
      case AWAITING_APPROVAL, APPROVED, RUNNING, PAUSED, AWAITING_DECISION, ROLLING_BACK -> false;
      case COMPLETED, COMPLETED_WITH_FAILURES, ROLLED_BACK, ROLLED_BACK_WITH_FAILURES, ABORTED, REJECTED, EXPIRED, CANCELLED -> true;
    };
  }
}
