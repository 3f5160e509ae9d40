package dev.sluice.rollout.domain;

import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.VersionRef;
import dev.sluice.rollout.domain.RolloutCommand.*;
import dev.sluice.rollout.domain.Stage.*;
import java.time.Duration;

/// The rules of a rollout; `behaviour.md`, Execution. This file is the table: which command does what in which stage. What a report
/// means is in [Reports], when the breaker trips in [Breaker], the way back in [Rollback], and what follows by itself in [Advance].
///
/// A fact that comes too late, twice or from another attempt decides to nothing. Only an operator's command is ever refused.
public final class RolloutDecider implements Decider<Rollout, RolloutCommand, RolloutEvent> {
  @Override
  public Rollout initial() { return Rollout.ABSENT; }

  @Override
  public Rollout evolve(Rollout rollout, RolloutEvent event) { return Fold.evolve(rollout, event); }

  private record Row(Stage stage, RolloutCommand command) {}

  @Override
  public Decision<RolloutEvent> decide(Rollout rollout, RolloutCommand command) {
    var draft = new Draft(rollout, command.now());
    return switch (new Row(rollout.stage(), command)) {
      case Row(Absent _, Operator _) -> Refusal.absent();
      case Row(Absent _, Open c) -> draft.record(new RolloutEvent.Planned(c.plan())).accepted();
      case Row(_, Open _) -> Decision.nothing();
      case Row(AwaitingApproval _, Edit c) when c.plan().revision() > rollout.plan().revision() ->
        draft.record(new RolloutEvent.PlanEdited(c.plan(), c.actor())).accepted();
      case Row(_, Edit _) -> Decision.nothing();
      case Row(AwaitingApproval _, Approve c) when c.revision() == rollout.plan().revision() ->
        draft.record(new RolloutEvent.Approved(c.requestId(), c.revision(), c.actor(), c.comment())).accepted();
      case Row(_, Approve _) -> Decision.nothing();
      case Row(AwaitingApproval _, Reject c) ->
        draft.record(new RolloutEvent.Rejected(c.requestId(), c.actor(), c.comment())).accepted();
      case Row(_, Reject _) -> Decision.nothing();
      case Row(AwaitingApproval _, Expire c) -> draft.record(new RolloutEvent.Expired(c.requestId())).accepted();
      case Row(_, Expire _) -> Decision.nothing();
      case Row(AwaitingApproval _, Withdraw c) -> draft.record(new RolloutEvent.Cancelled(null, "planner", c.reason())).accepted();
      case Row(Absent _, Withdraw _),Row(Ended _, Withdraw _),Row(RollingBack _, Withdraw _),Row(Paused(RollingBack _), Withdraw _) ->
        Decision.nothing();
      case Row(_, Withdraw c) -> abort(draft, "plan_withdrawn", "planner", c.reason());
      case Row(Approved _, Begin c) -> begin(draft, c);
      case Row(_, Begin _) -> Decision.nothing();

      case Row(Pausable _, Pause c) -> draft.record(new RolloutEvent.Paused(c.actor(), c.comment())).accepted();
      case Row(Paused _, Pause _) -> Decision.nothing();
      case Row(var stage, Pause _) -> Refusal.of(rollout, stage);
      case Row(Paused _, Resume c) -> draft.record(new RolloutEvent.Resumed(c.actor(), c.comment())).accepted();
      case Row(Pausable _, Resume _) -> Decision.nothing();
      case Row(var stage, Resume _) -> Refusal.of(rollout, stage);
      case Row(AwaitingApproval _, Abort c) ->
        draft.record(new RolloutEvent.Cancelled(RequestId.ofPlan(rollout.plan().rolloutId()), c.actor(), c.comment())).accepted();
      case Row(Ended(var as, _), Abort _) when as == RolloutState.ABORTED -> Decision.nothing();
      case Row(Ended stage, Abort _) -> Refusal.of(rollout, stage);
      case Row(_, Abort c) -> abort(draft, "operator", c.actor(), c.comment());
      case Row(Paused(RollingBack _), RolloutCommand.Rollback c) ->
        draft.record(new RolloutEvent.Resumed(c.actor(), c.comment())).accepted();
      case Row(Running _, RolloutCommand.Rollback c) -> Rollback.start(draft, null, c).accepted();
      case Row(Paused _, RolloutCommand.Rollback c) -> Rollback.start(draft, null, c).accepted();
      case Row(AwaitingDecision s, RolloutCommand.Rollback c) -> Rollback.start(draft, s.requestId(), c).accepted();
      case Row(RollingBack _, RolloutCommand.Rollback _) -> Decision.nothing();
      case Row(Ended(var as, _), RolloutCommand.Rollback c) when Refusal.legal(as).contains("rollback") -> Rollback.again(draft, c);
      case Row(var stage, RolloutCommand.Rollback _) -> Refusal.of(rollout, stage);

      case Row(AwaitingDecision s, Choose c) when s.requestId().equals(c.requestId()) -> chosen(draft, c);
      case Row(_, Choose _) -> Decision.nothing();
      case Row(AwaitingDecision s, ExpireContinuation c) when s.requestId().equals(c.requestId()) ->
        abort(draft, "expired", "system", null);
      case Row(_, ExpireContinuation _) -> Decision.nothing();
      case Row(Running(_, boolean finishing), TemplateMoved c) when finishing && VersionRef.same(c.to(), rollout.plan().target()) ->
        draft.record(completed(draft)).accepted();
      case Row(RollingBack s, TemplateMoved c) when s.finishing() && VersionRef.same(c.to(), rollout.plan().templateVersion()) ->
        draft.record(Rollback.done(rollout)).accepted();
      case Row(_, TemplateMoved _) -> Decision.nothing();

      case Row(_, Report c) when c.more() -> Reports.record(draft, c).acceptedSoFar();
      case Row(_, Report c) -> Reports.record(draft, c).accepted();
      case Row(_, Tick _) -> draft.accepted();
    };
  }

