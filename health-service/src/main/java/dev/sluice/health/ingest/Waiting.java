package dev.sluice.health.ingest;

import dev.sluice.health.domain.Observation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// What was heard of one instance and is not committed yet, in the order of receipt. Guarded by the buffer until it is drained; then only the flush touches it.
public final class Waiting {
  /// One heartbeat. Of a flood of equal ones the last stands for all.
  public record Run(String bootId, long sequence, Instant at, Observation seen) {}

  static final int RUNS = 16;
  final String instanceId;
  final int epoch;
  private final List<Run> runs = new ArrayList<>(1);
  private boolean watched;

  Waiting(String instanceId, int epoch) {
    this.instanceId = instanceId;
    this.epoch = epoch;
  }

  public String instanceId() { return instanceId; }

  public List<Run> runs() { return runs; }

  /// Whether an attempt waits for this evidence, as far as the replica knows.
  public boolean watched() { return watched; }

  void watch() { watched = true; }

  /// @return false: too many different heartbeats in one flush
  boolean add(Run run) {
    if (runs.size() >= RUNS) {
      var last = runs.getLast();
      if (!last.bootId().equals(run.bootId()) || last.seen() != run.seen()) return false;
      runs.removeLast();
    }
    runs.add(run);
    return true;
  }
}
