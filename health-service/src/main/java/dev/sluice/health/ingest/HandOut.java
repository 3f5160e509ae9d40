package dev.sluice.health.ingest;

import dev.sluice.chassis.CrashPoint;
import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.health.store.HandOutStore;
import dev.sluice.health.store.HandOutStore.Wish;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands out in bulk what agents wait for: all wishes that gathered while the last bulk was committed go into the next. A wish that is repeated until then is one, with
/// one answer; where too many wait the answer is no, so that memory is bounded while the database is slow.
public final class HandOut implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HandOut.class);
  private static final int AT_ONCE = 5_000;
  private static final int WAITING_AT_MOST = 100_000;
  /// Who wait for the answer to one wish.
  private static final int ASKERS_AT_MOST = 8;

  private record Asked(Cell cell, Wish wish, Promise<Boolean> promise, AtomicInteger askers) {}

  private final HandOutStore store;
  private final InstantSource clock;
  private final Meters meters;
  private final Runnable changed;
  private final ConcurrentLinkedQueue<Asked> queue = new ConcurrentLinkedQueue<>();
  /// What is in the queue.
  private final ConcurrentHashMap<Wish, Asked> waiting = new ConcurrentHashMap<>();
  private final Loop loop;
  private boolean away;

  /// @param changed told when replicas have something to learn
  public HandOut(HandOutStore store, InstantSource clock, Meters meters, Runnable changed) {
    this.store = store;
    this.clock = clock;
    this.meters = meters;
    this.changed = changed;
    this.loop = new Loop("health-hand-out", Duration.ofSeconds(1), this::round);
  }

  /// Whether an instruction is handed out now. Never fails: where the database is away, or too many wait, the answer is no. Completes on any thread.
  public Future<Boolean> ask(Cell cell, Assigned assigned) {
    var wish = new Wish(cell.id(), assigned.moduleId(), assigned.generation(), assigned.rolloutId(), assigned.purpose());
    var mine = new Asked(cell, wish, Promise.promise(), new AtomicInteger(1));
    var asked = waiting.size() < WAITING_AT_MOST ? waiting.computeIfAbsent(wish, _ -> mine) : waiting.get(wish);
    if (asked == mine) {
      queue.add(mine);
      loop.nudge();
      return mine.promise.future();
    }
    return asked == null || asked.askers.incrementAndGet() > ASKERS_AT_MOST ? Future.succeededFuture(false) : asked.promise.future();
  }

  /// The wish that has waited longest; null: none. Who repeats it from now on is answered by the next look.
  private Asked next() {
    var next = queue.poll();
    if (next != null) waiting.remove(next.wish);
    return next;
  }

  private boolean round() {
    List<Asked> asked = new ArrayList<>();
    for (Asked next; asked.size() < AT_ONCE && (next = next()) != null;)
      asked.add(next);
    if (asked.isEmpty()) return false;
    try {
      var handed = store.handOut(asked.stream().map(Asked::wish).toList(), clock);
      CrashPoint.AFTER_HAND_OUT.reached();
      away = false;
      meters.handedOut.increment(handed.fresh());
      for (var one : asked) {
        boolean done = handed.handed().contains(one.wish);
        if (done) one.cell.handedOut(one.wish.moduleId(), one.wish.generation());
        one.promise.complete(done);
      }
      if (handed.fresh() > 0) changed.run();
    } catch (Outage e) {
      // not left to the loop, whose pauses grow: agents wait for the next answer
      if (!away) log.atWarn().log("Nothing is handed out now: {}", e.getMessage());
      away = true;
      asked.forEach(one -> one.promise.tryComplete(false));
    } catch (RuntimeException e) {
      asked.forEach(one -> one.promise.tryComplete(false));
      throw e;
    }
    return !queue.isEmpty();
  }

  @Override
  public void close() {
    loop.close();
    for (Asked left; (left = next()) != null;)
      left.promise.tryComplete(false);
  }
}
