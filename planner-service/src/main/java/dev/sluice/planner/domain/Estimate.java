package dev.sluice.planner.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Slices;

/// How long a rollout takes at worst, without pauses and people. 50 instances at 20 % and 300 s: 1500 s.
public final class Estimate {
  private Estimate() {}

  /// The sum over batches of `ceil(size / min(size, maxInFlight)) * (healthTimeoutSec + minHealthySec)`, in seconds.
  public static long totalSeconds(Slices slices, PlanInputs inputs) {
    long waves = 0;
    for (int batch = 0; batch < slices.count(); batch++) {
      int size = slices.sizeOf(batch);
      int inFlight = inputs.maxInFlight() == null ? size : Math.min(size, inputs.maxInFlight());
      waves += Math.ceilDiv(size, inFlight);
    }
    return waves * ((long) inputs.healthTimeoutSec() + inputs.minHealthySec());
  }
}
