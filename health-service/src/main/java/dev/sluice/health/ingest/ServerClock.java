package dev.sluice.health.ingest;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/// The time of the database, as near as this replica can tell: replicas stamp receipts and deliveries, and the stamps must be comparable. In microseconds, which
/// is what the database keeps.
///
/// The offset is measured with each flush (the database's time against the middle of the round trip); of the last 64 measurements the one with the shortest round
/// trip counts, and less than 20 ms is taken for none.
public final class ServerClock implements InstantSource {
  private static final int KEPT = 64;
  private static final Duration NOISE = Duration.ofMillis(20);
  private final InstantSource own;
  private Duration best = Duration.ofDays(1);
  private Duration bestOffset = Duration.ZERO;
  private int age;
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
    if (trip.compareTo(best) <= 0 || ++age > KEPT) {
      best = trip;
      bestOffset = Duration.between(before.plus(trip.dividedBy(2)), database);
      age = 0;
    }
    offset = bestOffset.abs().compareTo(NOISE) < 0 ? Duration.ZERO : bestOffset;
  }
}
