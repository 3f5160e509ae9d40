package dev.sluice.health.domain;

import dev.sluice.contract.Reason;
import java.time.Instant;

/// What the gate finds about an attempt: evidence, which the rollout-service makes a verdict of.
public sealed interface Finding {
  /// @param reason  null where healthy
  /// @param timeout whether a deadline passed
  /// @param detail  the agent's own words; may be null
  /// @param at      of the evidence
  record Judged(boolean healthy, boolean timeout, Reason reason, String detail, Instant at) implements Finding {}

  record Regressed(Reason reason) implements Finding {}

  record LateHealthy() implements Finding {}

  /// The instance stopped or was decommissioned before a verdict.
  record Gone(Reason reason) implements Finding {}
}
