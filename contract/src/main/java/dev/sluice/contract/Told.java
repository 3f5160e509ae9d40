package dev.sluice.contract;

import static dev.sluice.contract.PublicEvent.critical;
import static dev.sluice.contract.PublicEvent.info;
import static dev.sluice.contract.PublicEvent.warning;

import java.util.List;

/// What is told to people of each fact: from none to one for each instance in it, in order. Pure, so that the service that counts them and the
/// gateway that shows them agree on every number. The field `actor`, where there is one, is lifted into the envelope too.
public final class Told {
  private Told() {}

  /// How many public events a fact is told as.
  public static int count(Object fact) {
    return switch (fact) {
      case RolloutEvent e -> count(e);
      case ApprovalEvent e -> of(e).size();
      case FleetEvent e -> of(e).size();
      case CatalogEvent _,ReconcilerEvent _ -> 1;
      default -> 0;
    };
  }

  /// The public events of a fact, in order.
  public static List<PublicEvent> of(Object fact) {
    return switch (fact) {
      case RolloutEvent e -> of(e);
      case ApprovalEvent e -> of(e);
      case FleetEvent e -> of(e);
      case ReconcilerEvent e -> List.of(of(e));
      case CatalogEvent.VersionPromoted e ->
        List.of(info("module.version.promoted", "version_id", e.versionId().value(), "version", e.version(), "from",
            Words.of(e.from()), "to", Words.of(e.to())));
      default -> List.of();
    };
  }

