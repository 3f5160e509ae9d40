package dev.sluice.approval.api;

import dev.sluice.approval.domain.ApprovalDecider;
import dev.sluice.approval.domain.Consequences;
import dev.sluice.approval.domain.Consequences.Consequence;
import dev.sluice.approval.store.RequestStore.Dossier;
import dev.sluice.approval.store.RequestStore.RequestRow;
import dev.sluice.approval.store.RequestStore.VoteRow;
import dev.sluice.contract.Ask;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Policy;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.List;

/// A request as the REST shows it; the shape is in the OpenAPI document.
///
/// @param plan the revision that is asked about; null for a continuation
/// @param trip null for a plan
record RequestAnswer(RequestId id, String type, String status, String rolloutId, String templateId, String moduleId, int revision,
    String requestedBy,
    int requiredApprovals, List<VoteRow> votes, List<String> options, PlanSummary plan, TripSummary trip, List<PlanSummary> revisions,
    Instant createdAt,
    Instant expiresAt, Instant decidedAt, String decidedBy, String decision, String outcome, String comment) {

  static RequestAnswer of(Dossier dossier, Recount.Now now) {
    var r = dossier.request();
    var revisions = dossier.revisions().stream().map(PlanSummary::of).toList();
    var plan = revisions.stream().filter(p -> p.revision() == r.revision()).findFirst().orElse(null);
    return new RequestAnswer(r.id(), r.type(), r.status(), r.rolloutId(), r.templateId(), r.moduleId(), r.revision(), r.requestedBy(),
        r.requiredApprovals(), dossier.votes(), r.trip() == null ? ApprovalDecider.PLAN_OPTIONS : ApprovalDecider.CONTINUATION_OPTIONS,
        plan,
        r.trip() == null ? null : TripSummary.of(r, now), revisions, r.createdAt(), r.expiresAt(), r.decidedAt(), r.decidedBy(),
        r.decision(),
        r.outcome(), r.comment());
  }

  record Breaker(int maxConsecutiveFailures, int maxFailedPct) {}

  record Health(int timeoutSec, int minHealthySec) {}

  /// A revision without its members, in the words of `GET /v1/plans`.
  record PlanSummary(RolloutId rolloutId, int revision, String planHash, TemplateId templateId, ModuleId moduleId,
      VersionId targetVersionId,
      String targetVersion, List<String> fromVersions, int totalInstances, int batchSize, int batchCount, int batchPct,
      Integer maxBatchSize, int canarySize,
      Integer maxInFlight, boolean countAbsent, String orderByLabel, long estimatedTotalSeconds, Breaker circuitBreaker, Health health,
      Policy policy,
      List<String> warnings, boolean byModel, String madeBy, Instant madeAt) {

    static PlanSummary of(PlanHeader p) {
      var in = p.inputs();
      return new PlanSummary(p.rolloutId(), p.revision(), p.planHash(), in.templateId(), in.moduleId(), in.targetVersionId(),
          p.target().version(),
          p.origins().stream().map(VersionRef::version).distinct().toList(), p.slices().total(), p.slices().size(), p.slices().count(),
          in.batchPct(),
          in.maxBatchSize(), in.canarySize(), in.maxInFlight(), in.countAbsent(), in.orderByLabel(), p.estimatedTotalSeconds(),
          new Breaker(in.maxConsecutiveFailures(), in.maxFailedPct()), new Health(in.healthTimeoutSec(), in.minHealthySec()),
          p.policy().policy(),
          p.warnings(), p.byModel(), p.madeBy(), p.madeAt());
    }
  }

  /// What tripped, as it was then, and what the answers mean.
  ///
  /// @param consequences counted at `countedAt`: now, or at the trip where it is decided or nobody says
  record TripSummary(int number, int batchIndex, int batchNumber, BreakerRule rule, List<InstanceId> failedInstanceIds, int failedCount,
      int instructedCount, int remainingCount, String reason, List<Consequence> consequences, Instant countedAt) {

    static TripSummary of(RequestRow r, Recount.Now now) {
      var t = r.trip();
      var recounted = now.byRequest().get(r.id());
      var stake = recounted != null
          ? recounted
          : new Ask.Stake(r.id(), t.failedCount(), t.instructedCount(), 0, t.remainingCount());
      return new TripSummary(t.number(), t.batchIndex(), t.batchIndex() + 1, t.rule(), t.failedInstanceIds(), t.failedCount(),
          t.instructedCount(), t.remainingCount(), t.reason(), Consequences.of(stake), recounted != null ? now.at() : r.createdAt());
    }
  }
}
