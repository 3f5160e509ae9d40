package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.ApprovalEvent.ContinuationDecided;
import dev.sluice.contract.ApprovalEvent.PlanApproved;
import dev.sluice.contract.ApprovalEvent.PlanRejected;
import dev.sluice.contract.ApprovalEvent.PlanRequested;
import dev.sluice.contract.ApprovalEvent.RequestExpired;
import dev.sluice.contract.ApprovalEvent.Revised;
import dev.sluice.contract.Choice;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.VersionId;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutCommand.Approve;
import dev.sluice.rollout.domain.RolloutCommand.Choose;
import dev.sluice.rollout.domain.RolloutCommand.Edit;
import dev.sluice.rollout.domain.RolloutCommand.Expire;
import dev.sluice.rollout.domain.RolloutCommand.ExpireContinuation;
import dev.sluice.rollout.domain.RolloutCommand.Open;
import dev.sluice.rollout.domain.RolloutCommand.Reject;
import dev.sluice.rollout.store.RolloutDesk;
import java.util.List;

/// Reads `sluice.approval`: what people decided. It may be ahead of `sluice.plan`, so the asked plan opens the rollout too.
public final class ApprovalInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(ApprovalEvent.class);
  private static final String SYSTEM = "system";
  private final RolloutDesk desk;
  private final Starter starter;
  private final Versions versions;

  public ApprovalInbox(RolloutDesk desk, Starter starter, Versions versions) {
    this.desk = desk;
    this.starter = starter;
    this.versions = versions;
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages)
      message.traced(() -> take(message));
  }

  private void take(Message message) {
    var heard = List.of(message);
    switch ((ApprovalEvent) message.event()) {
      case PlanRequested e -> desk.handle(e.plan().rolloutId(), heard, now -> new Open(now, e.plan()), e.plan().madeBy());
      case Revised e -> desk.handle(e.rolloutId(), heard, now -> new Edit(now, e.plan(), e.actor()), e.actor());
      case PlanApproved e -> {
        desk.handle(e.rolloutId(), heard, now -> new Approve(now, e.requestId(), e.revision(), e.actor(), e.comment()), e.actor());
        starter.startIfApproved(e.rolloutId());
      }
      case PlanRejected e -> desk.handle(e.rolloutId(), heard, now -> new Reject(now, e.requestId(), e.actor(), e.comment()), e.actor());
      case RequestExpired e -> desk.handle(e.rolloutId(), heard, now -> expired(e, now), SYSTEM);
      case ContinuationDecided e -> {
        var unavailable = unavailable(e);
        desk.handle(e.rolloutId(), heard, now -> new Choose(now, e.requestId(), e.choice(), e.actor(), e.comment(), unavailable),
            e.actor());
      }
      default -> {
        // votes, policies and what this service told itself
      }
    }
  }

  private static RolloutCommand expired(RequestExpired e, RolloutCommand.Now now) {
    return e.type() == RequestType.ROLLING_UPGRADE_PLAN ? new Expire(now, e.requestId()) : new ExpireContinuation(now, e.requestId());
  }

  private List<VersionId> unavailable(ContinuationDecided e) {
    var plan = desk.load(e.rolloutId()).state().plan();
    return plan == null || e.choice() != Choice.ROLLBACK_COMPLETED_BATCHES ? List.of() : versions.unavailableOriginsOfOpen(plan);
  }
}
