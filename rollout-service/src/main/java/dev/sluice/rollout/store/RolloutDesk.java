package dev.sluice.rollout.store;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Kinds;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutDecider;
import dev.sluice.rollout.domain.Standing;
import java.time.Duration;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where commands meet rollouts. Blocks; call on virtual threads.
public final class RolloutDesk {
  private static final Logger log = LoggerFactory.getLogger(RolloutDesk.class);
  private final Chassis chassis;
  private final RosterStore rosters;
  private final ReconcilerStore reconciler;
  private final Desk<Rollout, RolloutCommand, RolloutEvent> desk;

  /// @param tick how long a rollout that was just written is left alone by the reconciler
  public RolloutDesk(Chassis chassis, RosterStore rosters, ReconcilerStore reconciler, Duration tick) {
    this.chassis = chassis;
    this.rosters = rosters;
    this.reconciler = reconciler;
    desk = new Desk<>(chassis.db(), chassis.journal(), chassis.clock(), new RolloutDecider(), new Desk.Stream<>(Topics.ROLLOUT,
        new Kinds(RolloutEvent.class), (stream, _) -> stream, RolloutDesk::scope, new RolloutRows(tick), this::withRoster));
  }

  private static Scope scope(Rollout rollout) {
    var plan = rollout.plan();
    return plan == null ? Scope.NONE : new Scope(plan.rolloutId(), plan.inputs().templateId(), plan.inputs().moduleId());
  }

  private Rollout withRoster(Rollout rollout) {
    if (rollout.plan() == null || rollout.roster() != null || !new Standing(rollout).needsRoster()) return rollout;
    return rosters.of(rollout.plan()).map(rollout::with).orElse(rollout);
  }

  /// A rollout as it stands, with the end of its stream.
  public Desk.Loaded<Rollout> load(RolloutId id) { return desk.load(id.value()); }

  /// Does a command; a repeated one changes nothing.
  ///
  /// @param command made with the time and whether the reconciler is paused
  public Desk.Outcome<Rollout, RolloutEvent> handle(RolloutId id, Function<RolloutCommand.Now, RolloutCommand> command, String actor) {
    var outcome = desk.handle(id.value(), (Rollout rollout) -> command.apply(now(rollout)), actor);
    if (outcome instanceof Desk.Done<Rollout, RolloutEvent> done) for (var event : done.events())
      tell(id, event);
    return outcome;
  }

  private RolloutCommand.Now now(Rollout rollout) {
    var plan = rollout.plan();
    return new RolloutCommand.Now(chassis.clock().instant(), plan != null && reconciler.paused(plan.inputs().templateId()));
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
