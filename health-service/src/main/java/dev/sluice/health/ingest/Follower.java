package dev.sluice.health.ingest;

import dev.sluice.chassis.Loop;
import dev.sluice.health.store.CellStore;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/// Keeps a replica's memory up with the database: a look each 250 ms, and at once when another replica says that something changed. A lost nudge costs 250 ms.
public final class Follower implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(250);
  private final Vertx vertx;
  private final String address;
  private final CellStore store;
  private final Cells cells;
  private final Gates gates;
  private final MessageConsumer<?> consumer;
  private final Loop loop;
  /// Who is to be told, also after a look that failed half-way.
  private final Set<Cell> changed = new LinkedHashSet<>();
  private String horizon;

  /// Blocks.
  ///
  /// @param address where the replicas of one service nudge each other
  public Follower(Vertx vertx, String address, CellStore store, Cells cells, Gates gates) {
    this.vertx = vertx;
    this.address = address;
    this.store = store;
    this.cells = cells;
    this.gates = gates;
    // before anything is read into memory: what is written after that is not passed over
    this.horizon = store.since(null).horizon();
    this.loop = new Loop("health-follower", EVERY, this::look);
    this.consumer = vertx.eventBus().consumer(address, _ -> loop.nudge());
  }

  /// Tells all replicas, this one too, that something was committed.
  public void nudge() { vertx.eventBus().publish(address, ""); }

  private boolean look() {
    var seen = store.since(horizon);
    if (seen.credentials()) for (var row : store.credentialsSince(horizon))
      cells.learn(row).ifPresent(changed::add);
    if (seen.assigned()) for (var row : store.assignedSince(horizon))
      cells.find(row.instanceId()).ifPresent(cell -> {
        if (cell.learn(row.assigned())) changed.add(cell);
      });
    horizon = seen.horizon();
    if (gates.replace(store.gates())) for (var cell : cells.all())
      if (cell.listenedTo()) changed.add(cell);
    changed.forEach(Cell::changed);
    changed.clear();
    return false;
  }

  @Override
  public void close() {
    var _ = consumer.unregister();
    loop.close();
  }
}
