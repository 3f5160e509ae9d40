package dev.sluice.rollout;

import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import java.time.Duration;

/// The settings of the rollout-service.
///
/// @param tick     how often the reconciler looks at each open rollout
/// @param tickCap  how many rollouts one round looks at, at most
/// @param askLimit how long questions to other services wait
public record RolloutConfig(ServiceConfig service, Duration tick, int tickCap, Duration askLimit) {
  public static final String SERVICE = "rollout-service";

  public static RolloutConfig read(Settings s) {
    return new RolloutConfig(ServiceConfig.read(s, SERVICE, "rollout", 8083),
        Duration.ofSeconds(s.number("SLUICE_RECONCILER_TICK_SEC", 60, 1, 86_400, "seconds between the reconciler's looks at a rollout")),
        s.number("SLUICE_RECONCILER_CAP", 200, 1, 10_000, "rollouts that one round of the reconciler looks at, at most"),
        Duration.ofMillis(s.number("SLUICE_ASK_WAIT_MS", 5_000, 100, 60_000, "milliseconds that questions to other services wait")));
  }
}
