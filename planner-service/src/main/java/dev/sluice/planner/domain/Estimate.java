package dev.sluice.planner.domain;

import java.util.stream.IntStream;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Slices;

/// How long a rollout takes at worst, without pauses and people. 50 instances at 20 % and 300 s: 1500 s.
public final class Estimate {
  private Estimate() {}

  /// The sum over batches.
  public static long totalSeconds(Slices slices, PlanInputs inputs) {
    return IntStream.range(0, slices.count()).mapToLong(batch -> inputs.worstSeconds(slices.sizeOf(batch))).sum();
  }
}
