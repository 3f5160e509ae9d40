package dev.sluice.planner.domain;

import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.VersionRef;

/// Where a plan stands, as far as its next decision needs it.
public sealed interface PlanState {
  /// There is no such plan.
  record Absent() implements PlanState {}

  /// @param plan      the revision that counts
  /// @param requested whether the approval-service has said that it asks people
  /// @param opened    whether the rollout-service has said that it opened the rollout
  /// @param open      whether the plan holds its pair of template and module
  /// @param moved     what the rollout did to the template; null: nothing, or it was taken back
  /// @param withdrawn whether the plan was taken back, and the rollout has not let go of its pair yet
  record Made(PlanHeader plan, boolean requested, boolean opened, boolean open, Move moved, boolean withdrawn) implements PlanState {}

  /// The plan was taken back, and holds nothing.
  record Withdrawn() implements PlanState {}

  /// A change of the template's version; each null where the template has none.
  record Move(VersionRef from, VersionRef to) {}
}
