package dev.sluice.health.domain;

import java.time.Instant;

/// What is known of one instance from its heartbeats.
///
/// @param lastAt when the newest heartbeat that counts was received; null: never
/// @param silent whether it was told as silent
/// @param known  what it said, the newest of each part; null: never reported
public record Pulse(HeartbeatOrder order, Instant lastAt, boolean silent, Observation known) {
  public static final Pulse NONE = new Pulse(HeartbeatOrder.NOTHING_HEARD, null, false, null);

  /// Whether silence would mean something: it reports, and has not said that it stops.
  boolean expected() { return lastAt != null && known != null && !stopped(); }

  /// Whether it has said last that it stops.
  public boolean stopped() { return known != null && known.stopped(); }
}
