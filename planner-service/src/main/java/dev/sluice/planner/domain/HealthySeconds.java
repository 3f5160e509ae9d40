package dev.sluice.planner.domain;

import java.util.SortedMap;

/// Seconds from instruction to healthy, counted in buckets whose bounds grow by 4 %: any percentile is right within that, in a few hundred rows for each module, and
/// exact where few were measured.
public final class HealthySeconds {
  /// The measures of one bucket.
  ///
  /// @param summed how many of them `seconds` adds up
  public record Measures(long count, long summed, double seconds) {
    public static Measures of(double seconds) { return new Measures(1, 1, seconds); }

    public Measures plus(Measures more) { return new Measures(count + more.count, summed + more.summed, seconds + more.seconds); }

    private double middle(int bucket) { return summed == 0 ? bound(bucket) : StrictMath.round(seconds / summed * 1_000) / 1_000.0; }
  }

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
  /// @param buckets what each bucket holds
  public static double percentile(SortedMap<Integer, Measures> buckets, int percent) {
    long total = buckets.values().stream().mapToLong(Measures::count).sum();
    long rank = Math.ceilDiv(total * percent, 100L);
    long seen = 0;
    for (var bucket : buckets.entrySet()) {
      seen += bucket.getValue().count;
      if (seen >= rank) return bucket.getValue().middle(bucket.getKey());
    }
    return 0;
  }
}
