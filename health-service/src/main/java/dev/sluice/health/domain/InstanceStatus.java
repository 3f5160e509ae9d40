package dev.sluice.health.domain;

/// Where an instance stands. The first three are what an agent says of itself; an instance that never reported is `starting`.
public enum InstanceStatus {
  STARTING, RUNNING, STOPPED, DECOMMISSIONED
}
