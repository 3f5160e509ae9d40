package dev.sluice.health.ingest;

import dev.sluice.health.domain.Observation;
import dev.sluice.health.store.CellStore.OrderRow;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Heartbeats between their receipt and their commit. Bounded by time: where nothing could be committed for [#TOO_OLD] it refuses, and the time of refusal is
/// time in which we were deaf. It refuses before the others judge without this replica: what it says that it heard, they wait for. Thread-safe; each call holds the one lock for about a microsecond.
///
/// Receipts are stamped under the lock and strictly grow, so that all that was received before a drain's `through` is in that drain or an earlier one.
public final class HeartbeatBuffer {
  static final Duration TOO_OLD = Duration.ofSeconds(5);
  /// So long before the others give this replica up.
  private static final Duration MARGIN = Duration.ofMillis(500);
  /// Who is not known to listen for so long stands still.
  static final Duration STILL = Duration.ofMillis(500);

  public enum Taken {
    /// Kept until the flush.
    KEPT,
    /// The same, and the flush should come soon: it says something new, or an attempt waits for it.
    KEPT_URGENT,
    /// Late or repeated, as far as this replica knows: answered, not kept.
    LATE,
    /// Of a boot that was replaced: kept, since two machines may share the identity, but told nothing. Of a machine before the one that is enrolled now: not kept either.
    REPLACED,
    /// Not kept: nothing could be committed for too long.
    REFUSED,
    /// Not kept: this instance sends too many different ones.
    FLOOD
  }

  /// A time in which heartbeats could not be heard.
  public record Missed(Instant from, Instant to, String why) {}

  /// @param through   all that was received before it is in this drain or an earlier one
  /// @param deafSince when it began to refuse; null: it does not
  /// @param stood     times before `through` in which this replica did not listen or stood still
  public record Drain(List<Waiting> waiting, Instant through, Instant deafSince, List<Missed> stood) {
    /// All times before `through` in which heartbeats could not be heard.
    List<Missed> missed() {
      if (deafSince == null) return stood;
      var all = new ArrayList<>(stood);
      all.add(new Missed(deafSince, through, "heartbeats were refused"));
      return all;
    }
  }

  private final InstantSource clock;
  private List<Waiting> waiting = new ArrayList<>();
  private Instant last;
  private final Duration tooOld;
  private Instant committed;
  private Instant deafSince;
  private Instant refusedAt = Instant.EPOCH;
  private int epoch;
  private boolean urgent;
  private List<Missed> stood = new ArrayList<>();
  // When each event loop was last known to run; empty: nobody watches.
  private final Map<Object, Instant> alive = new HashMap<>();
  // Heartbeats that came and cannot be taken yet, the oldest first.
  private final LinkedHashMap<Object, Instant> pending = new LinkedHashMap<>();
  // Since when nobody can reach this replica; null: it listens.
  private Instant away;
  // Up to here missed times are written down.
  private Instant noted = Instant.EPOCH;

  /// @param joined when the others began to wait for this replica: all that is received is stamped later, also where the clock is set back by a little meanwhile
  /// @param ttl    after which the others judge without this replica
  public HeartbeatBuffer(InstantSource clock, Instant joined, Duration ttl) {
    this.clock = clock;
    this.last = joined;
    this.committed = joined;
    var given = ttl.minus(MARGIN);
    this.tooOld = given.compareTo(TOO_OLD) < 0 ? given : TOO_OLD;
  }

  /// Takes a heartbeat.
  ///
  /// @param enrolment of the machine that sent it
  /// @param watched   whether an attempt may wait for it: then the flush is urgent, as where it says something new
  public synchronized Taken take(Cell cell, long enrolment, String boot, long sequence, Observation said, boolean watched) {
    var at = stamp();
    if (Duration.between(committed, at).compareTo(tooOld) > 0) {
      refusedAt(at);
      return Taken.REFUSED;
    }
    if (!cell.hears(enrolment)) return Taken.REPLACED;
    boolean same = boot.equals(cell.bootId);
    if (same && sequence <= cell.sequence) return Taken.LATE;
    boolean replaced = !same && cell.replacedBoot(boot);
    var known = cell.said();
    boolean news = !same || !said.equals(known);
    var seen = news ? said : known;
    if (!keep(cell, enrolment, new Waiting.Run(boot, sequence, at, seen), watched)) return Taken.FLOOD;
    urgent |= news || watched;
    if (replaced) return Taken.REPLACED;
    if (!same && cell.bootId != null) cell.replace(cell.bootId);
    if (!same) cell.since = at;
    cell.bootId = boot;
    cell.sequence = sequence;
    if (news) cell.says(seen);
    return news || watched ? Taken.KEPT_URGENT : Taken.KEPT;
  }

  /// What was judged of the order of heartbeats before this replica heard any of the instance: another one did, or it itself before it was started again.
  synchronized void begins(Cell cell, OrderRow order) { cell.begins(order); }

  /// What was judged of it since.
  ///
  /// @return whether that was all which this replica knew of boots
  synchronized boolean judged(Cell cell, OrderRow order) { return cell.judged(order); }

  private boolean keep(Cell cell, long enrolment, Waiting.Run run, boolean watched) {
    var mine = cell.waiting;
    if (mine != null && mine.epoch == epoch && mine.enrolment() != enrolment) waiting.remove(mine);
    if (mine == null || mine.epoch != epoch || mine.enrolment() != enrolment) {
      mine = new Waiting(cell.id(), enrolment, epoch);
      cell.waiting = mine;
      waiting.add(mine);
    }
    if (watched) mine.watch();
    return mine.add(run);
  }

  /// A heartbeat was turned away, since it could not be read whose it is.
  public synchronized void refused() { refusedAt(stamp()); }

  private void refusedAt(Instant at) {
    if (deafSince == null) deafSince = at;
    refusedAt = at;
  }

  /// A heartbeat has come whose instance must be read first. It counts from when it is taken; so the time until [#passed], where that is long, is missed time in each
  /// drain that it waits for, as that in which a loop stands still: nothing is judged meanwhile without it.
  public synchronized void pends(Object heartbeat) { pending.put(heartbeat, stamp()); }

  /// It was taken, or turned away.
  public synchronized void passed(Object heartbeat) {
    stand(stamp());
    pending.remove(heartbeat);
  }

  /// Nobody can reach this replica since `at`, until [#listens].
  synchronized void deaf(Instant at) {
    stand(stamp());
    away = at;
  }

  /// The port is open.
  synchronized void listens() {
    var now = stamp();
    stand(now);
    away = null;
    alive.replaceAll((_, _) -> now);
  }

  /// An event loop that heartbeats come in on runs. What it slept through before is missed time in the next drain, which is committed before anything later is judged.
  synchronized void awake(Object loop) {
    var now = stamp();
    stand(now);
    alive.put(loop, now);
  }

  /// Whoever comes in on the loop that has stood longest was not heard, nor who waits longest to be read.
  private void stand(Instant now) {
    var since = away;
    if (since == null) since = waitsSince(now);
    if (away == null && Duration.between(since, now).compareTo(STILL) < 0) return;
    var from = since.isAfter(noted) ? since : noted;
    var why = away == null ? "a replica stood still" : "a replica did not listen";
    if (!stood.isEmpty() && stood.getLast().why().equals(why) && stood.getLast().to().equals(from)) from = stood.removeLast().from();
    stood.add(new Missed(from, now, why));
    noted = now;
  }

  private Instant waitsSince(Instant now) {
    var loop = alive.values().stream().min(Comparator.naturalOrder()).orElse(now);
    if (pending.isEmpty()) return loop;
    var oldest = pending.firstEntry().getValue();
    return oldest.isBefore(loop) ? oldest : loop;
  }

  /// Takes all out. The caller commits it, however long that takes, before it says [#committed].
  synchronized Drain drain() {
    var drained = waiting;
    waiting = new ArrayList<>();
    epoch++;
    urgent = false;
    var through = stamp();
    stand(through);
    var missed = List.copyOf(stood);
    stood = new ArrayList<>();
    return new Drain(drained, through, deafSince, missed);
  }

  /// A drain was committed.
  synchronized void committed(Drain drain) {
    committed = drain.through();
    if (drain.deafSince() != null) deafSince = refusedAt.isAfter(drain.through()) ? drain.through() : null;
  }

  /// Whether something waits that should not wait long.
  synchronized boolean urgent() { return urgent; }

  synchronized int size() { return waiting.size(); }

  private Instant stamp() {
    var now = clock.instant();
    last = now.isAfter(last) ? now : last.plus(1, ChronoUnit.MICROS);
    return last;
  }
}
