package dev.sluice.health.ingest;

import dev.sluice.health.domain.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What was heard of one instance and is not committed yet, in the order of receipt. Guarded by the buffer until it is drained; then only the flush touches it.
public final class Waiting {
  /// One heartbeat. Of more than [#RUNS] the ones between two equal neighbours are thinned out, the most crowded first: the first and the last of a series stay, and no gap
  /// opens that could be taken for silence.
  public record Run(String bootId, long sequence, Instant at, Observation seen) {
    boolean like(Run other) { return bootId.equals(other.bootId) && seen == other.seen; }
  }

  static final int RUNS = 16;
  private static final Duration SPARSE = Duration.ofSeconds(1);
  final String instanceId;
  private final long enrolment;
  final int epoch;
  private final List<Run> runs = new ArrayList<>(1);
  private boolean watched;

  Waiting(String instanceId, long enrolment, int epoch) {
    this.instanceId = instanceId;
    this.enrolment = enrolment;
    this.epoch = epoch;
  }

  public String instanceId() { return instanceId; }

  /// Of the machine that was heard: another may be enrolled under the id meanwhile.
  public long enrolment() { return enrolment; }

  public List<Run> runs() { return runs; }

  /// The first, the last and one a second between: all that runs which say the same can tell.
  public List<Run> sparse() {
    var kept = new ArrayList<Run>(2);
    for (var run : runs)
      if (kept.isEmpty() || run == runs.getLast() || Duration.between(kept.getLast().at(), run.at()).compareTo(SPARSE) >= 0) kept.add(run);
    return kept;
  }

  /// Whether all runs say the same.
  public boolean alike() {
    var newest = runs.getLast();
    for (var run : runs)
      if (!run.like(newest)) return false;
    return true;
  }

  /// Whether an attempt waits for this evidence, as far as the replica knows.
  public boolean watched() { return watched; }

  void watch() { watched = true; }

  /// @return false: too many different heartbeats in one flush
  boolean add(Run run) {
    if (runs.size() >= RUNS) {
      int crowded = mostCrowded(run);
      if (crowded < 0) return false;
      runs.remove(crowded);
    }
    runs.add(run);
    return true;
  }

  /// The run between two equal ones whose leaving opens the smallest gap; -1 where each says something of its own.
  private int mostCrowded(Run next) {
    int found = -1;
    Duration smallest = null;
    for (int i = 1; i < runs.size(); i++) {
      var before = runs.get(i - 1);
      var after = i + 1 < runs.size() ? runs.get(i + 1) : next;
      if (!runs.get(i).like(before) || !runs.get(i).like(after)) continue;
      var gap = Duration.between(before.at(), after.at());
      if (smallest != null && gap.compareTo(smallest) > 0) continue;
      smallest = gap;
      found = i;
    }
    return found;
  }
}
