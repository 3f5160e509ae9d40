package dev.sluice.rollout.store;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutCommand.Evidence;
import dev.sluice.rollout.domain.RolloutCommand.Now;
import dev.sluice.rollout.domain.RolloutDecider;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where commands meet rollouts. Blocks; call on virtual threads.
public final class RolloutDesk {
  private static final Logger log = LoggerFactory.getLogger(RolloutDesk.class);
  private final Chassis chassis;
  private final ReconcilerStore reconciler;
  private final Desk<Rollout, RolloutCommand, RolloutEvent> desk;

  /// @param tick how long a rollout that was just written is left alone by the reconciler
  public RolloutDesk(Chassis chassis, RosterStore rosters, ReconcilerStore reconciler, Duration tick) {
    this.chassis = chassis;
    this.reconciler = reconciler;
    desk = new Desk<>(chassis.db(), chassis.journal(), chassis.clock(), new RolloutDecider(), new Desk.Stream<>(Topics.ROLLOUT,
        new Kinds(RolloutEvent.class), (stream, _) -> stream, RolloutDesk::scope, new RolloutRows(tick, reconciler),
        rollout -> rollout.with(rosters::of)));
  }

  private static Scope scope(Rollout rollout) {
    var plan = rollout.plan();
    return plan == null ? Scope.NONE : new Scope(plan.rolloutId(), plan.inputs().templateId(), plan.inputs().moduleId());
  }

  /// A rollout as it stands, with the end of its stream.
  public Desk.Loaded<Rollout> load(RolloutId id) { return desk.load(id.value()); }

  /// Does a command of a person at this service, or of the clock; a repeated one changes nothing.
  ///
  /// @param command made with the time and whether the reconciler is paused
  public Desk.Outcome<Rollout, RolloutEvent> handle(RolloutId id, Function<Now, RolloutCommand> command, String actor) {
    return handle(id, List.of(), command, actor);
  }

  /// Does a command that follows from facts of another service.
  ///
  /// @param heard the facts, in order
  public Desk.Outcome<Rollout, RolloutEvent> handle(RolloutId id, List<Message> heard, Function<Now, RolloutCommand> command,
      String actor) {
    var evidence = evidence(heard);
    var outcome = desk.handle(id.value(), (Rollout rollout) -> command.apply(now(rollout, evidence)), actor);
    if (outcome instanceof Desk.Done<Rollout, RolloutEvent> done) for (var event : done.events())
      tell(id, event);
    return outcome;
  }

  private Now now(Rollout rollout, List<Evidence> evidence) {
    var plan = rollout.plan();
    return new Now(chassis.clock().instant(), plan != null && reconciler.paused(plan.inputs().templateId()), evidence);
  }

  private static List<Evidence> evidence(List<Message> heard) {
    var streams = new LinkedHashMap<String, Evidence>();
    for (var m : heard)
      streams.merge(m.stream() + " " + m.epoch(), new Evidence(m.topic(), m.stream(), m.epoch(), m.seq(), m.seq()),
          (one, next) -> new Evidence(one.topic(), one.stream(), one.epoch(), one.fromSeq(), next.toSeq()));
    return List.copyOf(streams.values());
  }

  private static void tell(RolloutId id, RolloutEvent event) {
    var line = switch (event) {
      case RolloutEvent.BreakerTripped _ -> log.atWarn();
      case RolloutEvent.HandedOutRecorded _,RolloutEvent.VerdictsRecorded _,RolloutEvent.RollbackVerdictsRecorded _,RolloutEvent.WithdrawalsAsked _,RolloutEvent.WithdrawalsRecorded _,RolloutEvent.InstancesInstructed _,RolloutEvent.LateHealthyRecorded _ ->
        log.atDebug();
      default -> log.atInfo();
    };
    line = line.addKeyValue("rollout", id);
    line = switch (event) {
      case RolloutEvent.BatchStarted e -> line.addKeyValue("batch", e.batchIndex()).addKeyValue("instances", e.instanceCount());
      case RolloutEvent.BatchCompleted e -> line.addKeyValue("batch", e.batchIndex()).addKeyValue("failed", e.failedCount());
      case RolloutEvent.RollbackBatchStarted e -> line.addKeyValue("batch", e.batchIndex()).addKeyValue("instances", e.instanceCount());
      case RolloutEvent.RollbackBatchEnded e -> line.addKeyValue("batch", e.batchIndex());
      case RolloutEvent.BreakerTripped e -> line.addKeyValue("batch", e.trip().batchIndex()).addKeyValue("reason", e.trip().reason());
      case RolloutEvent.Aborted e -> line.addKeyValue("reason", e.reason()).addKeyValue("actor", e.actor());
      default -> line;
    };
    line.log("Rollout: {}", Kinds.name(event.getClass()).replace('_', ' '));
  }
}
