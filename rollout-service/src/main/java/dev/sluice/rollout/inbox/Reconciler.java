package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.store.ReconcilerStore;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;
import java.time.Duration;
import java.time.InstantSource;

/// Makes every lost nudge good: looks at each open rollout that nothing was written of for a tick, and lets it go on from where it stands.
/// A round claims at most `cap`; several replicas share them. A look that fails keeps no other rollout from its own; the next tick tries again.
public final class Reconciler implements Loop.Work {
  private final String replica;
  private final RolloutDesk desk;
  private final RolloutStore rollouts;
  private final ReconcilerStore store;
  private final Starter starter;
  private final InstantSource clock;
  private final Duration tick;
  private final int cap;

  /// @param replica the name of this process among its likes
  public Reconciler(String replica, RolloutDesk desk, RolloutStore rollouts, ReconcilerStore store, Starter starter, InstantSource clock,
      Duration tick, int cap) {
    this.replica = replica;
    this.desk = desk;
    this.rollouts = rollouts;
    this.store = store;
    this.starter = starter;
    this.clock = clock;
    this.tick = tick;
    this.cap = cap;
  }

  @Override
  public boolean round() {
    var now = clock.instant();
    store.ticked(replica, now, tick);
    var due = rollouts.claimDue(now, tick, cap);
    Loop.each(due, "rollout", id -> desk.handle(id, RolloutCommand.Tick::new, "reconciler"));
    // last: a planner-service that does not answer holds up whatever comes after
    Loop.each(due, "rollout", this::start);
    return due.size() == cap;
  }

  private void start(RolloutId id) {
    if (!starter.startIfApproved(id)) throw new Outage("the planner-service does not answer", null);
  }
}
