package dev.sluice.health.ingest;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Comparator;

/// The time of the database, as near as this replica can tell: replicas stamp receipts and deliveries, and the stamps must be comparable. In microseconds, which
/// is what the database keeps.
///
/// The offset is measured with each flush (the database's time against the middle of the round trip); of the last 64 measurements the one with the shortest round
/// trip counts, and less than 20 ms is taken for none.
public final class ServerClock implements InstantSource {
  private static final int KEPT = 64;
  private static final Duration NOISE = Duration.ofMillis(20);
  private final InstantSource own;
  private final ArrayDeque<Measured> kept = new ArrayDeque<>();
  private volatile Duration offset = Duration.ZERO;

  public ServerClock(InstantSource own) {
    this.own = own;
  }

  @Override
  public Instant instant() { return own.instant().plus(offset).truncatedTo(ChronoUnit.MICROS); }

  /// This machine's own time, for [#measured].
  Instant own() { return own.instant(); }

  synchronized void measured(Instant before, Instant database, Instant after) {
    var trip = Duration.between(before, after);
    kept.addLast(new Measured(trip, Duration.between(before.plus(trip.dividedBy(2)), database)));
    if (kept.size() > KEPT) kept.removeFirst();
    var best = kept.stream().min(Comparator.comparing(Measured::trip)).orElseThrow().offset();
    offset = best.abs().compareTo(NOISE) < 0 ? Duration.ZERO : best;
  }

  private record Measured(Duration trip, Duration offset) {}
}
