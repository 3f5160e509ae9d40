package dev.sluice.rollout.domain;

import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Trip;
import dev.sluice.contract.VersionId;
import java.util.Set;

/// Where a rollout stands, with what only that place needs.
sealed interface Stage {
  /// What a pause can be put on top of.
  sealed interface Pausable extends Stage {}

  record Absent() implements Stage {}

  record AwaitingApproval() implements Stage {}

  record Approved() implements Pausable {}

  /// @param open      whether the current batch has started and not ended
  /// @param finishing whether the planner was asked to move the template
  record Running(boolean open, boolean finishing) implements Pausable {}

  record Paused(Pausable left) implements Stage {}

  /// Tripped.
  ///
  /// @param open whether the current batch was open
  record AwaitingDecision(RequestId requestId, Trip trip, boolean open) implements Stage {}

  /// @param batch       the batch that goes back, or the one above the next
  /// @param open        whether it has started and not ended
  /// @param onlyFailed  whether only those go back that failed to before
  /// @param unavailable versions that cannot be had
  /// @param finishing   whether the planner was asked to set the template back
  record RollingBack(int batch, boolean open, boolean onlyFailed, Set<VersionId> unavailable, boolean finishing) implements Pausable {
    public RollingBack {
      unavailable = Set.copyOf(unavailable);
    }
  }

  /// @param tripped whether the current batch had tripped and nobody let it go on
  record Ended(RolloutState as, boolean tripped) implements Stage {
    Ended(RolloutState as) {
      this(as, false);
    }
  }

  /// The state as people see it; null for [Absent].
  default RolloutState seen() {
    return switch (this) {
      case Absent _ -> null;
      case AwaitingApproval _ -> RolloutState.AWAITING_APPROVAL;
      case Approved _ -> RolloutState.APPROVED;
      case Running _ -> RolloutState.RUNNING;
      case Paused _ -> RolloutState.PAUSED;
      case AwaitingDecision _ -> RolloutState.AWAITING_DECISION;
      case RollingBack _ -> RolloutState.ROLLING_BACK;
      case Ended(var as, _) -> as;
    };
  }
}
