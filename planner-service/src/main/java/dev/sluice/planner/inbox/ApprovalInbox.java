package dev.sluice.planner.inbox;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Message;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.planner.store.PlanStore;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hears that people are asked to approve a plan, and that an edit made a draft count.
public final class ApprovalInbox implements Inbox.Handler {
  private static final Logger log = LoggerFactory.getLogger(ApprovalInbox.class);
  private final Db db;
  private final PlanStore plans;

  public ApprovalInbox(Db db, PlanStore plans) {
    this.db = db;
    this.plans = plans;
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages) {
      switch (message.event()) {
        case ApprovalEvent.PlanRequested e -> db.doInTransaction(tx -> plans.requested(tx, e.plan().rolloutId().value()));
        case ApprovalEvent.Revised e -> adopt(e);
        default -> {
          // the rest is no concern of plans
        }
      }
    }
  }

  private void adopt(ApprovalEvent.Revised e) {
    var rollout = e.rolloutId().value();
    boolean known = db.inTransaction(tx -> {
      if (!plans.adopt(tx, rollout, e.plan().revision(), e.plan().planHash())) return false;
      plans.adopted(tx, e.plan());
      return true;
    });
    if (known) log.atInfo().addKeyValue("rollout", rollout).addKeyValue("revision", e.plan().revision()).log("Revision counts");
    else
      log.atWarn().addKeyValue("rollout", rollout).addKeyValue("revision", e.plan().revision())
          .log("A revision counts that was never drafted here");
  }
}
