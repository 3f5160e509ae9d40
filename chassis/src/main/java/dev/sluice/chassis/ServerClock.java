package dev.sluice.chassis;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicReference;

/// The time of the database, as near as this process can tell: all replicas of a service judge deadlines and stamp what happens, on machines whose clocks may be
/// hours off, and the stamps must be comparable. In microseconds, which is what the database keeps.
///
/// The offset is measured again and again (the database's time against the middle of the round trip); of the last 64 measurements the one with the shortest round
/// trip counts, and less than 20 ms is taken for none. It stands still rather than go back where a correction is small. A measurement that contradicts those before it, since the clock of the database was set, makes them void.
public final class ServerClock implements InstantSource {
  private static final int KEPT = 64;
  private static final Duration NOISE = Duration.ofMillis(20);
  private static final Duration CORRECTION = Duration.ofSeconds(1);
  private static final String NOW = "select clock_timestamp() as now";
  private final InstantSource own;
  private final ArrayDeque<Measured> kept = new ArrayDeque<>();
  private final AtomicReference<Instant> last = new AtomicReference<>(Instant.MIN);
  private volatile Duration offset = Duration.ZERO;

  /// @param own a clock that runs evenly, whatever it shows
  ServerClock(InstantSource own) {
    this.own = own;
  }

  @Override
  public Instant instant() {
    return last.accumulateAndGet(own.instant().plus(offset).truncatedTo(ChronoUnit.MICROS), ServerClock::onward);
  }

  private static Instant onward(Instant last, Instant now) {
    return now.isBefore(last) && last.isBefore(now.plus(CORRECTION)) ? last : now;
  }

  /// Asks the database for its time. Blocks.
  void measure(Db db) {
    var before = own.instant();
    var now = db.list(NOW, row -> row.get(OffsetDateTime.class, "now").toInstant()).getFirst();
    measured(before, now, own.instant());
  }

  synchronized void measured(Instant before, Instant database, Instant after) {
    var trip = Duration.between(before, after);
    var newest = new Measured(trip, Duration.between(before.plus(trip.dividedBy(2)), database));
    if (kept.stream().anyMatch(newest::contradicts)) kept.clear();
    kept.addLast(newest);
    if (kept.size() > KEPT) kept.removeFirst();
    var best = kept.stream().min(Comparator.comparing(Measured::trip)).orElseThrow().offset();
    offset = best.abs().compareTo(NOISE) < 0 ? Duration.ZERO : best;
  }

  private record Measured(Duration trip, Duration offset) {
    /// Each is right to half of its round trip.
    boolean contradicts(Measured other) {
      return offset.minus(other.offset).abs().compareTo(trip.plus(other.trip).dividedBy(2).plus(NOISE)) > 0;
    }
  }
}
