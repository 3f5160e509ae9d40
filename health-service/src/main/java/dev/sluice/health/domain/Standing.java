package dev.sluice.health.domain;

import dev.sluice.contract.Reason;
import java.time.Instant;

/// Where an attempt stands at the gate.
public sealed interface Standing {
  /// No good heartbeat yet, or a bad one after it before the deadline.
  record Awaited() implements Standing {}

  /// Good since then, with the soak still to pass.
  record Soaking(Instant since) implements Standing {}

  record Healthy() implements Standing {}

  /// Was healthy, and is so no more.
  record Regressed(Reason reason) implements Standing {}

  /// @param since good again since then; null: not
  record Failed(Reason reason, Instant since) implements Standing {}

  /// Failed, and healthy after its deadline; it stays failed.
  record LateHealthy(Reason reason, Instant goodSince) implements Standing {}

  /// Nobody waits for it any more: the rollout ended or passed it over, or the instance is gone.
  record Closed() implements Standing {}

  /// Whether a verdict is still to come.
  default boolean open() { return this instanceof Awaited || this instanceof Soaking; }
}
