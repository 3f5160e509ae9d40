package dev.sluice.planner.domain;

import java.util.SortedMap;

/// Seconds from instruction to healthy, counted in buckets whose bounds grow by 4 %: any percentile is right within that, in a few hundred rows for each module.
public final class HealthySeconds {
  private static final double FIRST_BOUND = 0.001;
  private static final double GROWTH = StrictMath.log(1.04);

  private HealthySeconds() {}

  /// The bucket that a measure falls into, from 0.
  public static int bucket(double seconds) {
    if (!(seconds > FIRST_BOUND)) return 0;
    return (int) StrictMath.ceil(StrictMath.log(seconds / FIRST_BOUND) / GROWTH);
  }

  /// The upper bound of a bucket in seconds, to the millisecond.
  public static double bound(int bucket) {
    return StrictMath.round(FIRST_BOUND * StrictMath.exp(bucket * GROWTH) * 1_000) / 1_000.0;
  }

  /// The seconds within which `percent` of all measures lie (nearest rank); 0 where there are none.
  ///
  /// @param counts how many measures each bucket holds
  public static double percentile(SortedMap<Integer, Long> counts, int percent) {
    long total = counts.values().stream().mapToLong(Long::longValue).sum();
    long rank = Math.ceilDiv(total * percent, 100L);
    long seen = 0;
    for (var bucket : counts.entrySet()) {
      seen += bucket.getValue();
      if (seen >= rank) return bound(bucket.getKey());
    }
    return 0;
  }
}
