package dev.sluice.planner.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Slices;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/// Puts a fleet into plan order and cuts it into batches. `behaviour.md`, Planning.
///
/// **Order.** The i-th (from 0, by instance id) of the k instances that share a label value has the key (2i+1)/(2k): the middle of the i-th of k equal parts of
/// the unit interval. Sorted by key, then value, then id, every stretch of the order holds each value in proportion. Keys are compared exactly, by cross
/// multiplication in `long`, which holds for up to 1,000,000,000 instances.
///
/// Promises: the order depends on the set of instances only, not on the order they come in; each comes once.
public final class Batches {
  private static final Comparator<Candidate> BY_ID = Comparator.comparing(c -> c.instanceId().value());

  private Batches() {}

  /// The size of a batch: `max(1, ceil(n * percent / 100))`, at most `maxBatchSize` where that is not null. Integer arithmetic: 100 at 7 % is 7, where a float would say 8.
  ///
  /// @param n       instances, canaries included
  /// @param percent 1 to 100
  public static int size(int n, int percent, Integer maxBatchSize) {
    int size = (int) Math.max(1, Math.ceilDiv((long) n * percent, 100L));
    return maxBatchSize == null ? size : Math.min(size, maxBatchSize);
  }

  /// How `n` instances in plan order are cut: the canaries, if any, then consecutive batches; the last takes the remainder.
  public static Slices cut(int n, PlanInputs inputs) {
    return new Slices(n, inputs.canarySize(), size(n, inputs.batchPct(), inputs.maxBatchSize()));
  }

  /// A candidate with its exact key `num / den`.
  private record Keyed(long num, long den, Candidate candidate) {}

  /// The candidates in plan order.
  public static List<Candidate> spread(List<Candidate> candidates) {
    var values = new TreeMap<String, List<Candidate>>();
    for (var candidate : candidates)
      values.computeIfAbsent(candidate.label(), _ -> new ArrayList<>()).add(candidate);
    var keyed = new ArrayList<Keyed>(candidates.size());
    for (var sharing : values.values()) {
      sharing.sort(BY_ID);
      for (int i = 0; i < sharing.size(); i++)
        keyed.add(new Keyed(2L * i + 1, 2L * sharing.size(), sharing.get(i)));
    }
    // One ascending run for each value, in order of the values: a stable sort by key merges the runs and keeps value and id among equal keys.
    keyed.sort((a, b) -> Long.compare(a.num() * b.den(), b.num() * a.den()));
    return keyed.stream().map(Keyed::candidate).toList();
  }
}
