package dev.sluice.health.ingest;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Loop;
import dev.sluice.health.HealthConfig;
import dev.sluice.health.store.CellStore;
import dev.sluice.health.store.EvidenceStore;
import dev.sluice.health.store.FlushStore;
import dev.sluice.health.store.GateStore;
import dev.sluice.health.store.HandOutStore;
import dev.sluice.health.store.ReplicaStore;
import dev.sluice.health.store.Tally;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// What one replica hears and tells with: its memory, and the loops around it.
public final class Ears implements AutoCloseable {
  private static final long TICK_MS = 100;
  private static final Duration SWEEP = Duration.ofMinutes(10);
  private final Chassis chassis;
  private final String replicaId;
  private final String address;
  private final InstantSource clock;
  private final Meters meters;
  private final ReplicaStore replicas;
  private final Cells cells;
  private final Gates gates = new Gates();
  private final HeartbeatBuffer buffer;
  private final Follower follower;
  private final Settler settler;
  private final Flusher flusher;
  private final HandOut handOut;
  private final Deliveries deliveries;
  private final Teller teller;
  private final Loop sweeper;
  private final Queue<Long> tickers = new ConcurrentLinkedQueue<>();

  /// Joins the replicas of the service: from now on the others wait for what it hears.
  public Ears(Chassis chassis, HealthConfig config) {
    this.chassis = chassis;
    this.replicaId = chassis.ids().next();
    this.address = chassis.config().topicPrefix() + "health.changed";
    this.clock = chassis.clock();
    this.meters = new Meters(chassis.node().metrics(), replicaId);
    var db = chassis.db();
    this.replicas = new ReplicaStore(db);
    var joined = clock.instant();
    this.buffer = new HeartbeatBuffer(clock, joined, config.replicaTtl());
    replicas.join(replicaId, joined, config.replicaTtl());
    buffer.deaf(joined); // also where another one seems to live: it may be the one that was killed a moment ago
    var cellStore = new CellStore(db);
    this.cells = new Cells(cellStore, buffer);
    this.follower = new Follower(chassis.vertx(), address, cellStore, cells, gates);
    this.settler = new Settler(db, chassis.journal(), new EvidenceStore(config.deliveryLease()), replicas, gates,
        config.heartbeatInterval(), config.replicaTtl(),
        meters, follower::nudge);
    this.flusher = new Flusher(replicaId, buffer, new FlushStore(db), replicas, gates, clock, meters, settler::nudge);
    this.handOut = new HandOut(new HandOutStore(db, chassis.journal(), config.deliveryLease()), clock, meters, follower::nudge);
    this.deliveries = new Deliveries(chassis.asks(), db, new GateStore(config.deliveryLease()), gates, clock, follower::nudge);
    this.teller = new Teller(gates, handOut);
    this.sweeper = new Loop("health-sweeper", SWEEP, () -> Tally.sweep(db));
    meters.gauge("sluice.instances.in.memory", cells::size);
  }

  /// Called on each event loop that heartbeats come in on: each ticks for itself, since one may stand still while the others run.
  public void serves() {
    var loop = Vertx.currentContext();
    buffer.awake(loop);
    tickers.add(chassis.vertx().setPeriodic(TICK_MS, _ -> buffer.awake(loop)));
  }

  /// The port is open. From now on it is watched whether this replica stands still.
  public void listens() { buffer.listens(); }

  /// The port closes: what is sent from now on is not heard here.
  public void listensNoMore() {
    tickers.forEach(chassis.vertx()::cancelTimer);
    buffer.deaf(clock.instant());
  }

  public String replicaId() { return replicaId; }

  /// Where the replicas of this service reach each other on the event bus.
  public String address() { return address; }

  public InstantSource clock() { return clock; }

  public Meters meters() { return meters; }

  public Cells cells() { return cells; }

  public HeartbeatBuffer buffer() { return buffer; }

  public Flusher flusher() { return flusher; }

  public Teller teller() { return teller; }

  /// These instances were enrolled or decommissioned: this replica knows it when this returns, the others a moment later.
  public void changed(Collection<String> instanceIds) {
    cells.refresh(instanceIds);
    follower.nudge();
  }

  /// Tells all replicas that something was committed.
  public void nudge() { follower.nudge(); }

  /// Ends the loops; the flusher last, since what was heard must be committed.
  @Override
  public void close() {
    sweeper.close();
    deliveries.close();
    handOut.close();
    follower.close();
    cells.close();
    settler.close();
    flusher.close();
  }
}
