package dev.sluice.gateway.api;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.gateway.store.Event;
import dev.sluice.gateway.store.EventLog;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;

/// The newest events of the log in memory, for all readers of this replica: one tail reads the log by id and wakes them. Ids grow without a gap, so an id is
/// also its place in the ring. Whoever is behind the ring reads the log itself, a few at a time.
public final class LiveFeed {
  private static final int READ = 1_000;
  /// Each gets its own copy of what happens, all from one event loop.
  private static final int READERS = 2_000;
  private static final Duration TICK = Duration.ofMillis(250);
  private static final int CATCHING_UP = 4;
  private static final Duration TURN = Duration.ofSeconds(30);
  private final EventLog log;
  private final Executor threads;
  private final AtomicReferenceArray<Event> ring;
  private final Set<Runnable> readers = ConcurrentHashMap.newKeySet();
  private final Semaphore turns = new Semaphore(CATCHING_UP, true);
  private final Loop tail;
  private volatile long head;

  /// @param held how many events are kept in memory; a power of two
  public LiveFeed(Chassis chassis, EventLog log, int held) {
    this.log = log;
    this.threads = chassis.threads();
    this.ring = new AtomicReferenceArray<>(held);
    this.head = log.last();
    chassis.node().metrics().gauge("sluice.feed.readers", readers, Set::size);
    this.tail = chassis.loop("feed", TICK, this::round);
  }

  /// Says that there is news in the log.
  public void nudge() { tail.nudge(); }

  private boolean round() {
    var news = log.after(head, Event.Filter.ALL, READ);
    if (news.isEmpty()) return false;
    for (var event : news)
      ring.set(slot(event.id()), event);
    head = news.getLast().id();
    readers.forEach(Runnable::run);
    return news.size() == READ;
  }

  /// The newest id that readers may have.
  long head() { return head; }

  /// An event up to the head; null if it is held no more.
  Event held(long id) {
    var event = ring.get(slot(id));
    return event != null && event.id() == id ? event : null;
  }

  private int slot(long id) { return (int) (id & (ring.length() - 1)); }

  /// Whether nobody else can be let in.
  boolean full() { return readers.size() >= READERS; }

  /// Wakes a reader whenever the head has moved. `wake` must not block.
  void join(Runnable wake) { readers.add(wake); }

  void leave(Runnable wake) { readers.remove(wake); }

  /// The newest id of the log itself, where another replica may be ahead; `then` gets it, or an [Outage], on a virtual thread.
  void last(BiConsumer<Long, Outage> then) { answer(log::last, 0L, then); }

  /// Events of the log behind a cursor, oldest first; `then` gets them, or an [Outage], on a virtual thread.
  void read(long cursor, Event.Filter filter, int limit, BiConsumer<List<Event>, Outage> then) {
    answer(() -> {
      if (!turns.tryAcquire(TURN.toMillis(), TimeUnit.MILLISECONDS)) throw new Outage("too many readers catch up at once", null);
      try {
        return log.after(cursor, filter, limit);
      } finally {
        turns.release();
      }
    }, List.of(), then);
  }

  /// Whoever waits is told, whatever happens.
  private <T> void answer(Callable<T> question, T nothing, BiConsumer<T, Outage> then) {
    threads.execute(() -> {
      T found = nothing;
      Outage outage = null;
      try {
        found = question.call();
      } catch (Outage e) {
        outage = e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        outage = new Outage("the gateway ends", e);
      } catch (Exception e) {
        outage = new Outage("the log cannot be read: " + e.getMessage(), e);
      }
      then.accept(found, outage);
    });
  }
}
