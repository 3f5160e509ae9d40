package dev.sluice.planner.api;

import dev.sluice.contract.RolloutId;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.PlanHeader;
import dev.sluice.planner.store.MemberStore.Excluded;
import dev.sluice.planner.store.Shown;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/// A plan as people and programs are shown it. Up to 1,000 instances each batch names its instances; above, it counts them. At most 1,000 batches and 1,000
/// excluded instances at once; the rest is paged.
final class PlanAnswer {
  static final int MOST = 1_000;

  private PlanAnswer() {}

  /// What the rollout has come to; none of a plan that was not kept.
  ///
  /// @param rolloutId null where there is no rollout, as `state`
  /// @param phase     of a batch
  record Standing(String rolloutId, String state, IntFunction<BatchPhase> phase) {
    static final Standing NONE = new Standing(null, null, _ -> BatchPhase.PENDING);
  }

  /// @param ids       all members in plan order; null above 1,000
  /// @param excluded  the first of those left out
  /// @param fromBatch the first batch to show
  /// @param limit     how many batches at most
  static Map<String, Object> of(PlanHeader plan, Shown shown, List<String> ids, List<Excluded> excluded, Standing standing, int fromBatch,
      int limit) {
    var inputs = plan.inputs();
    var slices = plan.slices();
    int toBatch = (int) Math.min(slices.count(), (long) fromBatch + limit);
    var body = new LinkedHashMap<String, Object>();
    body.put("rollout_id", standing.rolloutId());
    body.put("revision", plan.revision());
    body.put("plan_hash", plan.planHash());
    body.put("template_id", inputs.templateId());
    body.put("module_id", inputs.moduleId());
    body.put("target_version_id", inputs.targetVersionId());
    body.put("target_version", plan.target().version());
    body.put("total_instances", slices.total());
    body.put("batch_size", slices.size());
    body.put("batch_count", slices.count());
    body.put("estimated_total_seconds", plan.estimatedTotalSeconds());
    body.put("circuit_breaker",
        Map.of("max_consecutive_failures", inputs.maxConsecutiveFailures(), "max_failed_pct", inputs.maxFailedPct()));
    body.put("health", Map.of("timeout_sec", inputs.healthTimeoutSec(), "min_healthy_sec", inputs.minHealthySec()));
    body.put("inputs", inputs);
    body.put("batches", batches(plan, ids, standing, fromBatch, toBatch));
    body.put("next_cursor", toBatch < slices.count() ? Integer.toString(toBatch) : null);
    body.put("excluded", excluded);
    body.put("excluded_count", shown.excludedCount());
    body.put("excluded_by_reason", shown.excludedByReason());
    body.put("learnings", shown.learnings());
    body.put("history", shown.history());
    body.put("warnings", plan.warnings());
    body.put("approval_request_id", standing.rolloutId() == null ? null : RequestId.ofPlan(new RolloutId(standing.rolloutId())).value());
    body.put("state", standing.state());
    body.put("made_by", plan.madeBy());
    body.put("made_at", plan.madeAt());
    if (shown.note() != null) body.put("note", shown.note());
    return body;
  }

  private static List<Object> batches(PlanHeader plan, List<String> ids, Standing standing, int from, int to) {
    var slices = plan.slices();
    var batches = new ArrayList<>();
    for (int i = from; i < to; i++) {
      var batch = new LinkedHashMap<String, Object>();
      batch.put("index", i);
      batch.put("canary", slices.isCanary(i));
      batch.put("instance_count", slices.sizeOf(i));
      if (ids != null) batch.put("instance_ids", ids.subList(slices.from(i), slices.to(i)));
      batch.put("phase", standing.phase().apply(i));
      batches.add(batch);
    }
    return batches;
  }
}
