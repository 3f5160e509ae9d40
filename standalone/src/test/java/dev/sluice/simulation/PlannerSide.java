package dev.sluice.simulation;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.Basis;
import dev.sluice.planner.domain.PlanCommand;
import dev.sluice.planner.domain.PlanDecider;
import dev.sluice.planner.domain.PlanState;
import dev.sluice.planner.domain.Revision;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// The planner: the real deciders of plans and batches. All that it does with a message is one transaction.
final class PlannerSide extends Service {
  private final Map<String, PlanState.Made> plans = new HashMap<>();
  private final Set<VersionRef> archived = new HashSet<>();
  VersionRef template = World.OLD;
  private String claim;
  private boolean held;
  private Instant reclaimedUntil = Instant.EPOCH;

  PlannerSide(World world) {
    super(world, "planner", Topics.APPROVAL, Topics.ROLLOUT);
  }

  boolean available(VersionRef version) { return !archived.contains(version); }

  /// The rollout that has the pair: an open one, or one that has asked for it to go back.
  String holder() { return held || world.now.isBefore(reclaimedUntil) ? claim : null; }

  /// Somebody asks for a plan: the fleet is read, the pair is taken, the revision is told.
  boolean plan(PlanInputs inputs, VersionRef target) {
    if (holder() != null || !world.health.anyUp()) return false;
    var id = "r" + (plans.size() + 1);
    var basis = new Basis(new RolloutId(id), 1, inputs, target, template, world.policy, false, "ann", world.now, World.INTERVAL);
    var revision = Revision.make(basis, world.health.candidates(target));
    if (!(PlanDecider.decide(new PlanState.Absent(), new PlanCommand.Propose(revision)) instanceof Decision.Accepted<PlanEvent>(var events))
        || events.isEmpty())
      return false;
    world.judge.planned(id);
    world.origins.put(revision.header().planHash(), world.health.wanted());
    claim = id;
    held = true;
    plans.put(id, new PlanState.Made(revision.header(), false, false, true, null, false));
    store.append(Topics.PLAN, id, events, world.now, "ann");
    return true;
  }

  /// The next revision, as a draft; null where there is none.
  PlanHeader draft(PlanHeader plan) {
    var made = plans.get(plan.rolloutId().value());
    var in = plan.inputs();
    var inputs = new PlanInputs(in.templateId(), in.moduleId(), in.targetVersionId(), 1 + world.random.nextInt(100), in.maxBatchSize(),
        in.maxConsecutiveFailures(), in.maxFailedPct(), in.healthTimeoutSec(), in.minHealthySec(), in.canarySize(), in.maxInFlight(),
        in.countAbsent(), in.orderByLabel());
    var basis = new Basis(plan.rolloutId(), plan.revision() + 1, inputs, plan.target(), template, world.policy, false, "bob", world.now,
        World.INTERVAL);
    var revision = Revision.make(basis, world.health.candidates(plan.target()));
    if (!(PlanDecider.decide(made, new PlanCommand.Revise(revision)) instanceof Decision.Accepted<PlanEvent>(var events))) return null;
    world.origins.put(revision.header().planHash(), world.health.wanted());
    store.append(Topics.PLAN, plan.rolloutId().value(), events, world.now, "bob");
    return revision.header();
  }

  /// @return until when the rollout has the pair again; null where another one has it, or was made later
  Instant claimForRollback(String rollout) {
    boolean later = plans.size() > Integer.parseInt(rollout.substring(1));
    if (later || holder() != null && !holder().equals(rollout)) return null;
    claim = rollout;
    reclaimedUntil = world.now.plusSeconds(60);
    return reclaimedUntil;
  }

  @Override
  Work take(Replica replica, Row message) {
    if (!store.fresh(message)) return null;
    switch (message.event()) {
      case ApprovalEvent.PlanRequested e ->
        change(e.plan().rolloutId().value(), m -> made(m.plan(), true, m.opened(), m.open(), m.moved()));
      case ApprovalEvent.Revised e -> change(e.rolloutId().value(), m -> made(e.plan(), m.requested(), m.opened(), m.open(), m.moved()));
      case RolloutEvent.Planned e -> change(e.plan().rolloutId().value(), m -> made(m.plan(), m.requested(), true, m.open(), m.moved()));
      case RolloutEvent.FinishAsked e -> move(message, new PlanCommand.MoveTemplate(template, e.to()));
      case RolloutEvent.BreakerTripped _,RolloutEvent.Paused _ -> move(message, new PlanCommand.UndoMove(template));
      case RolloutEvent.Aborted _ -> {
        move(message, new PlanCommand.UndoMove(template));
        over(message.stream());
      }
      case RolloutEvent.RollbackStarted _ -> {
        if (holder() == null || holder().equals(message.stream())) {
          claim = message.stream();
          held = true;
          reclaimedUntil = Instant.EPOCH;
        }
      }
      case RolloutEvent.Completed _,RolloutEvent.RolledBack _ -> {
        change(message.stream(), m -> made(m.plan(), m.requested(), m.opened(), m.open(), null));
        over(message.stream());
      }
      case RolloutEvent.Rejected _,RolloutEvent.Expired _,RolloutEvent.Cancelled _ -> over(message.stream());
      case RolloutEvent.Released _ -> {
        if (message.stream().equals(claim)) held = false;
      }
      default -> {
        // its course is only shown
      }
    }
    return null;
  }

  private void move(Row message, PlanCommand command) {
    var made = plans.get(message.stream());
    if (!(PlanDecider.decide(made, command) instanceof Decision.Accepted<PlanEvent>(var events))) return;
    for (var event : events)
      if (event instanceof PlanEvent.TemplateMoved moved && !PlanDecider.stands(made, template, moved.to())) {
        var from = template;
        template = moved.to();
        var undoes = PlanDecider.returns(made, command, moved.to())
            ? null
            : new PlanState.Move(from, moved.to());
        change(message.stream(), m -> made(m.plan(), m.requested(), m.opened(), m.open(), undoes));
      }
    store.append(Topics.PLAN, message.stream(), events, world.now, "planner");
  }

  private void over(String rollout) { change(rollout, m -> made(m.plan(), m.requested(), m.opened(), false, m.moved())); }

  private void change(String rollout, java.util.function.UnaryOperator<PlanState.Made> how) {
    plans.computeIfPresent(rollout, (_, m) -> how.apply(m));
  }

  private static PlanState.Made made(PlanHeader plan, boolean requested, boolean opened, boolean open, PlanState.Move moved) {
    return new PlanState.Made(plan, requested, opened, open, moved, false);
  }

  /// Somebody archives what no open rollout needs.
  void archive(VersionRef version) {
    if (holder() == null) archived.add(version);
  }
}
