package dev.sluice.contract;

/// Where one batch stands.
public enum BatchPhase {
  PENDING, RUNNING, TRIPPED, COMPLETED, ROLLING_BACK, ROLLED_BACK, NOT_STARTED
}
