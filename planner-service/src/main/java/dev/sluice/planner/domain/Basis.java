package dev.sluice.planner.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;

/// All that a revision is made from but the fleet.
///
/// @param templateVersion      the template's present version of the module; null if it has none
/// @param heartbeatIntervalSec how often agents report, in seconds
public record Basis(RolloutId rolloutId, int revision, PlanInputs inputs, VersionRef target, VersionRef templateVersion, PolicyView policy,
    boolean byModel, String madeBy, Instant madeAt, int heartbeatIntervalSec) {}
