package dev.sluice.simulation;

import dev.sluice.contract.Choice;
import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutDecider;
import dev.sluice.rollout.domain.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/// Bugs that are planted to see whether they are found.
final class Bugs {
  private Bugs() {}

  /// The next batch starts with the first verdict of the one before it.
  static final Decider<Rollout, RolloutCommand, RolloutEvent> GATE_OPENS_EARLY = with((rollout, events) -> {
    var standing = new Standing(rollout);
    boolean early = events.size() == 1 && events.getFirst() instanceof RolloutEvent.VerdictsRecorded
        && standing.state() == RolloutState.RUNNING
        && standing.batchOpen() && standing.currentBatch().orElseThrow() + 1 < rollout.plan().slices().count();
    if (!early) return events;
    int next = standing.currentBatch().orElseThrow() + 1;
    return List.of(events.getFirst(), new RolloutEvent.BatchStarted(next, rollout.plan().slices().sizeOf(next)));
  });

  static final Decider<Rollout, RolloutCommand, RolloutEvent> TRIPS_TWICE = with((_, events) -> {
    var all = new ArrayList<RolloutEvent>();
    for (var event : events) {
      all.add(event);
      if (event instanceof RolloutEvent.BreakerTripped) all.add(event);
    }
    return all;
  });

  /// Everybody goes back to where the first member came from.
  static final Decider<Rollout, RolloutCommand, RolloutEvent> WRONG_VERSION_BACK = with((rollout, events) -> events.stream()
      .map(event -> event instanceof RolloutEvent.InstancesInstructed e && e.purpose() == Purpose.ROLLBACK ? sameForAll(rollout, e) : event)
      .toList());

  private static RolloutEvent sameForAll(Rollout rollout, RolloutEvent.InstancesInstructed e) {
    var first = rollout.plan().origins().getFirst();
    return new RolloutEvent.InstancesInstructed(e.batchIndex(), e.purpose(), e.moduleId(), e.versions().stream().map(_ -> first).toList(),
        e.instructions(), e.healthTimeoutSec(), e.minHealthySec());
  }

  /// A process that was started again counts failures from nothing.
  static Object forgetsTheStreak(Object state) {
    if (!(state instanceof Rollout rollout) || !new Standing(rollout).exists()) return state;
    if (new Standing(rollout).state() != RolloutState.RUNNING) return state;
    return new RolloutDecider().evolve(rollout,
        new RolloutEvent.ContinuationDecided(new RequestId("none"), Choice.CONTINUE_ANYWAY, "nobody", null));
  }

  private static Decider<Rollout, RolloutCommand, RolloutEvent> with(BiFunction<Rollout, List<RolloutEvent>, List<RolloutEvent>> bug) {
    var real = new RolloutDecider();
    return new Decider<>() {
      @Override
      public Rollout initial() { return real.initial(); }

      @Override
      public Decision<RolloutEvent> decide(Rollout rollout, RolloutCommand command) {
        return real.decide(rollout, command) instanceof Decision.Accepted<RolloutEvent>(var events)
            ? Decision.accepted(bug.apply(rollout, events))
            : real.decide(rollout, command);
      }

      @Override
      public Rollout evolve(Rollout rollout, RolloutEvent event) { return real.evolve(rollout, event); }
    };
  }
}
