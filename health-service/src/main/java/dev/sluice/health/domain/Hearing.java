package dev.sluice.health.domain;

import java.time.Duration;
import java.time.Instant;

/// How time is counted for instances: in hearing time, with silence after three heartbeat intervals.
///
/// @param interval between heartbeats; the server's to set
public record Hearing(Duration interval, Deaf deaf) {
  static final int INTERVALS_OF_SILENCE = 3;

  /// Whether an instance that was last heard then is silent at `at`. One that was never heard is.
  public boolean silent(Instant lastHeard, Instant at) {
    return lastHeard == null || deaf.heardBetween(lastHeard, at).compareTo(patience()) > 0;
  }

  /// Who was last heard before this is silent at `at`.
  public Instant silentBefore(Instant at) { return deaf.before(at, patience()); }

  private Duration patience() { return interval.multipliedBy(INTERVALS_OF_SILENCE); }

  /// When `length` of hearing time has passed since `start`.
  public Instant after(Instant start, Duration length) { return deaf.after(start, length); }
}
