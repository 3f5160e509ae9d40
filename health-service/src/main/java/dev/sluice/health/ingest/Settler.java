package dev.sluice.health.ingest;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Loop;
import dev.sluice.health.domain.Hearing;
import dev.sluice.health.store.EvidenceStore;
import dev.sluice.health.store.EvidenceStore.EvidenceRow;
import dev.sluice.health.store.ReplicaStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Judges what all replicas heard. One replica does it at a time; whoever is first.
///
/// Its steps, in one transaction: find the horizon, which is the time through which every living replica has flushed; take the evidence that was received before it,
/// in the order of receipt, with the attempts whose time has come and the instances that fell quiet; let the gate say what follows; write the rows, the counters and
/// the reports. Its promise: what is judged at a time is judged on all that was received before that time, whichever replica received it, and once.
public final class Settler implements AutoCloseable {
  private static final Duration TICK = Duration.ofMillis(50);
  private static final Duration IDLE = Duration.ofMillis(500);
  private static final Duration DEAF_KEPT = Duration.ofDays(8);
  private static final int EVIDENCE = 10_000;
  private static final int INSTANCES = 5_000;
  private final Db db;
  private final Journal journal;
  private final EvidenceStore store;
  private final ReplicaStore replicas;
  private final Gates gates;
  private final Duration interval;
  private final Duration ttl;
  private final Meters meters;
  private final Runnable changed;
  private final Loop loop;
  private volatile boolean asked;
  private long lastNanos;
  private long listenedNanos;

  /// @param interval between heartbeats
  /// @param changed  told when replicas have something to learn
  public Settler(Db db, Journal journal, EvidenceStore store, ReplicaStore replicas, Gates gates, Duration interval, Duration ttl,
      Meters meters, Runnable changed) {
    this.db = db;
    this.journal = journal;
    this.store = store;
    this.replicas = replicas;
    this.gates = gates;
    this.interval = interval;
    this.ttl = ttl;
    this.meters = meters;
    this.changed = changed;
    this.loop = new Loop("health-settler", TICK, this::round);
  }

  /// There may be something to judge.
  public void nudge() {
    asked = true;
    loop.nudge();
  }

  /// @param told whether something stands in the journal
  /// @param news whether replicas have something to learn
  /// @param more whether there is more to judge right now
  /// @param here whether this replica has judged, and no other one does just now
  private record Done(boolean told, boolean news, boolean more, boolean here) {
    static final Done NOTHING = new Done(false, false, false, true);
    static final Done ELSEWHERE = new Done(false, false, false, false);
  }

  private boolean round() {
    long nanos = System.nanoTime();
    boolean rests = nanos - lastNanos < IDLE.toNanos();
    if (!asked && rests && !(gates.any() && store.waits(db))) return false;
    asked = false;
    lastNanos = nanos;
    boolean listen = nanos - listenedNanos > listening().toNanos();
    var done = db.inTransaction(tx -> settle(tx, listen));
    if (listen && done.here) listenedNanos = nanos;
    if (done.told) journal.nudge();
    if (done.news) changed.run();
    return done.more;
  }

  /// How often quiet instances are looked for: six times in an interval, within 200 ms to 5 s.
  private Duration listening() {
    long millis = Math.clamp(interval.toMillis() / 6, 200, 5_000);
    return Duration.ofMillis(millis);
  }

  private Done settle(Db.Tx tx, boolean listen) {
    if (!tx.tryLock(ReplicaStore.SETTLE)) return Done.ELSEWHERE;
    var horizon = replicas.horizon(tx, ttl);
    if (horizon == null) return Done.NOTHING;
    var taken = store.take(tx, horizon, EVIDENCE);
    var evidence = taken.rows();
    // where that is only the oldest part, time has come as far as its end
    var now = taken.through() == null ? horizon : taken.through();
    var ids = new TreeSet<String>();
    evidence.forEach(e -> ids.add(e.instanceId()));
    var due = store.due(tx, now, INSTANCES);
    ids.addAll(due);
    Hearing hearing = null;
    int quiet = 0;
    if (listen || !ids.isEmpty()) hearing = new Hearing(interval, store.deaf(tx, now.minus(DEAF_KEPT)));
    if (listen) {
      var found = store.quiet(tx, hearing.silentBefore(now), INSTANCES);
      quiet = found.size();
      ids.addAll(found);
      store.forgetDeaf(tx, now.minus(DEAF_KEPT));
    }
    boolean more = taken.through() != null || due.size() == INSTANCES || quiet == INSTANCES;
    var done = ids.isEmpty() ? Done.NOTHING : judge(tx, ids, evidence, now, hearing);
    store.settled(tx, now);
    return new Done(done.told, done.news, more, true);
  }

  private Done judge(Db.Tx tx, TreeSet<String> ids, List<EvidenceRow> evidence, Instant now, Hearing hearing) {
    long begun = System.nanoTime();
    var heard = evidence.stream().collect(Collectors.groupingBy(EvidenceRow::instanceId));
    var boots = evidence.stream().map(e -> e.heard().bootId()).collect(Collectors.toSet());
    var clocks = store.clocks(tx, ids, now);
    var pulses = store.pulses(tx, ids, boots);
    var attempts = store.attempts(tx, ids, clocks);
    var settlement = new Settlement(now, hearing);
    for (var pulse : pulses)
      settlement.judge(pulse, attempts.getOrDefault(pulse.instanceId(), List.of()), heard.getOrDefault(pulse.instanceId(), List.of()));
    store.writePulses(tx, settlement.pulses);
    store.writeBoots(tx, settlement.boots);
    store.writeStatus(tx, settlement.statuses);
    store.writeStandings(tx, settlement.standings);
    store.writeEchoes(tx, settlement.echoes, now);
    settlement.tally.write(tx);
    settlement.reports.append(tx, journal, now, null);
    meters.late.increment(settlement.late());
    meters.settle.record(Duration.ofNanos(System.nanoTime() - begun));
    return new Done(!settlement.reports.isEmpty(), !settlement.echoes.isEmpty(), false, true);
  }

  @Override
  public void close() { loop.close(); }
}
