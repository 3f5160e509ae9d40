package dev.sluice.health.api;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Await;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.health.ingest.Flusher;
import dev.sluice.health.store.FleetView;
import dev.sluice.health.store.ReplicaStore;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.time.InstantSource;

/// What other services ask. A slice with `settle` waits until all that any replica answered before is judged: it asks every replica to flush, and looks until
/// the judged time has passed the time of the ask, also by the clock of a replica that is a little ahead.
final class FleetAsks implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMillis(4_800);
  private static final Duration LOOK = Duration.ofMillis(10);
  /// How far the clocks of two replicas may be apart.
  private static final Duration SKEW = Duration.ofMillis(50);
  private static final int LOOKS_PER_FLUSH = 5;
  private final Chassis chassis;
  private final Vertx vertx;
  private final FleetView view;
  private final ReplicaStore replicas;
  private final InstantSource clock;
  private final String address;
  private final MessageConsumer<?> consumer;

  /// @param address where the replicas ask each other to flush
  FleetAsks(Chassis chassis, FleetView view, ReplicaStore replicas, Flusher flusher, InstantSource clock, String address) {
    this.chassis = chassis;
    this.vertx = chassis.vertx();
    this.view = view;
    this.replicas = replicas;
    this.clock = clock;
    this.address = address;
    this.consumer = vertx.eventBus().consumer(address, _ -> flusher.flushNow());
    Asks asks = chassis.asks();
    asks.answer(Ask.Service.HEALTH, Ask.FleetSlice.class, this::slice);
    asks.answer(Ask.Service.HEALTH, Ask.AreYouReady.class, this::ready);
  }

  private Ask.FleetPage slice(Ask.FleetSlice ask) {
    if (ask.settle()) settle();
    return view.slice(ask);
  }

  private void settle() {
    var asked = clock.instant().plus(SKEW);
    long begun = System.nanoTime();
    for (int looks = 0; replicas.settled().isBefore(asked); looks++) {
      if (looks % LOOKS_PER_FLUSH == 0) vertx.eventBus().publish(address, "");
      if (System.nanoTime() - begun > LIMIT.toNanos())
        throw new Outage("not every replica of the health-service has said what it heard; try again", null);
      Await.pause(LOOK);
    }
  }

  private Ask.Done ready(Ask.AreYouReady ask) {
    if (!chassis.ready()) throw new Outage("the health-service is not ready: " + chassis.health().away(), null);
    return new Ask.Done();
  }

  @Override
  public void close() {
    var _ = consumer.unregister();
  }
}
