package dev.sluice.chassis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Work that is done again and again on a virtual thread of its own: at once when nudged, else each `every`. A failure is logged once for each outage, and tried
/// again with growing pauses of at most 1 s.
public final class Loop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Loop.class);

  /// Outages, one after the other, that end a round over many things.
  private static final int OUTAGES = 3;

  /// One round.
  public interface Work {
    /// @return whether there is more to do right now
    boolean round() throws Exception;
  }

  private final String name;
  private final Duration every;
  private final Work work;
  private final Semaphore nudges = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;

  public Loop(String name, Duration every, Work work) {
    this.name = name;
    this.every = every;
    this.work = work;
    this.thread = Thread.ofVirtual().name(name).start(this::run);
  }

  /// Asks for a round now.
  public void nudge() {
    if (nudges.availablePermits() == 0) nudges.release();
  }

  private void run() {
    int failures = 0;
    int good = 0;
    while (!closed) {
      try {
        boolean more = work.round();
        // a round may do nothing because another one has the turn: the second says that it works
        if (failures > 0 && ++good == 2) {
          log.atInfo().addKeyValue("loop", name).log("Works again");
          failures = 0;
        }
        if (!more && nudges.tryAcquire(every.toMillis(), TimeUnit.MILLISECONDS)) nudges.drainPermits();
      } catch (InterruptedException e) {
        return;
      } catch (Exception | Error e) {
        if (closed) return;
        good = 0;
        if (failures++ == 0)
          log.atWarn().addKeyValue("loop", name).setCause(e instanceof Outage ? null : e).log("Does not work, trying again: {}",
              e.getMessage());
        Await.pause(pause(failures));
      }
    }
  }

  /// How long to wait after so many failures in a row.
  static Duration pause(int failures) { return Duration.ofMillis(Math.min(1_000, 50L << Math.min(failures, 10))); }

  /// Does something with each of the things that a round has claimed. One that fails is logged and keeps no other from its turn; it is claimed again when it
  /// is due again. Where one after the other finds the database or the broker away, the round gives up: the pauses between rounds are for that.
  ///
  /// @param what the things are, in one word
  /// @throws Outage the one that ended the round
  public static <T> void each(List<T> claimed, String what, Consumer<T> work) {
    int outages = 0;
    for (var one : claimed) {
      try {
        work.accept(one);
        outages = 0;
      } catch (RuntimeException e) {
        if (e instanceof Outage && ++outages == OUTAGES) throw e;
        log.atWarn().addKeyValue(what, one).setCause(e instanceof Outage ? null : e).log(
            "Failed, it has another turn when it is due again: {}",
            e.getMessage());
      }
    }
  }

  /// Asks the loop to end after the round that runs, and does not wait for it.
  void stop() {
    closed = true;
    nudge();
  }

  /// Ends the loop; waits up to 10 s for the round that runs.
  @Override
  public void close() {
    stop();
    try {
      if (!thread.join(Duration.ofSeconds(10))) thread.interrupt();
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }
}
