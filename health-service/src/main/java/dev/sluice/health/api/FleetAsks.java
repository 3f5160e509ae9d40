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
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicBoolean;

/// What other services ask, and what people read waits for. A slice with `settle` waits until all that any replica answered before is judged: it asks every
/// replica to flush, and looks until the judged time has passed the time of the ask, also by the clock of a replica that is a little ahead.
final class FleetAsks implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMillis(4_800);
  private static final Duration READERS_LIMIT = Duration.ofSeconds(2);
  private static final Duration LOOK = Duration.ofMillis(10);
  private static final int LOOKS_PER_FLUSH = 2;
  /// How far the clocks of two replicas may be apart.
  private static final Duration SKEW = Duration.ofMillis(50);
  private final Chassis chassis;
  private final Vertx vertx;
  private final FleetView view;
  private final ReplicaStore replicas;
  private final InstantSource clock;
  private final String address;
  private final MessageConsumer<?> consumer;
  private final AtomicBoolean looking = new AtomicBoolean();
  private int looks; // guarded by `looking`
  private volatile Instant judged = Instant.MIN;

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
    if (ask.settle() && !settled(LIMIT))
      throw new Outage("not every replica of the health-service has said what it heard; try again", null);
    return view.slice(ask);
  }

  /// Waits, before the fleet is shown, for what was heard before it was asked for; where a replica does not say it, what is known must do.
  void settle() { settled(READERS_LIMIT); }

  /// However many wait, one looks at a time.
  private boolean settled(Duration limit) {
    var asked = clock.instant().plus(SKEW);
    long begun = System.nanoTime();
    Await.pause(SKEW); // what is flushed before that is not enough
    while (judged.isBefore(asked)) {
      if (System.nanoTime() - begun > limit.toNanos()) return false;
      if (looking.compareAndSet(false, true)) look();
      Await.pause(LOOK);
    }
    return true;
  }

  private void look() {
    try {
      if (looks++ % LOOKS_PER_FLUSH == 0) vertx.eventBus().publish(address, "");
      var through = replicas.settled();
      if (through != null) judged = through;
    } finally {
      looking.set(false);
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
