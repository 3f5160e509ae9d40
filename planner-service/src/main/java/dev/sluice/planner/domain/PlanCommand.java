package dev.sluice.planner.domain;

import dev.sluice.contract.VersionRef;

/// What may be wished of a plan.
public sealed interface PlanCommand {
  /// Record the first revision; it opens the rollout.
  record Propose(Revision revision) implements PlanCommand {}

  /// Record the revision after the one that counts, as a draft.
  record Revise(Revision draft) implements PlanCommand {}

  /// Take the plan back, unless both services know it by now.
  record Withdraw(String reason) implements PlanCommand {}

  /// The rollout ends: set the template's version.
  ///
  /// @param present the template's version now; null if it has none
  /// @param to      null: remove it
  record MoveTemplate(VersionRef present, VersionRef to) implements PlanCommand {}

  /// The rollout was aborted while it ended: undo the move, unless somebody has changed the template since.
  ///
  /// @param present the template's version now; null if it has none
  record UndoMove(VersionRef present) implements PlanCommand {}
}
