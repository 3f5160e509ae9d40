package dev.sluice.health;

import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import java.time.Duration;

/// What the health-service is told at its start.
///
/// @param heartbeatInterval between heartbeats; told to agents in each answer
/// @param deliveryLease     how long after the last word of the rollout-service instructions are still handed out
/// @param replicaTtl        how long a replica may be unheard of before the others judge without it
public record HealthConfig(ServiceConfig service, Duration heartbeatInterval, Duration deliveryLease, Duration replicaTtl) {
  public static final String NAME = "health-service";
  public static final int PORT = 8084;

  public static HealthConfig read(Settings s) {
    return new HealthConfig(ServiceConfig.read(s, NAME, "health", PORT),
        Duration.ofSeconds(s.number("SLUICE_HEARTBEAT_INTERVAL_SEC", 30, 1, 3600, "seconds between heartbeats, told to the agents")),
        Duration.ofSeconds(s.number("SLUICE_DELIVERY_LEASE_SEC", 10, 1, 300,
            "seconds without a word of the rollout-service after which nothing is handed out")),
        Duration.ofSeconds(s.number("SLUICE_HEALTH_REPLICA_TTL_SEC", 5, 2, 60,
            "seconds after which the other replicas judge without a replica that is not heard of")));
  }
}
