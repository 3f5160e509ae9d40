package dev.sluice.contract;

/// The answers to a tripped breaker.
public enum Choice {
  CONTINUE_ANYWAY, RETRY_FAILED, ROLLBACK_COMPLETED_BATCHES, ABORT
}
