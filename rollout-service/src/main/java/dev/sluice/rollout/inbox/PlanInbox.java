package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanEvent.MembersPlanned;
import dev.sluice.contract.PlanEvent.PlanWithdrawn;
import dev.sluice.contract.PlanEvent.RevisionPlanned;
import dev.sluice.contract.PlanEvent.TemplateMoved;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.store.RosterStore;
import dev.sluice.rollout.store.RolloutDesk;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Reads `sluice.plan`: keeps members, opens rollouts, hears that a template was moved. A later revision is only a draft until the approval-service adopts it.
public final class PlanInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(PlanEvent.class);
  private static final String PLANNER = "planner";
  private final RolloutDesk desk;
  private final RosterStore rosters;
  private final Starter starter;

  public PlanInbox(RolloutDesk desk, RosterStore rosters, Starter starter) {
    this.desk = desk;
    this.rosters = rosters;
    this.starter = starter;
  }

  @Override
  public void handle(List<Message> messages) {
    var membersOf = new LinkedHashSet<RolloutId>();
    for (var message : messages)
      message.traced(() -> take(message, membersOf));
    // an approval may have come before the members
    membersOf.forEach(starter::startIfApproved);
  }

  private void take(Message message, Set<RolloutId> membersOf) {
    var heard = List.of(message);
    switch ((PlanEvent) message.event()) {
      case MembersPlanned e -> {
        rosters.keep(e);
        membersOf.add(e.rolloutId());
      }
      case RevisionPlanned e when e.plan().revision() == 1 ->
        desk.handle(e.rolloutId(), heard, now -> new RolloutCommand.Open(now, e.plan()), e.plan().madeBy());
      case RevisionPlanned _ -> {
        // a draft
      }
      case PlanWithdrawn e -> desk.handle(e.rolloutId(), heard, now -> new RolloutCommand.Withdraw(now, e.reason()), PLANNER);
      case TemplateMoved e -> desk.handle(e.rolloutId(), heard, now -> new RolloutCommand.TemplateMoved(now, e.to()), PLANNER);
    }
  }
}
