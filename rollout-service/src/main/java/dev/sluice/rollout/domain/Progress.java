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
record Progress(int batch, int backTo, int trips, Instant startedAt, boolean templateAsked, boolean released, List<Integer> latest) {
  private static final int LATEST = 100;
  static final Progress NONE = new Progress(-1, Integer.MAX_VALUE, 0, null, false, false, List.of());

  Progress started(Instant at) { return new Progress(batch, backTo, trips, at, templateAsked, released, latest); }

  Progress inBatch(int index) { return new Progress(index, backTo, trips, startedAt, templateAsked, released, latest); }

  Progress back(int index) { return new Progress(batch, index, trips, startedAt, templateAsked, released, latest); }

  Progress tripped() { return new Progress(batch, backTo, trips + 1, startedAt, templateAsked, released, latest); }

  Progress templateAsked(boolean asked) { return new Progress(batch, backTo, trips, startedAt, asked, released, latest); }

  Progress released(boolean free) { return new Progress(batch, backTo, trips, startedAt, templateAsked, free, latest); }

  Progress forgiven() { return new Progress(batch, backTo, trips, startedAt, templateAsked, released, List.of()); }

  Progress failed(List<Integer> ordinals) {
    var all = new ArrayList<>(latest);
    all.addAll(ordinals);
    return new Progress(batch, backTo, trips, startedAt, templateAsked, released,
        List.copyOf(all.subList(Math.max(0, all.size() - LATEST), all.size())));
  }
}
