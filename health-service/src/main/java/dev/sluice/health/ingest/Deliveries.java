package dev.sluice.health.ingest;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.health.store.GateStore;
import java.time.Duration;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the rollout-service what it delivers now, each half second while a rollout is open: so that a trip withholds within a second where Kafka is late, and so
/// that silence of the rollout-service ends the lease. Also when it says so: who has paused or aborted a rollout is answered when nothing more is handed out.
public final class Deliveries implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Deliveries.class);
  private static final Duration EVERY = Duration.ofMillis(500);
  private static final Duration LIMIT = Duration.ofSeconds(2);
  private final Asks asks;
  private final Db db;
  private final GateStore store;
  private final Gates gates;
  private final InstantSource clock;
  private final Runnable changed;
  private final Loop loop;
  private boolean away;

  /// @param changed told when replicas have something to learn
  public Deliveries(Asks asks, Db db, GateStore store, Gates gates, InstantSource clock, Runnable changed) {
    this.asks = asks;
    this.db = db;
    this.store = store;
    this.gates = gates;
    this.clock = clock;
    this.changed = changed;
    asks.answer(Ask.Service.HEALTH, Ask.HearDeliveries.class, _ -> {
      var at = clock.instant();
      if (store.heardFirst(db, asks.ask(new Ask.DeliveryNow(), LIMIT).open(), at)) changed.run();
      return new Ask.Done();
    });
    this.loop = new Loop("health-deliveries", EVERY, this::round);
  }

  private boolean round() {
    if (!gates.any()) return false;
    var asked = clock.instant();
    try {
      if (store.heard(db, asks.ask(new Ask.DeliveryNow(), LIMIT).open(), asked)) changed.run();
      if (away) log.atInfo().log("The rollout-service says again what it delivers");
      away = false;
    } catch (Outage e) {
      // not left to the loop, whose pauses grow: a trip right after an outage must withhold as fast as any
      if (!away) log.atWarn().log("The rollout-service does not say what it delivers: {}", e.getMessage());
      away = true;
    }
    return false;
  }

  @Override
  public void close() { loop.close(); }
}
