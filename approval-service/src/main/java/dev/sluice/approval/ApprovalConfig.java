package dev.sluice.approval;

import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import java.time.Duration;

/// The settings of the approval-service.
///
/// @param sweepEvery how often requests past their end are looked for
/// @param sweepCap   how many of them one round ends at most
/// @param draftLimit how long an edit waits for the planner's next revision
/// @param askLimit   how long other questions wait
public record ApprovalConfig(ServiceConfig service, Duration sweepEvery, int sweepCap, Duration draftLimit, Duration askLimit) {
  public static final String SERVICE = "approval-service";

  public static ApprovalConfig read(Settings s) {
    return new ApprovalConfig(ServiceConfig.read(s, SERVICE, "approval", 8082),
        Duration.ofMillis(s.number("SLUICE_EXPIRY_SWEEP_MS", 1_000, 10, 60_000, "milliseconds between looks for requests past their end")),
        s.number("SLUICE_EXPIRY_SWEEP_CAP", 100, 1, 10_000, "requests that one look ends at most"),
        Duration.ofMillis(
            s.number("SLUICE_DRAFT_WAIT_MS", 30_000, 100, 110_000, "milliseconds that an edit waits for the planner's next revision")),
        Duration.ofMillis(s.number("SLUICE_ASK_WAIT_MS", 5_000, 100, 60_000, "milliseconds that other questions to services wait")));
  }
}
