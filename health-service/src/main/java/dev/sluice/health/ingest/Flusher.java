package dev.sluice.health.ingest;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Loop;
import dev.sluice.health.store.FlushStore;
import dev.sluice.health.store.FlushStore.Flush;
import dev.sluice.health.store.ReplicaStore;
import java.time.Duration;
import java.time.InstantSource;

/// Commits what this replica hears: at once where something waits for it, else each half second; with open rollouts each 50 ms also when there is nothing, so that
/// the others need not wait for this replica. Urgent flushes come at most each 10 ms, so that many heartbeats share one.
public final class Flusher implements AutoCloseable {
  private static final Duration TICK = Duration.ofMillis(50);
  private static final Duration SPACING = Duration.ofMillis(10);
  private static final Duration UNHURRIED = Duration.ofMillis(500);
  private final String replicaId;
  private final HeartbeatBuffer buffer;
  private final FlushStore store;
  private final ReplicaStore replicas;
  private final Gates gates;
  private final InstantSource clock;
  private final Meters meters;
  private final Runnable settle;
  private final Loop loop;
  private HeartbeatBuffer.Drain carried;
  private long lastNanos;
  private volatile boolean asked;

  /// @param settle told when there may be something to judge
  public Flusher(String replicaId, HeartbeatBuffer buffer, FlushStore store, ReplicaStore replicas, Gates gates, InstantSource clock,
      Meters meters, Runnable settle) {
    this.replicaId = replicaId;
    this.buffer = buffer;
    this.store = store;
    this.replicas = replicas;
    this.gates = gates;
    this.clock = clock;
    this.meters = meters;
    this.settle = settle;
    meters.gauge("sluice.heartbeats.buffered", buffer::size);
    this.loop = new Loop("health-flusher", TICK, this::round);
  }

  /// Something urgent waits.
  public void nudge() { loop.nudge(); }

  /// Asks for a flush now, even of nothing.
  public void flushNow() {
    asked = true;
    loop.nudge();
  }

  private boolean round() {
    var since = Duration.ofNanos(System.nanoTime() - lastNanos);
    boolean hurry = asked || buffer.urgent() || gates.any() || carried != null;
    if (!hurry && since.compareTo(UNHURRIED) < 0) return false;
    if (since.compareTo(SPACING) < 0) Await.pause(SPACING.minus(since));
    lastNanos = System.nanoTime();
    boolean wanted = asked;
    asked = false;
    if (flush() > 0 || wanted) settle.run();
    return buffer.urgent();
  }

  /// @return how many heartbeats now wait to be judged
  private int flush() {
    if (carried == null) carried = buffer.drain();
    var drain = carried;
    long begun = System.nanoTime();
    int evidence = store.write(new Flush(replicaId, drain.waiting(), drain.through(), drain.missed()));
    meters.flush.record(Duration.ofNanos(System.nanoTime() - begun));
    for (var missed : drain.missed())
      meters.deafSeconds.increment(Duration.between(missed.from(), missed.to()).toMillis() / 1000.0);
    buffer.committed(drain);
    carried = null;
    return evidence;
  }

  /// The last flush: what was heard is committed, and the others need not wait for this replica any more.
  @Override
  public void close() {
    loop.close();
    flush();
    if (buffer.size() > 0) flush();
    replicas.leave(replicaId, clock.instant());
  }
}
