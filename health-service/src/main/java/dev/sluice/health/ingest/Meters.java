package dev.sluice.health.ingest;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.function.Supplier;

/// What this replica counts of itself.
public final class Meters {
  public final Counter received;
  public final Counter late;
  public final Counter refused;
  public final Counter handedOut;
  public final Counter deafSeconds;
  public final Timer flush;
  public final Timer settle;
  private final MeterRegistry registry;
  private final Tags tags;

  public Meters(MeterRegistry registry, String replicaId) {
    this.registry = registry;
    this.tags = Tags.of("replica", replicaId);
    received = registry.counter("sluice.heartbeats.received", tags);
    late = registry.counter("sluice.heartbeats.late", tags);
    refused = registry.counter("sluice.heartbeats.refused", tags);
    handedOut = registry.counter("sluice.instructions.handed.out", tags);
    deafSeconds = registry.counter("sluice.deaf.seconds", tags);
    flush = registry.timer("sluice.heartbeats.flush", tags);
    settle = registry.timer("sluice.evidence.settle", tags);
  }

  public void gauge(String name, Supplier<Number> value) { Gauge.builder(name, value).tags(tags).register(registry); }
}
