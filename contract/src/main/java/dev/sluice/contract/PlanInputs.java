package dev.sluice.contract;

/// What a plan is made from, with every default filled in. Ranges are in `behaviour.md`, Planning.
///
/// @param batchPct             1 to 100
/// @param maxBatchSize         null: no limit
/// @param maxFailedPct         1 to 100; 100 is off
/// @param healthTimeoutSec     seconds from the instruction to its deadline
/// @param minHealthySec        seconds of soak
/// @param canarySize           0: no canary
/// @param maxInFlight          null: the whole batch
/// @param countAbsent          whether `never_handed_out` counts for the breaker
/// @param orderByLabel         the label whose values each batch holds in proportion
public record PlanInputs(TemplateId templateId, ModuleId moduleId, VersionId targetVersionId, int batchPct, Integer maxBatchSize,
    int maxConsecutiveFailures, int maxFailedPct, int healthTimeoutSec, int minHealthySec, int canarySize, Integer maxInFlight,
    boolean countAbsent,
    String orderByLabel) {
  /// How long a batch takes at worst, in seconds: `ceil(size / min(size, maxInFlight)) * (healthTimeoutSec + minHealthySec)`.
  ///
  /// @param size at least 1
  public long worstSeconds(int size) {
    int inFlight = maxInFlight == null ? size : Math.min(size, maxInFlight);
    return Math.ceilDiv((long) size, inFlight) * ((long) healthTimeoutSec + minHealthySec);
  }
}
