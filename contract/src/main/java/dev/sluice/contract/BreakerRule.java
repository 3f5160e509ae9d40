package dev.sluice.contract;

/// Which rule of the circuit breaker tripped.
public enum BreakerRule {
  STREAK, RATIO, CANARY, NO_EVIDENCE
}
