package dev.sluice.health.ingest;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.health.store.GateStore;
import java.time.Duration;

/// Asks the rollout-service what it delivers now, each half second while a rollout is open: so that a trip withholds within a second where Kafka is late, and so
/// that silence of the rollout-service ends the lease.
public final class Deliveries implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(500);
  private static final Duration LIMIT = Duration.ofSeconds(2);
  private final Asks asks;
  private final Db db;
  private final GateStore store;
  private final Gates gates;
  private final ServerClock clock;
  private final Runnable changed;
  private final Loop loop;

  /// @param changed told when replicas have something to learn
  public Deliveries(Asks asks, Db db, GateStore store, Gates gates, ServerClock clock, Runnable changed) {
    this.asks = asks;
    this.db = db;
    this.store = store;
    this.gates = gates;
    this.clock = clock;
    this.changed = changed;
    this.loop = new Loop("health-deliveries", EVERY, this::round);
  }

  private boolean round() {
    if (!gates.any()) return false;
    var asked = clock.instant();
    Ask.Deliveries answer;
    try {
      answer = asks.ask(new Ask.DeliveryNow(), LIMIT);
    } catch (ProblemException e) {
      throw new Outage("the rollout-service does not say what it delivers: " + e.problem().detail(), e);
    }
    if (store.heard(db, answer.open(), asked)) changed.run();
    return false;
  }

  @Override
  public void close() { loop.close(); }
}
