package dev.sluice.rollout.domain;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// How far a rollout has come, whatever its stage.
///
/// @param batch         the newest batch that was started; -1 before the first
/// @param backTo        batches from this one on have gone back; none where it is above `batch`
/// @param trips         how often the breaker has tripped
/// @param startedAt     null before the start
/// @param templateAsked whether the planner was asked to move the template to the target
/// @param released      whether the pair of template and module was freed
/// @param latest        the latest failures that count, at most 100, oldest first, by ordinal
/// @param pauses        how often it was paused
record Progress(int batch, int backTo, int trips, Instant startedAt, boolean templateAsked, boolean released, List<Integer> latest,
    int pauses) {
  private static final int LATEST = 100;
  static final Progress NONE = new Progress(-1, Integer.MAX_VALUE, 0, null, false, false, List.of(), 0);

  Progress started(Instant at) { return new Progress(batch, backTo, trips, at, templateAsked, released, latest, pauses); }

  Progress inBatch(int index) { return new Progress(index, backTo, trips, startedAt, templateAsked, released, latest, pauses); }

  /// A second rollback, of those that failed in the first, may go back in a later batch only.
  Progress back(int index) {
    return new Progress(batch, Math.min(backTo, index), trips, startedAt, templateAsked, released, latest, pauses);
  }

  Progress tripped() { return new Progress(batch, backTo, trips + 1, startedAt, templateAsked, released, latest, pauses); }

  Progress templateAsked(boolean asked) { return new Progress(batch, backTo, trips, startedAt, asked, released, latest, pauses); }

  Progress released(boolean free) { return new Progress(batch, backTo, trips, startedAt, templateAsked, free, latest, pauses); }

  Progress forgiven() { return new Progress(batch, backTo, trips, startedAt, templateAsked, released, List.of(), pauses); }

  Progress paused() { return new Progress(batch, backTo, trips, startedAt, templateAsked, released, latest, pauses + 1); }

  Progress failed(List<Integer> ordinals) {
    var all = new ArrayList<>(latest);
    all.addAll(ordinals);
    return new Progress(batch, backTo, trips, startedAt, templateAsked, released,
        List.copyOf(all.subList(Math.max(0, all.size() - LATEST), all.size())), pauses);
  }
}
