package dev.sluice.rollout.domain;

import dev.sluice.contract.Choice;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.List;

/// A wish that a rollout hears.
public sealed interface RolloutCommand {
  Now now();

  /// @param reconcilerPaused whether the reconciler is paused, whole or for the rollout's template: then no batch starts
  /// @param evidence         where the facts stand that brought it; empty where a person at this service or the clock did. Decides nothing
  record Now(Instant at, boolean reconcilerPaused, List<Evidence> evidence) {
    public Now {
      evidence = List.copyOf(evidence);
    }
  }

  /// The cursor of what was heard: facts of one stream of another service, from the first to the last of them.
  record Evidence(String topic, String stream, int epoch, long fromSeq, long toSeq) {}

  /// From an operator: refused where the table says so.
  sealed interface Operator extends RolloutCommand {
    String actor();

    String comment();
  }

  record Pause(Now now, String actor, String comment) implements Operator {}

  record Resume(Now now, String actor, String comment) implements Operator {}

  record Abort(Now now, String actor, String comment) implements Operator {}

  /// @param unavailable versions that cannot be had
  /// @param pairUntil   until when the planner keeps the pair of template and module for it; null where it was not asked, since the rollout had not ended
  record Rollback(Now now, String actor, String comment, List<VersionId> unavailable, Instant pairUntil) implements Operator {
    boolean hasPair() { return pairUntil != null && now.at().isBefore(pairUntil); }
  }

  /// The plan's first revision.
  record Open(Now now, PlanHeader plan) implements RolloutCommand {}

  record Edit(Now now, PlanHeader plan, String actor) implements RolloutCommand {}

  record Approve(Now now, RequestId requestId, int revision, String actor, String comment) implements RolloutCommand {}

  record Reject(Now now, RequestId requestId, String actor, String comment) implements RolloutCommand {}

  record Expire(Now now, RequestId requestId) implements RolloutCommand {}

  /// The planner took the plan back.
  record Withdraw(Now now, String reason) implements RolloutCommand {}

  /// Start what is approved.
  record Begin(Now now, boolean targetAvailable) implements RolloutCommand {}

  /// The answer to a trip.
  ///
  /// @param unavailable versions that cannot be had
  record Choose(Now now, RequestId requestId, Choice choice, String actor, String comment,
      List<VersionId> unavailable) implements RolloutCommand {}

  /// Nobody answered a trip in time: this means abort, never continue.
  record ExpireContinuation(Now now, RequestId requestId) implements RolloutCommand {}

  /// The planner set the template's version of the module.
  record TemplateMoved(Now now, VersionRef to) implements RolloutCommand {}

  /// Whatever nudge was lost: go on from here.
  record Tick(Now now) implements RolloutCommand {}

  /// What the health-service saw.
  sealed interface Report extends RolloutCommand {
    /// Whether more that is already known follows at once. Nothing follows by itself before all of it is heard: a batch must not start on the first half of what
    /// would have tripped the breaker.
    boolean more();
  }

  record RecordHandings(Now now, boolean more, List<RolloutEvent.Handing> handings) implements Report {}

  record RecordJudgements(Now now, boolean more, List<HealthReport.Judgement> judgements) implements Report {}

  record RecordWithdrawals(Now now, boolean more, List<RolloutEvent.Withdrawal> withdrawals) implements Report {}

  record RecordGone(Now now, boolean more, List<HealthReport.MemberReason> members) implements Report {}

  record RecordRegressed(Now now, boolean more, List<HealthReport.MemberReason> members) implements Report {}

  record RecordLateHealthy(Now now, boolean more, List<HealthReport.MemberReason> members) implements Report {}
}
