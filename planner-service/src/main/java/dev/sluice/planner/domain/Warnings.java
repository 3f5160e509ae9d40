package dev.sluice.planner.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Slices;
import java.util.ArrayList;
import java.util.List;

/// What a careful operator would be told about a plan before he approves it.
public final class Warnings {
  private static final int MANY = 100;
  private static final int LARGE_BATCH = 1_000;

  private Warnings() {}

  /// @param heartbeatIntervalSec how often agents report, in seconds
  /// @param noWayBack            how many members the target is desired of already, so that a rollback would leave them there
  /// @return one sentence for each; empty if there is nothing to say
  public static List<String> of(PlanInputs inputs, Slices slices, int heartbeatIntervalSec, long noWayBack) {
    var warnings = new ArrayList<String>();
    if (slices.total() > MANY && slices.canary() == 0)
      warnings.add("no canary: the first batch of " + slices.sizeOf(0) + " meets the new version untried; set canary_size");
    if (slices.sizeOf(0) > LARGE_BATCH)
      warnings.add(
          "the first batch has " + slices.sizeOf(0) + " instances, more than " + LARGE_BATCH + "; lower batch_pct or set max_batch_size");
    if (inputs.minHealthySec() == 0)
      warnings.add("no soak: a version that breaks after its first good heartbeat passes; set min_healthy_sec");
    if (inputs.healthTimeoutSec() < 2 * heartbeatIntervalSec)
      warnings.add("health_timeout_sec " + inputs.healthTimeoutSec() + " is below two heartbeat intervals of " + heartbeatIntervalSec
          + " s: a healthy instance may be too late");
    if (noWayBack > 0)
      warnings.add("no way back for " + noWayBack
          + " of the instances: the target is what they must run already, as an abort leaves it, and a rollback"
          + " would go back to it");
    return warnings;
  }
}
