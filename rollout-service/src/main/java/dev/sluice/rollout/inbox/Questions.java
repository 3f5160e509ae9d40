package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.rollout.store.RolloutStore;

/// Answers what other services ask.
public final class Questions {
  private final Chassis chassis;
  private final RolloutStore rollouts;

  public Questions(Chassis chassis, RolloutStore rollouts) {
    this.chassis = chassis;
    this.rollouts = rollouts;
  }

  public void answer() {
    chassis.asks().answer(Ask.Service.ROLLOUT, Ask.DeliveryNow.class, _ -> deliveries());
    chassis.asks().answer(Ask.Service.ROLLOUT, Ask.AreYouReady.class, _ -> ready());
  }

  /// The time is taken before the reading: the answer is at least as new as it says.
  private Ask.Deliveries deliveries() {
    var at = chassis.clock().instant();
    return new Ask.Deliveries(at, rollouts.deliveries());
  }

  private Ask.Done ready() {
    var away = chassis.health().away();
    if (!away.isEmpty()) throw new Outage("the rollout-service is not ready: " + away, null);
    return new Ask.Done();
  }
}
