package dev.sluice.approval.domain;

import dev.sluice.contract.Choice;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// One approval request: the fold of its stream.
public sealed interface Request {
  /// What the request is about.
  default Scope scope() {
    return switch (this) {
      case Absent _ -> Scope.NONE;
      case PlanPending p -> new Scope(p.plan().rolloutId(), p.plan().inputs().templateId(), p.plan().inputs().moduleId());
      case ContinuationPending p -> new Scope(p.rolloutId(), null, null);
      case Closed c -> c.scope();
      case Settled s -> s.closed().scope();
    };
  }

  /// Nobody was asked.
  record Absent() implements Request {}

  /// People are asked about a plan.
  ///
  /// @param plan      the revision that is asked about
  /// @param approvers who approved this revision, in order, each once
  record PlanPending(RequestId id, PlanHeader plan, Instant expiresAt, List<String> approvers) implements Request {
    public PlanPending {
      approvers = List.copyOf(approvers);
    }
  }

  /// People are asked how to go on after a trip.
  ///
  /// @param requiredApprovals how many must name the same option to go on
  /// @param votes             the option that each person names now
  record ContinuationPending(RequestId id, RolloutId rolloutId, int requiredApprovals, Instant expiresAt,
      Map<String, Choice> votes) implements Request {
    public ContinuationPending {
      votes = Map.copyOf(votes);
    }
  }

  /// Answered or over; what became of the answer is not known yet.
  ///
  /// @param revision the last one that was asked about
  record Closed(RequestId id, Scope scope, RequestStatus status, int revision) implements Request {}

  /// Closed, and its outcome is recorded: nothing can happen any more.
  record Settled(Closed closed) implements Request {}
}
