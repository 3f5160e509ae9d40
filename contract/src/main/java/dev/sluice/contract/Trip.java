package dev.sluice.contract;

import java.util.List;

/// A trip of the circuit breaker.
///
/// @param number            1 for the first trip of the rollout
/// @param failedInstanceIds the run's for `streak`, else the latest of the batch; at most 100
/// @param failedCount       failed members of the batch that tripped, and those of the run where it began in an earlier one
/// @param instructedCount   members that ever got an instruction: what a rollback touches
/// @param remainingCount    members that were not told yet, in this batch and the later ones
/// @param reason            for people: what tripped, with its numbers
public record Trip(int number, int batchIndex, BreakerRule rule, List<InstanceId> failedInstanceIds, int failedCount, int instructedCount,
    int remainingCount,
    String reason) {
  public Trip {
    failedInstanceIds = List.copyOf(failedInstanceIds);
  }
}
