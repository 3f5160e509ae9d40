package dev.sluice.contract;

import java.time.Instant;
import java.util.List;

/// The facts of one rollout: its one stream, from the plan to the end. Told by the rollout-service on `sluice.rollout`, keyed by the rollout.
/// What people are shown of each is in [Told].
public sealed interface RolloutEvent {
  record Planned(PlanHeader plan) implements RolloutEvent {}

  record PlanEdited(PlanHeader plan, String actor) implements RolloutEvent {}

  record Approved(RequestId requestId, int revision, String actor, String comment) implements RolloutEvent {}

  record Rejected(RequestId requestId, String actor, String comment) implements RolloutEvent {}

  record Expired(RequestId requestId) implements RolloutEvent {}

  /// Given up before it was approved. `requestId` is null where nobody had been asked yet.
  record Cancelled(RequestId requestId, String actor, String comment) implements RolloutEvent {}

  record Started(int totalInstances, String targetVersion, Instant at) implements RolloutEvent {}

  record BatchStarted(int batchIndex, int instanceCount) implements RolloutEvent {}

  /// Desired versions given to members, at most 5,000 in one event. The health-service sets them and hands them out.
  record InstancesInstructed(int batchIndex, Purpose purpose, ModuleId moduleId, List<VersionRef> versions, List<Instruction> instructions,
      int healthTimeoutSec, int minHealthySec) implements RolloutEvent {
    public InstancesInstructed {
      versions = List.copyOf(versions);
      instructions = List.copyOf(instructions);
    }
  }

  /// @param generation the generation that the desired version gets
  /// @param version    the place in the event's `versions`
  record Instruction(int ordinal, InstanceId instanceId, long generation, int version) {}

  record HandedOutRecorded(List<Handing> handings) implements RolloutEvent {}

  record Handing(int ordinal, long generation, Instant at) {}

  /// Verdicts on the way up, each recorded once for each attempt.
  record VerdictsRecorded(List<Verdict> verdicts) implements RolloutEvent {}

  /// Verdicts on the way back.
  record RollbackVerdictsRecorded(List<Verdict> verdicts) implements RolloutEvent {}

  /// @param reason  null where healthy
  /// @param detail  the agent's own words, bounded; may be null
  /// @param seconds from the instruction to the evidence
  /// @param toVersion the version that it was to run
  record Verdict(int ordinal, InstanceId instanceId, int batchIndex, long generation, boolean healthy, Reason reason, String detail,
      double seconds,
      String toVersion, Instant at) {}

  record MembersSkipped(List<Mark> marks) implements RolloutEvent {}

  record MembersRegressed(List<Mark> marks) implements RolloutEvent {}

  /// Healthy after the deadline: they stay failed.
  record LateHealthyRecorded(List<Mark> marks) implements RolloutEvent {}

  /// @param reason null where the event says it all
  record Mark(int ordinal, InstanceId instanceId, int batchIndex, Reason reason) {}

  /// Instructions to take back where they have not been handed out yet; the answer is [HealthReport.WithdrawalsAnswered].
  record WithdrawalsAsked(ModuleId moduleId, List<VersionRef> versions, List<Instruction> withdrawals) implements RolloutEvent {
    public WithdrawalsAsked {
      versions = List.copyOf(versions);
      withdrawals = List.copyOf(withdrawals);
    }
  }

  record WithdrawalsRecorded(List<Withdrawal> withdrawals) implements RolloutEvent {}

  /// @param withdrawn  whether it was taken back; false: it had been handed out
  /// @param generation the desired version's generation after it
  record Withdrawal(int ordinal, boolean withdrawn, long generation) {}

  record BatchCompleted(int batchIndex, int healthyCount, int failedCount, int skippedCount) implements RolloutEvent {}

  record BreakerTripped(RequestId requestId, Trip trip) implements RolloutEvent {}

  /// The answer to a trip was taken. `continue_anyway` and `retry_failed` arm the breaker with all counts at zero.
  record ContinuationDecided(RequestId requestId, Choice choice, String actor, String comment) implements RolloutEvent {}

  record Paused(String actor, String comment) implements RolloutEvent {}

  record Resumed(String actor, String comment) implements RolloutEvent {}

  /// @param requestId the open request that this closes; may be null
  /// @param reason    `operator`, `decision`, `expired`, `target_unavailable`, `plan_withdrawn`
  record Aborted(RequestId requestId, String reason, String actor, String comment) implements RolloutEvent {}

  /// @param requestId the open request that this closes; may be null
  /// @param instances how many go back
  /// @param unavailable the versions that cannot be had: who would go back to one is `rollback_failed`
  record RollbackStarted(RequestId requestId, String actor, String comment, int batchIndex, int instances,
      List<VersionId> unavailable) implements RolloutEvent {}

  record RollbackBatchStarted(int batchIndex, int instanceCount) implements RolloutEvent {}

  record RollbackBatchEnded(int batchIndex) implements RolloutEvent {}

  /// All members have their verdict: the planner now moves the template, and the end is recorded when it has.
  record FinishAsked(TemplateId templateId, ModuleId moduleId, VersionRef to) implements RolloutEvent {}

  record RolledBack(int healthyCount, int failedCount) implements RolloutEvent {}

  record Completed(int healthyCount, int failedCount, int skippedCount, double durationSeconds,
      boolean withFailures) implements RolloutEvent {}

  /// The health-service has confirmed the last change of desired versions: the pair of template and module is free again.
  record Released() implements RolloutEvent {}
}
