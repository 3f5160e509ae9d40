package dev.sluice.health.domain;

import java.time.Instant;

/// One heartbeat as it was received.
///
/// @param bootId   the run of the agent that sent it
/// @param sequence grows with each heartbeat of a boot
/// @param at       when it was received
public record Heard(String bootId, long sequence, Instant at, Observation observation) {}
