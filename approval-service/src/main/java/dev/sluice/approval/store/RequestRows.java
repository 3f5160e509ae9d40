package dev.sluice.approval.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.contract.Words;
import dev.sluice.contract.RequestId;
import dev.sluice.approval.domain.ApprovalCommand;
import dev.sluice.approval.domain.ApprovalDecider;
import dev.sluice.approval.domain.Request;
import dev.sluice.approval.domain.RequestStatus;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Json;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.ApprovalEvent.ContinuationDecided;
import dev.sluice.contract.ApprovalEvent.ContinuationRequested;
import dev.sluice.contract.ApprovalEvent.OutcomeRecorded;
import dev.sluice.contract.ApprovalEvent.PlanApproved;
import dev.sluice.contract.ApprovalEvent.PlanRejected;
import dev.sluice.contract.ApprovalEvent.PlanRequested;
import dev.sluice.contract.ApprovalEvent.PolicyChanged;
import dev.sluice.contract.ApprovalEvent.ProceededWithoutApproval;
import dev.sluice.contract.ApprovalEvent.RequestCancelled;
import dev.sluice.contract.ApprovalEvent.RequestExpired;
import dev.sluice.contract.ApprovalEvent.Revised;
import dev.sluice.contract.ApprovalEvent.Voted;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RequestType;
import java.time.OffsetDateTime;

/// Keeps the rows of requests, revisions and votes, in the append's transaction.
final class RequestRows implements Desk.View<Request, ApprovalCommand, ApprovalEvent> {
  /// Who asks after a trip, and who ends a life.
  private static final String SYSTEM = "system";

  @Override
  public void apply(Db.Tx tx, Desk.Change<Request, ApprovalCommand, ApprovalEvent> change) {
    for (var event : change.events())
      apply(tx, event, time(change.at()));
  }

  private static void apply(Db.Tx tx, ApprovalEvent event, OffsetDateTime at) {
    switch (event) {
      case PlanRequested e -> asked(tx, e, at);
      case ContinuationRequested e -> {
        tx.query(INSERT, e.requestId().value(), Words.of(RequestType.ROLLING_UPGRADE_CONTINUATION), e.rolloutId().value(),
            null, null, ApprovalDecider.CONTINUATION_REVISION, SYSTEM, e.requiredApprovals(), Json.text(e.trip()), at, time(e.expiresAt()));
        tx.query(SCOPE, e.requestId().value(), RequestId.ofPlan(e.rolloutId()).value());
      }
      case Voted e -> {
        tx.query(MOVE_VOTE, e.requestId().value(), e.actor());
        vote(tx, e.requestId().value(), e.revision(), e.decision(), e.actor(), e.comment(), at);
      }
      case Revised e -> revised(tx, e);
      case PlanApproved e -> {
        if (e.approvers().isEmpty()) vote(tx, e.requestId().value(), e.revision(), "approve", e.actor(), e.comment(), at);
        close(tx, e.requestId().value(), RequestStatus.APPROVED, "approve", e.actor(), e.comment(), at);
      }
      case PlanRejected e -> close(tx, e.requestId().value(), RequestStatus.REJECTED, "reject", e.actor(), e.comment(), at);
      case RequestExpired e -> close(tx, e.requestId().value(), RequestStatus.EXPIRED, null, SYSTEM, null, at);
      case RequestCancelled e -> close(tx, e.requestId().value(), RequestStatus.CANCELLED, null, e.actor(), e.comment(), at);
      case ContinuationDecided e ->
        close(tx, e.requestId().value(), RequestStatus.APPROVED, Words.of(e.choice()), e.actor(), e.comment(), at);
      case OutcomeRecorded e -> tx.query(OUTCOME, e.requestId().value(), e.outcome());
      case ProceededWithoutApproval _,PolicyChanged _ -> {
        // told, not kept
      }
    }
  }

  private static final String INSERT = """
      insert into approval_request (id, type, status, rollout_id, template_id, module_id, revision, requested_by, required_approvals, trip,
                                    created_at, expires_at, sweep_at)
      values ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
      """;

  /// A continuation is about the template and the module of its plan.
  private static final String SCOPE = """
      update approval_request r set template_id = plan.template_id, module_id = plan.module_id from approval_request plan where r.id = $1 and plan.id = $2
      """;

  private static void asked(Db.Tx tx, PlanRequested e, OffsetDateTime at) {
    var plan = e.plan();
    tx.query(INSERT, e.requestId().value(), Words.of(RequestType.ROLLING_UPGRADE_PLAN), plan.rolloutId().value(),
        plan.inputs().templateId().value(),
        plan.inputs().moduleId().value(), plan.revision(), plan.madeBy(), plan.policy().requiredApprovals(), null, at, time(e.expiresAt()));
    revision(tx, e.requestId().value(), plan);
  }

  private static final String REVISE = """
      update approval_request set revision = $2, required_approvals = $3, expires_at = $4, sweep_at = $4 where id = $1
      """;
  private static final String VOTES_FALL = "update approval_vote set counts = false where request_id = $1 and counts";

  private static void revised(Db.Tx tx, Revised e) {
    var plan = e.plan();
    tx.query(REVISE, e.requestId().value(), plan.revision(), plan.policy().requiredApprovals(), time(e.expiresAt()));
    tx.query(VOTES_FALL, e.requestId().value());
    revision(tx, e.requestId().value(), plan);
  }

  private static final String REVISION = "insert into approval_revision (request_id, revision, plan) values ($1, $2, $3)";

  private static void revision(Db.Tx tx, String request, PlanHeader plan) { tx.query(REVISION, request, plan.revision(), Json.text(plan)); }

  private static final String MOVE_VOTE = "update approval_vote set counts = false where request_id = $1 and actor = $2 and counts";
  private static final String VOTE = """
      insert into approval_vote (request_id, revision, decision, actor, comment, at, counts) values ($1, $2, $3, $4, $5, $6, true)
      """;

  private static void vote(Db.Tx tx, String request, int revision, String decision, String actor, String comment, OffsetDateTime at) {
    tx.query(VOTE, request, revision, decision, actor, comment, at);
  }

  private static final String CLOSE = """
      update approval_request set status = $2, decision = $3, decided_by = $4, comment = $5, decided_at = $6 where id = $1
      """;

  private static void close(Db.Tx tx, String request, RequestStatus status, String decision, String actor, String comment,
      OffsetDateTime at) {
    tx.query(CLOSE, request, Words.of(status), decision, actor, comment, at);
  }

  private static final String OUTCOME = "update approval_request set outcome = $2 where id = $1";
}
