package dev.sluice.contract;

import java.time.Instant;
import java.util.List;

/// Facts about approval requests, told by the approval-service on `sluice.approval`, keyed by the rollout (policies by their action).
public sealed interface ApprovalEvent {
  /// People are asked to approve a plan.
  record PlanRequested(RequestId requestId, PlanHeader plan, Instant expiresAt) implements ApprovalEvent {}

  /// People are asked how to go on after a trip.
  record ContinuationRequested(RequestId requestId, RolloutId rolloutId, Trip trip, int requiredApprovals,
      Instant expiresAt) implements ApprovalEvent {}

  /// One vote. For a continuation `decision` is the option in the words of the wire.
  record Voted(RequestId requestId, RolloutId rolloutId, int revision, String decision, String actor,
      String comment) implements ApprovalEvent {}

  /// An edit replaced the revision that is asked about: votes fell, the life began anew.
  record Revised(RequestId requestId, RolloutId rolloutId, PlanHeader plan, String actor, Instant expiresAt) implements ApprovalEvent {}

  record PlanApproved(RequestId requestId, RolloutId rolloutId, int revision, String planHash, List<String> approvers, String actor,
      String comment)
      implements
        ApprovalEvent {}

  /// The policy `notify_and_proceed` approves a plan in the next event, without asking anybody; people are warned.
  record ProceededWithoutApproval(RequestId requestId, RolloutId rolloutId, int revision, Policy policy) implements ApprovalEvent {}

  record PlanRejected(RequestId requestId, RolloutId rolloutId, int revision, String actor, String comment) implements ApprovalEvent {}

  /// The request's life is over. For a continuation this means abort.
  record RequestExpired(RequestId requestId, RolloutId rolloutId, RequestType type) implements ApprovalEvent {}

  /// The rollout went another way first.
  record RequestCancelled(RequestId requestId, RolloutId rolloutId, String actor, String comment) implements ApprovalEvent {}

  record ContinuationDecided(RequestId requestId, RolloutId rolloutId, Choice choice, String actor,
      String comment) implements ApprovalEvent {}

  /// What became of the decision: `applied`, or `superseded` where the rollout had gone another way.
  record OutcomeRecorded(RequestId requestId, RolloutId rolloutId, String outcome) implements ApprovalEvent {}

  /// A policy was set; `policy` null: removed.
  record PolicyChanged(String action, TemplateId templateId, PolicyView policy, String actor) implements ApprovalEvent {}
}
