package dev.sluice.rollout.domain;

import dev.sluice.contract.Decision;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The way back; `behaviour.md`, Circuit breaker, `rollback_completed_batches`.
///
/// Every member that was instructed goes back to its own version before: newest batch first, a batch at once, the next one when each
/// of this one has its verdict or is gone. Failures never stop it. An instruction that is not known as handed out is asked back first;
/// whoever never met the target needs no more than that.
final class Rollback {
  private Rollback() {}

  static Draft start(Draft draft, RequestId closes, RolloutCommand.Rollback c) {
    return start(draft, closes, c.actor(), c.comment(), c.unavailable());
  }

  static Draft start(Draft draft, RequestId closes, String actor, String comment, List<VersionId> unavailable) {
    var r = draft.rollout();
    int instances = (int) r.members().where(0, r.members().size(), touches(onlyFailed(r.stage()))).count();
    return draft
        .record(new RolloutEvent.RollbackStarted(closes, actor, comment, Math.max(0, r.progress().batch()), instances, unavailable));
  }

  /// Of an ended rollout. Refused where no version that is needed can be had, and without its pair: another rollout may have it by now.
  static Decision<RolloutEvent> again(Draft draft, RolloutCommand.Rollback c) {
    var r = draft.rollout();
    if (new Standing(r).noneCanGoBack(c.unavailable()))
      return Refusal.gone(r, needed(r).stream().map(v -> v.id().value()).toList());
    if (!c.hasPair()) return Refusal.ended(r);
    return start(draft, null, c).accepted();
  }

  /// The versions before of those that a rollback touches.
  static List<VersionRef> needed(Rollout r) {
    return r.members().where(0, r.members().size(), touches(onlyFailed(r.stage()))).map(i -> r.roster().origin(i)).distinct()
        .mapToObj(r.plan().origins()::get).toList();
  }

  /// Whether a rollback out of this stage is about those only that an earlier one failed on.
  static boolean onlyFailed(Stage stage) { return stage.equals(new Stage.Ended(RolloutState.ROLLED_BACK_WITH_FAILURES)); }

  /// Who goes back.
  static Predicate<Member> touches(boolean onlyFailed) {
    return onlyFailed ? m -> m.state() == MemberState.ROLLBACK_FAILED : Member::goesBack;
  }

  /// What follows by itself; false where nothing does.
  static boolean step(Draft draft, Stage.RollingBack s) {
    if (s.open()) {
      settle(draft, s);
      return end(draft, s);
    }
    if (s.finishing()) return false;
    var r = draft.rollout();
    for (int batch = s.batch() - 1; batch >= 0; batch--) {
      int count = (int) r.members().where(r.slices().from(batch), r.slices().to(batch), touches(s.onlyFailed())).count();
      if (count == 0) continue;
      draft.record(new RolloutEvent.RollbackBatchStarted(batch, count));
      return true;
    }
    var plan = r.plan();
    draft.record(r.progress().templateAsked()
        ? new RolloutEvent.FinishAsked(plan.inputs().templateId(), plan.inputs().moduleId(), plan.templateVersion())
        : done(r));
    return true;
  }

  static RolloutEvent done(Rollout r) {
    var tally = r.members().tally();
    return new RolloutEvent.RolledBack(tally.of(MemberState.ROLLED_BACK), tally.of(MemberState.ROLLBACK_FAILED));
  }

  private static boolean end(Draft draft, Stage.RollingBack s) {
    if (draft.rollout().tally(s.batch()).of(MemberState.ROLLING_BACK) > 0) return false;
    draft.record(new RolloutEvent.RollbackBatchEnded(s.batch()));
    return true;
  }

  /// Begins the way back of each member of the batch that waits for nothing.
  private static void settle(Draft draft, Stage.RollingBack s) {
    var r = draft.rollout();
    if (r.tally(s.batch()).unsettled() == 0) return;
    var back = new ArrayList<Integer>();
    var done = new ArrayList<RolloutEvent.Verdict>();
    var unknown = new ArrayList<Integer>();
    r.members().where(r.slices().from(s.batch()), r.slices().to(s.batch()), Member::unsettled).forEach(i -> {
      var member = r.members().get(i);
      var origin = r.plan().origins().get(r.roster().origin(i));
      if (!member.metTarget()) {
        if (member.withdrawn()) done.add(verdict(draft, s, i, null));
        else
          unknown.add(i);
      } else if (s.unavailable().contains(origin.id())) done.add(verdict(draft, s, i, Reason.VERSION_UNAVAILABLE));
      else
        back.add(i);
    });
    var inputs = r.plan().inputs();
    draft.recordAll(done, RolloutEvent.RollbackVerdictsRecorded::new);
    for (var v : done)
      if (draft.rollout().members().get(v.ordinal()).undelivered()) unknown.add(v.ordinal());
    draft.askBack(unknown.stream().mapToInt(i -> i).toArray());
    draft.recordAll(back.stream().map(i -> draft.instruction(i, r.roster().origin(i))).toList(),
        some -> new RolloutEvent.InstancesInstructed(s.batch(), Purpose.ROLLBACK, inputs.moduleId(), r.plan().origins(), some,
            inputs.healthTimeoutSec(), inputs.minHealthySec()));
  }

  /// The end of a way back that needs no instruction: `why` null where it never left.
  private static RolloutEvent.Verdict verdict(Draft draft, Stage.RollingBack s, int i, Reason why) {
    var r = draft.rollout();
    return new RolloutEvent.Verdict(i, r.roster().id(i), s.batch(), r.generation(i, r.members().get(i).generations()), why == null, why,
        null, 0, r.plan().origins().get(r.roster().origin(i)).version(), draft.now().at());
  }
}
