package dev.sluice.health.domain;

import java.util.Map;

/// What one heartbeat says, without its place in the order.
///
/// @param status       what the agent says of the instance
/// @param agentVersion null: it does not say
/// @param digests      the digest that runs, by module id; null: it says nothing about that, and empty: nothing runs
/// @param statuses     by module id; empty where the agent echoes none
public record Observation(InstanceStatus status, String agentVersion, Map<String, String> digests, Map<String, ModuleStatus> statuses) {
  public Observation {
    if (status == null || status == InstanceStatus.DECOMMISSIONED)
      throw new IllegalArgumentException("an agent says starting, running or stopped");
    digests = digests == null ? null : Map.copyOf(digests);
    statuses = Map.copyOf(statuses);
  }

  public boolean stopped() { return status == InstanceStatus.STOPPED; }

  /// What is known once this is heard after what was known before: what it does not say stays as it was.
  public Observation after(Observation before) {
    return new Observation(status, agentVersion == null ? before.agentVersion : agentVersion, digests == null ? before.digests : digests,
        statuses.isEmpty() ? before.statuses : statuses);
  }
}
