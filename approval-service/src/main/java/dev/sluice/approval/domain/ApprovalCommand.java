package dev.sluice.approval.domain;

import dev.sluice.contract.Choice;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Trip;
import java.time.Instant;

/// What can be wished of one approval request.
public sealed interface ApprovalCommand {
  RequestId id();

  /// A person's wish: about the revision that he read, within the life of the request.
  sealed interface ByPerson extends ApprovalCommand {
    int revision();

    String actor();

    Instant at();
  }

  /// Ask people about the first revision of a plan; its policy may answer at once.
  ///
  /// @param now the policy in force now: what was to be approved unasked waits for people where `blocked` was set since the revision was made
  record RequestPlan(RequestId id, PlanHeader plan, PolicyView now, Instant at) implements ApprovalCommand {}

  /// Ask people how to go on after a trip.
  ///
  /// @param policy the one kept with the approved revision: its numbers count, its answer does not
  record RequestContinuation(RequestId id, RolloutId rolloutId, Trip trip, PolicyView policy, Instant at) implements ApprovalCommand {}

  /// @param now the policy in force now: a `blocked` that was set since the revision was made refuses approval
  record Approve(RequestId id, int revision, String actor, String comment, PolicyView now, Instant at) implements ByPerson {}

  record Reject(RequestId id, int revision, String actor, String comment, Instant at) implements ByPerson {}

  record Choose(RequestId id, int revision, Choice choice, String actor, String comment, Instant at) implements ByPerson {}

  /// Whether the revision may be edited: decides to no events, or says why not.
  record BeginEdit(RequestId id, int revision, String actor, Instant at) implements ByPerson {}

  /// Ask about another revision instead.
  ///
  /// @param revision the one that was edited
  /// @param plan     the next one
  record Revise(RequestId id, int revision, PlanHeader plan, String actor, Instant at) implements ByPerson {}

  /// End the request if its life is over.
  record Expire(RequestId id, Instant at) implements ApprovalCommand {}

  /// The rollout went another way: nobody need answer, and an answer came too late.
  record Supersede(RequestId id, RolloutId rolloutId, String actor, String comment) implements ApprovalCommand {}

  /// The rollout did what was decided.
  record Apply(RequestId id) implements ApprovalCommand {}
}
