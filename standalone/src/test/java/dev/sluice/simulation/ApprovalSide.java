package dev.sluice.simulation;

import dev.sluice.approval.domain.ApprovalCommand;
import dev.sluice.approval.domain.ApprovalDecider;
import dev.sluice.approval.domain.Request;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Choice;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Topics;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The approval-service: the real decider, and people who answer.
final class ApprovalSide extends Service {
  private static final Set<String> ANSWERED = Set.of("decision", "expired");
  private final Desk<Request, ApprovalCommand, ApprovalEvent> desk;

  ApprovalSide(World world) {
    super(world, "approval", Topics.PLAN, Topics.ROLLOUT);
    desk = new Desk<>(Topics.APPROVAL, new ApprovalDecider(), request -> request, (_, rows) -> world.judge.approval(rows));
  }

  @Override
  Work take(Replica replica, Row message) {
    var rollout = new RolloutId(message.stream());
    var command = switch (message.event()) {
      case PlanEvent.RevisionPlanned e when e.plan().revision() == 1 ->
        new ApprovalCommand.RequestPlan(RequestId.ofPlan(rollout), e.plan(), world.policy, world.now);
      case PlanEvent.PlanWithdrawn e -> new ApprovalCommand.Supersede(RequestId.ofPlan(rollout), rollout, "system", e.reason());
      case RolloutEvent.BreakerTripped e ->
        new ApprovalCommand.RequestContinuation(e.requestId(), rollout, e.trip(), world.policy, world.now);
      case RolloutEvent.Approved e -> new ApprovalCommand.Apply(e.requestId());
      case RolloutEvent.Rejected e -> new ApprovalCommand.Apply(e.requestId());
      case RolloutEvent.Expired e -> new ApprovalCommand.Apply(e.requestId());
      case RolloutEvent.ContinuationDecided e -> new ApprovalCommand.Apply(e.requestId());
      case RolloutEvent.Cancelled e -> new ApprovalCommand.Supersede(RequestId.ofPlan(rollout), rollout, e.actor(), e.comment());
      case RolloutEvent.Aborted e when e.requestId() != null && ANSWERED.contains(e.reason()) -> new ApprovalCommand.Apply(e.requestId());
      case RolloutEvent.Aborted e when e.requestId() != null ->
        new ApprovalCommand.Supersede(e.requestId(), rollout, e.actor(), e.comment());
      case RolloutEvent.RollbackStarted e when e.requestId() != null ->
        new ApprovalCommand.Supersede(e.requestId(), rollout, e.actor(), e.comment());
      default -> null;
    };
    return command == null ? null : desk.handle(replica, command.id().value(), _ -> command, "system");
  }

  List<Request> pending() {
    var pending = new ArrayList<Request>();
    for (var stream : store.streams().keySet()) {
      var request = desk.replayed(stream);
      if (request instanceof Request.PlanPending || request instanceof Request.ContinuationPending) pending.add(request);
    }
    return pending;
  }

  /// The sweeper ends what is over.
  void sweep(Replica replica) {
    for (var request : pending())
      replica.wishes
          .add(desk.handle(replica, id(request), _ -> new ApprovalCommand.Expire(new RequestId(id(request)), world.now), "system"));
  }

  static String id(Request request) {
    return switch (request) {
      case Request.PlanPending p -> p.id().value();
      case Request.ContinuationPending p -> p.id().value();
      default -> throw new IllegalArgumentException(request.toString());
    };
  }

  /// One of three people answers a question.
  void answer(Replica replica, Request request) {
    var actor = List.of("ann", "bob", "eve").get(world.random.nextInt(3));
    switch (request) {
      case Request.PlanPending p when world.chaos && world.random.nextInt(12) == 0 ->
        wish(replica, new ApprovalCommand.Reject(p.id(), p.plan().revision(), actor, null, world.now));
      case Request.PlanPending p ->
        wish(replica, new ApprovalCommand.Approve(p.id(), p.plan().revision(), actor, null, world.policy, world.now));
      case Request.ContinuationPending p -> {
        var choice = Choice.values()[world.random.nextInt(Choice.values().length)];
        wish(replica, new ApprovalCommand.Choose(p.id(), 1, choice, actor, null, world.now));
      }
      default -> {
        // nothing to answer
      }
    }
  }

  /// Two steps of two services: a draft, and its adoption. Where it ends between them, the draft counts for nothing.
  void edit(Replica replica, Request.PlanPending p) {
    replica.wishes.add(new Asking<>(world, world.planner, () -> world.planner.draft(p.plan()), draft -> revise(replica, p, draft)));
  }

  private Work revise(Replica replica, Request.PlanPending p, PlanHeader draft) {
    if (draft == null) return null;
    return desk.handle(replica, p.id().value(), _ -> new ApprovalCommand.Revise(p.id(), p.plan().revision(), draft, "bob", world.now),
        "bob");
  }

  private void wish(Replica replica, ApprovalCommand command) {
    replica.wishes.add(desk.handle(replica, command.id().value(), _ -> command, "person"));
  }
}
