package dev.sluice.rollout.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.BatchCompleted;
import dev.sluice.contract.RolloutEvent.BatchStarted;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.RollbackBatchEnded;
import dev.sluice.contract.RolloutEvent.RollbackBatchStarted;
import dev.sluice.contract.Trip;
import dev.sluice.rollout.domain.RolloutCommand.*;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The rule that a decision went by, for the record: a trip of the breaker before all else, what a person wished, else the gate of a batch, else what the command
/// is for.
///
/// @param name       one of the words of the OpenAPI document; they stay as they are
/// @param parameters what the rule was measured by, from the plan and its policy; in the order of their names
public record Rule(String name, Map<String, Object> parameters) {
  public Rule {
    parameters = Collections.unmodifiableMap(new TreeMap<>(parameters));
  }

  /// @param after the state after the events
  static Rule of(RolloutCommand command, List<RolloutEvent> events, Rollout after) {
    return events.stream().filter(BreakerTripped.class::isInstance).map(e -> trip(((BreakerTripped) e).trip(), after)).findFirst()
        .orElseGet(() -> untripped(command, events, after));
  }

  private static Rule trip(Trip trip, Rollout after) {
    var inputs = after.plan().inputs();
    return new Rule("breaker_" + Words.of(trip.rule()),
        Map.of("batch_index", trip.batchIndex(), "batch_size", after.slices().sizeOf(trip.batchIndex()), "canary_size", inputs.canarySize(),
            "count_absent", inputs.countAbsent(), "max_consecutive_failures", inputs.maxConsecutiveFailures(), "max_failed_pct",
            inputs.maxFailedPct()));
  }

  private static Rule untripped(RolloutCommand command, List<RolloutEvent> events, Rollout after) {
    var plan = after.plan();
    var policy = plan.policy();
    var inputs = plan.inputs();
    return switch (command) {
      case Open _,Edit _ -> new Rule("plan", Map.of("plan_hash", plan.planHash(), "revision", plan.revision()));
      case Withdraw _ -> new Rule("plan_withdrawal", Map.of());
      case Approve _ -> new Rule("approval", Map.of("policy", policy.policy(), "required_approvals", policy.requiredApprovals(), "revision",
          plan.revision(), "separation_of_duties", policy.separationOfDuties()));
      case Reject _ -> new Rule("rejection", Map.of("revision", plan.revision()));
      case Expire _ -> new Rule("expiry", Map.of("expires_after_sec", policy.expiresAfterSec()));
      case Begin c -> new Rule("start", Map.of("target_available", c.targetAvailable(), "target_version_id", inputs.targetVersionId()));
      case Operator _ -> new Rule("operator_command", Map.of());
      case Choose c -> new Rule("continuation", Map.of("choice", c.choice(), "required_approvals", policy.requiredApprovals()));
      case ExpireContinuation _ -> new Rule("expiry", Map.of("expires_after_sec", policy.continuationExpiresAfterSec()));
      case TemplateMoved _ -> new Rule("completion", Map.of());
      case Tick _ -> gate("batch_gate", command, after); // nothing else waits for the reconciler
      case Report _ when any(events, BatchStarted.class, BatchCompleted.class) -> gate("batch_gate", command, after);
      case Report _ when any(events, RollbackBatchStarted.class, RollbackBatchEnded.class) -> gate("rollback_gate", command, after);
      case Report _ -> new Rule("evidence", Map.of("count_absent", inputs.countAbsent(), "health_timeout_sec", inputs.healthTimeoutSec(),
          "min_healthy_sec", inputs.minHealthySec()));
    };
  }

  private static Rule gate(String name, RolloutCommand command, Rollout after) {
    return new Rule(name, Map.of("batch_count", after.slices().count(), "reconciler_paused", command.now().reconcilerPaused()));
  }

  private static boolean any(List<RolloutEvent> events, Class<?> one, Class<?> other) {
    return events.stream().anyMatch(e -> one.isInstance(e) || other.isInstance(e));
  }
}