  private static Decision<RolloutEvent> begin(Draft draft, Begin command) {
    var rollout = draft.rollout();
    if (!command.targetAvailable()) return abort(draft, "target_unavailable", "system", null);
    if (rollout.roster() == null || command.now().reconcilerPaused()) return Decision.nothing();
    return draft.record(new RolloutEvent.Started(rollout.members().size(), rollout.plan().target().version(), command.now().at()))
        .accepted();
  }

  private static Decision<RolloutEvent> chosen(Draft draft, Choose c) {
    draft.record(new RolloutEvent.ContinuationDecided(c.requestId(), c.choice(), c.actor(), c.comment()));
    return switch (c.choice()) {
      case CONTINUE_ANYWAY, RETRY_FAILED -> draft.accepted();
      case ROLLBACK_COMPLETED_BATCHES -> Rollback.start(draft, null, c.actor(), c.comment(), c.unavailable()).accepted();
      case ABORT -> abort(draft, "decision", c.actor(), c.comment());
    };
  }

  /// Leaves the instances as they are. Those in flight are skipped, and what was not handed out is asked back: on the way up to the
  /// version before, on the way back to the target, which is what such a member was left with.
  private static Decision<RolloutEvent> abort(Draft draft, String reason, String actor, String comment) {
    var members = draft.rollout().members();
    int[] underWay = members.where(0, members.size(), Member::underWay).toArray();
    int[] up = members.where(0, members.size(), m -> m.state() == MemberState.IN_FLIGHT && m.undelivered()).toArray();
    int[] back = members.where(0, members.size(), m -> m.sentBack() && m.undelivered()).toArray();
    var closes = draft.rollout().stage() instanceof AwaitingDecision s && !reason.equals("decision") ? s.requestId() : null;
    draft.record(new RolloutEvent.Aborted(closes, reason, actor, comment));
    Reports.skip(draft, underWay, Reason.ABORTED_IN_FLIGHT);
    return draft.askBack(up).askBackToTarget(back).accepted();
  }

  private static RolloutEvent completed(Draft draft) {
    var rollout = draft.rollout();
    var tally = rollout.members().tally();
    int failed = tally.of(MemberState.FAILED);
    var took = Math.max(0, Duration.between(rollout.progress().startedAt(), draft.now().at()).toMillis());
    return new RolloutEvent.Completed(tally.of(MemberState.HEALTHY), failed,
        tally.of(MemberState.SKIPPED), took / 1000.0, failed + tally.fallen() > 0);
  }
}
