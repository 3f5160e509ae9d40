package dev.sluice.contract;

/// What an instruction is for; the health-service hands out only what the rollout delivers now.
public enum Purpose {
  UPGRADE, ROLLBACK
}
