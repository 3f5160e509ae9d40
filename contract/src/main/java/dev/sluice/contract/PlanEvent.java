package dev.sluice.contract;

import java.util.List;

/// Facts about plans, told by the planner on `sluice.plan`, keyed by the rollout. The members of a revision come before its header.
public sealed interface PlanEvent {
  RolloutId rolloutId();

  /// A slice of a revision's members: at most 5,000, `from` is the ordinal of the first.
  record MembersPlanned(RolloutId rolloutId, int revision, String planHash, int from, List<PlanMember> members) implements PlanEvent {
    public MembersPlanned {
      members = List.copyOf(members);
    }
  }

  /// A revision is whole. The first opens the rollout; a later one is only a draft until the approval-service adopts it.
  record RevisionPlanned(RolloutId rolloutId, PlanHeader plan) implements PlanEvent {}

  /// The planner took the plan back before anyone was asked.
  record PlanWithdrawn(RolloutId rolloutId, String reason) implements PlanEvent {}

  /// The template's version of the module was set by a rollout that ends.
  ///
  /// @param to null: the template had no version before
  record TemplateMoved(RolloutId rolloutId, TemplateId templateId, ModuleId moduleId, VersionRef to) implements PlanEvent {}
}
