package dev.sluice.contract;

/// Where one member of a rollout stands; the counts of a rollout are over these.
public enum MemberState {
  PENDING, IN_FLIGHT, HELD, HEALTHY, FAILED, SKIPPED, ROLLING_BACK, ROLLED_BACK, ROLLBACK_FAILED
}
