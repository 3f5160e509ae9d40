package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;

/// Answers what other services ask.
public final class Questions {
  private final Chassis chassis;
  private final RolloutDesk desk;
  private final RolloutStore rollouts;

  public Questions(Chassis chassis, RolloutDesk desk, RolloutStore rollouts) {
    this.chassis = chassis;
    this.desk = desk;
    this.rollouts = rollouts;
  }

  public void answer() {
    chassis.asks().answer(Ask.Service.ROLLOUT, Ask.DeliveryNow.class, _ -> deliveries());
    chassis.asks().answer(Ask.Service.ROLLOUT, Ask.StakesOf.class, this::stakes);
    chassis.asks().answer(Ask.Service.ROLLOUT, Ask.AreYouReady.class, _ -> ready());
  }

  /// The time is taken before the reading: the answer is at least as new as it says.
  private Ask.Deliveries deliveries() {
    var at = chassis.clock().instant();
    return new Ask.Deliveries(at, rollouts.deliveries());
  }

  private Ask.Stakes stakes(Ask.StakesOf ask) {
    var at = chassis.clock().instant();
    return new Ask.Stakes(at, ask.rollouts().stream().flatMap(id -> new Standing(desk.load(id).state()).stake().stream()).toList());
  }

  private Ask.Done ready() {
    var away = chassis.health().away();
    if (!away.isEmpty()) throw new Outage("the rollout-service is not ready: " + away, null);
    return new Ask.Done();
  }
}
