package dev.sluice.rollout.store;

import dev.sluice.contract.Words;
import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Trip;
import dev.sluice.rollout.domain.Estimate;
import dev.sluice.rollout.domain.Refusal;
import dev.sluice.rollout.domain.Standing;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A rollout as the REST shows it; the shape is in the OpenAPI document.
public record RolloutView(RolloutId id, RolloutState state, RolloutState pausedFrom, List<String> legalCommands, long asOfSeq, int revision,
    String planHash, TemplateId templateId, ModuleId moduleId, String targetVersion, PlanInputs inputs, Map<String, Integer> counts,
    int regressedCount, int lateHealthyCount, Integer currentBatchIndex, int failureStreak, List<Batch> batches, Breaker circuitBreaker,
    RequestId approvalRequestId, RequestId continuationRequestId, Instant createdAt, Instant startedAt, Instant endedAt,
    Instant estimatedEndAt) {
  /// The times that the state does not remember.
  ///
  /// @param followed whether a later rollout of the pair was made
  /// @param batches  by index, of those that were started
  public record Times(Instant createdAt, Instant startedAt, Instant endedAt, Instant since, boolean followed,
      Map<Integer, BatchTimes> batches) {}

  /// @param endedAt null while it is open
  public record BatchTimes(Instant startedAt, Instant endedAt) {}

  public record Batch(int index, boolean canary, BatchPhase phase, int instanceCount, int healthyCount, int failedCount, int skippedCount,
      Instant startedAt, Instant endedAt) {}

  /// @param rule null where it is armed
  public record Breaker(String state, int maxConsecutiveFailures, int maxFailedPct, int trips, BreakerRule rule, Integer batchIndex,
      List<InstanceId> failedInstanceIds, String reason) {}

  /// @param maxBatches no batches are listed where there are more
  public static RolloutView of(Standing s, Times times, long asOfSeq, Instant now, int maxBatches) {
    var plan = s.plan();
    var id = plan.rolloutId();
    // who goes on after a pause or a decision has its whole time from then, at most
    var current = s.currentBatch().map(times.batches()::get)
        .map(t -> times.since() != null && times.since().isAfter(t.startedAt()) ? times.since() : t.startedAt()).orElse(null);
    int listed = plan.slices().count() > maxBatches ? 0 : plan.slices().count();
    return new RolloutView(id, s.state(), s.pausedFrom().orElse(null), Refusal.legal(s.state(), times.followed()), asOfSeq, plan.revision(),
        plan.planHash(),
        plan.inputs().templateId(), plan.inputs().moduleId(), plan.target().version(), plan.inputs(), counts(s), s.regressed(),
        s.lateHealthy(), s.currentBatch().orElse(null), s.failureStreak(),
        IntStream.range(0, listed).mapToObj(i -> batch(s, i, times.batches().get(i))).toList(), breaker(s), RequestId.ofPlan(id),
        s.continuation().orElse(null), times.createdAt(), s.startedAt().orElse(times.startedAt()), times.endedAt(),
        Estimate.end(s, current, now).orElse(null));
  }

  private static Map<String, Integer> counts(Standing s) {
    var counts = new LinkedHashMap<String, Integer>();
    counts.put("total", s.plan().slices().total());
    var byState = s.counts();
    for (var state : MemberState.values())
      counts.put(Words.of(state), byState.get(state));
    return counts;
  }

  private static Batch batch(Standing s, int index, BatchTimes times) {
    var b = s.batch(index);
    return new Batch(index, b.canary(), b.phase(), b.instanceCount(), b.healthyCount(), b.failedCount(), b.skippedCount(),
        times == null ? null : times.startedAt(),
        times == null || s.batchOpen() && s.currentBatch().orElse(-1) == index ? null : times.endedAt());
  }

  private static Breaker breaker(Standing s) {
    var inputs = s.plan().inputs();
    var trip = s.trip();
    return new Breaker(trip.isPresent() ? "tripped" : "armed", inputs.maxConsecutiveFailures(), inputs.maxFailedPct(), s.trips(),
        trip.map(Trip::rule).orElse(null), trip.map(Trip::batchIndex).orElse(null), trip.map(Trip::failedInstanceIds).orElse(List.of()),
        trip.map(Trip::reason).orElse(null));
  }
}
