package dev.sluice.health.api;

import dev.sluice.health.domain.Observation;

/// A heartbeat as an agent sends it.
record Heartbeat(String bootId, long sequence, Observation said) {}
