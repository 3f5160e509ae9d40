package dev.sluice.approval.inbox;

import dev.sluice.contract.RequestId;
import dev.sluice.approval.domain.ApprovalCommand.RequestPlan;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.approval.store.PolicyStore;
import dev.sluice.approval.store.RequestDesk;
import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanEvent.MembersPlanned;
import dev.sluice.contract.PlanEvent.PlanWithdrawn;
import dev.sluice.contract.PlanEvent.RevisionPlanned;
import dev.sluice.contract.PlanEvent.TemplateMoved;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PolicyView;
import java.time.InstantSource;
import java.util.List;

/// Reads `sluice.plan`: a first revision is asked of people, a withdrawn plan of nobody. Later revisions are drafts until an edit adopts them.
public final class PlanInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(PlanEvent.class);
  private final RequestDesk desk;
  private final PolicyStore policies;
  private final InstantSource clock;

  public PlanInbox(RequestDesk desk, PolicyStore policies, InstantSource clock) {
    this.desk = desk;
    this.policies = policies;
    this.clock = clock;
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages)
      message.traced(() -> take((PlanEvent) message.event()));
  }

  private void take(PlanEvent event) {
    switch (event) {
      case RevisionPlanned e when e.plan().revision() == 1 -> ask(e.plan());
      case PlanWithdrawn e -> desk.handle(new Supersede(RequestId.ofPlan(e.rolloutId()), e.rolloutId(), "system", e.reason()), "system");
      case RevisionPlanned _,MembersPlanned _,TemplateMoved _ -> {
        // drafts and what others need
      }
    }
  }

  private void ask(PlanHeader plan) {
    var now = policies.applying(PolicyView.ROLLING_UPGRADE, plan.inputs().templateId());
    desk.handle(new RequestPlan(RequestId.ofPlan(plan.rolloutId()), plan, now, clock.instant()), plan.madeBy());
  }
}