  private static int count(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.InstancesInstructed e -> e.purpose() == Purpose.UPGRADE ? e.instructions().size() : 0;
      case RolloutEvent.VerdictsRecorded e -> e.verdicts().size();
      case RolloutEvent.RollbackVerdictsRecorded e -> e.verdicts().size();
      case RolloutEvent.MembersSkipped e -> e.marks().size();
      case RolloutEvent.MembersRegressed e -> e.marks().size();
      default -> of(event).size();
    };
  }

  private static List<PublicEvent> of(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.Planned e -> List.of(planned("module.upgrade.planned", e.plan()));
      case RolloutEvent.PlanEdited e -> List.of(planned("module.upgrade.plan_edited", e.plan()));
      case RolloutEvent.Approved e -> List.of(decided("approved", "info", e.requestId(), e.actor(), e.comment()));
      case RolloutEvent.Rejected e -> List.of(decided("rejected", "warning", e.requestId(), e.actor(), e.comment()));
      case RolloutEvent.Expired e -> List.of(decided("expired", "warning", e.requestId(), "system", null));
      case RolloutEvent.Cancelled e -> List.of(decided("cancelled", "warning", e.requestId(), e.actor(), e.comment()));
      case RolloutEvent.Started e ->
        List.of(info("module.upgrade.started", "target_version", e.targetVersion(), "total_instances", e.totalInstances()));
      case RolloutEvent.BatchStarted e ->
        List.of(info("module.upgrade.batch_started", "batch_index", e.batchIndex(), "instance_count", e.instanceCount()));
      case RolloutEvent.InstancesInstructed e when e.purpose() == Purpose.UPGRADE -> e.instructions().stream()
          .map(i -> info("module.upgrade.instance_started",
              "batch_index", e.batchIndex(), "instance_id", i.instanceId().value(), "target_version",
              e.versions().get(i.version()).version(), "generation",
              i.generation()))
          .toList();
      case RolloutEvent.InstancesInstructed _,RolloutEvent.HandedOutRecorded _,RolloutEvent.LateHealthyRecorded _,RolloutEvent.WithdrawalsAsked _,RolloutEvent.WithdrawalsRecorded _,RolloutEvent.RollbackBatchStarted _,RolloutEvent.RollbackBatchEnded _,RolloutEvent.FinishAsked _,RolloutEvent.Released _ ->
        List
            .of();
      case RolloutEvent.VerdictsRecorded e -> e.verdicts().stream().map(Told::check).toList();
      case RolloutEvent.RollbackVerdictsRecorded e -> e.verdicts().stream().map(v -> v.healthy()
          ? info("module.upgrade.instance_rolled_back", "batch_index", v.batchIndex(), "instance_id", v.instanceId().value(), "to_version",
              v.toVersion(), "generation", v.generation())
          : check(v)).toList();
      case RolloutEvent.MembersSkipped e -> e.marks().stream().map(m -> mark("module.upgrade.instance_skipped", m)).toList();
      case RolloutEvent.MembersRegressed e -> e.marks().stream().map(m -> mark("module.upgrade.instance_regressed", m)).toList();
      case RolloutEvent.BatchCompleted e ->
        List.of(info("module.upgrade.batch_completed", "batch_index", e.batchIndex(), "healthy_count", e.healthyCount(),
            "failed_count", e.failedCount(), "skipped_count", e.skippedCount()));
      case RolloutEvent.BreakerTripped e ->
        List.of(critical("module.upgrade.circuit_breaker_tripped", "batch_index", e.trip().batchIndex(), "rule",
            Words.of(e.trip().rule()), "failed_instance_ids", e.trip().failedInstanceIds().stream().map(InstanceId::value).toList(),
            "failed_count",
            e.trip().failedCount(), "reason", e.trip().reason(), "approval_request_id", e.requestId().value()));
      case RolloutEvent.ContinuationDecided e ->
        List.of(warning("module.upgrade.continuation_decided", "decision", Words.of(e.choice()), "actor", e.actor(),
            "comment", e.comment(), "approval_request_id", e.requestId().value()));
      case RolloutEvent.Paused e -> List.of(warning("module.upgrade.paused", "actor", e.actor(), "comment", e.comment()));
      case RolloutEvent.Resumed e -> List.of(info("module.upgrade.resumed", "actor", e.actor(), "comment", e.comment()));
      case RolloutEvent.Aborted e ->
        List.of(warning("module.upgrade.aborted", "reason", e.reason(), "actor", e.actor(), "comment", e.comment()));
      case RolloutEvent.RollbackStarted e ->
        List.of(warning("module.upgrade.rollback_started", "batch_index", e.batchIndex(), "instance_count", e.instances(),
            "actor", e.actor(), "comment", e.comment()));
      case RolloutEvent.RolledBack e ->
        List.of(PublicEvent.of("module.upgrade.rolled_back", e.failedCount() > 0 ? "warning" : "info", "healthy_count", e.healthyCount(),
            "failed_count", e.failedCount()));
      case RolloutEvent.Completed e ->
        List.of(PublicEvent.of("module.upgrade.completed", e.withFailures() ? "warning" : "info", "healthy_count", e.healthyCount(),
            "failed_count", e.failedCount(), "skipped_count", e.skippedCount(), "duration_seconds", e.durationSeconds(), "with_failures",
            e.withFailures()));
    };
  }

  private static PublicEvent of(ReconcilerEvent event) {
    return switch (event) {
      case ReconcilerEvent.ReconcilerPaused e -> warning("reconciler.paused", "actor", e.actor(), "all", e.templateId() == null);
      case ReconcilerEvent.ReconcilerResumed e -> info("reconciler.resumed", "actor", e.actor(), "all", e.templateId() == null);
    };
  }

  private static List<PublicEvent> of(ApprovalEvent event) {
    return switch (event) {
      case ApprovalEvent.PolicyChanged e ->
        List.of(info("policy.changed", "action", e.action(), "policy", e.policy() == null ? null : Words.of(e.policy().policy()), "actor",
            e.actor()));
      case ApprovalEvent.ProceededWithoutApproval e -> List.of(warning("policy.proceeded_without_approval", "approval_request_id",
          e.requestId().value(), "revision", e.revision(), "policy", Words.of(e.policy())));
      default -> List.of();
    };
  }

  private static List<PublicEvent> of(FleetEvent event) {
    return switch (event) {
      case FleetEvent.InstanceEnrolled e ->
        List.of(info("fleet.instance_enrolled", "instance_id", e.instanceId().value(), "name", e.name()));
      case FleetEvent.InstanceDecommissioned e -> List.of(info("fleet.instance_decommissioned", "instance_id", e.instanceId().value()));
      case FleetEvent.InstanceSilent e ->
        List.of(warning("fleet.instance_silent", "instance_id", e.instanceId().value(), "last_heartbeat_at",
            String.valueOf(e.lastHeartbeatAt())));
      case FleetEvent.InstanceRecovered e -> List.of(info("fleet.instance_recovered", "instance_id", e.instanceId().value()));
      case FleetEvent.DuplicateIdentity e ->
        List.of(warning("fleet.duplicate_identity", "instance_id", e.instanceId().value(), "boot_id", e.bootId(),
            "other_boot_id", e.otherBootId()));
    };
  }

  private static PublicEvent planned(String kind, PlanHeader plan) {
    return info(kind, "revision", plan.revision(), "total_instances", plan.slices().total(), "batch_count", plan.slices().count(),
        "batch_pct",
        plan.inputs().batchPct());
  }

  private static PublicEvent decided(String what, String severity, RequestId request, String actor, String comment) {
    return PublicEvent.of("module.upgrade." + what, severity, "approval_request_id", request == null ? null : request.value(), "actor",
        actor,
        "comment", comment);
  }

  private static PublicEvent check(RolloutEvent.Verdict v) {
    return PublicEvent.of("module.upgrade.instance_health_check", v.healthy() ? "info" : "warning", "batch_index", v.batchIndex(),
        "instance_id",
        v.instanceId().value(), "healthy", v.healthy(), "reason", v.reason() == null ? null : Words.of(v.reason()), "detail", v.detail(),
        "seconds", v.seconds(), "generation", v.generation());
  }

  private static PublicEvent mark(String kind, RolloutEvent.Mark m) {
    return warning(kind, "batch_index", m.batchIndex(), "instance_id", m.instanceId().value(), "reason",
        m.reason() == null ? null : Words.of(m.reason()));
  }
}
