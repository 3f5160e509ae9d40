package dev.sluice.planner;

import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import java.nio.file.Path;

/// What the planner-service is told at its start.
///
/// @param artifactsDir         the folder of artifacts; replicas share it
/// @param artifactMaxBytes     the largest artifact that is taken
/// @param heartbeatIntervalSec how often agents report, in seconds; for the warnings of plans
public record PlannerConfig(ServiceConfig service, Path artifactsDir, long artifactMaxBytes, int heartbeatIntervalSec) {
  public static PlannerConfig read(Settings s) {
    return new PlannerConfig(ServiceConfig.read(s, "planner-service", "planner", 8081),
        s.path("SLUICE_ARTIFACTS_DIR", Path.of("artifacts"), "folder of artifacts; replicas share it"),
        s.number("SLUICE_ARTIFACT_MAX_MB", 2_048, 1, 1_000_000, "largest artifact that is taken, in MB") * 1_000_000L,
        s.number("SLUICE_HEARTBEAT_INTERVAL_SEC", 30, 1, 3_600, "seconds between heartbeats, for the warnings of plans"));
  }
}
