package dev.sluice.rollout.domain;

import dev.sluice.contract.Choice;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.Stage.*;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// The state after an event: it decides nothing and refuses nothing.
final class Fold {
  private Fold() {}

  static Rollout evolve(Rollout r, RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.Planned e -> r.with(e.plan()).with(new AwaitingApproval());
      case RolloutEvent.PlanEdited e -> r.with(e.plan());
      case RolloutEvent.Approved _ -> r.with(new Approved());
      case RolloutEvent.Rejected _ -> r.with(new Ended(RolloutState.REJECTED));
      case RolloutEvent.Expired _ -> r.with(new Ended(RolloutState.EXPIRED));
      case RolloutEvent.Cancelled _ -> r.with(new Ended(RolloutState.CANCELLED));
      case RolloutEvent.Started e -> r.with(new Running(false, false)).with(r.progress().started(e.at()));
      case RolloutEvent.BatchStarted e -> r.with(new Running(true, false)).with(r.progress().inBatch(e.batchIndex()));
      case RolloutEvent.InstancesInstructed e ->
        change(r, e.instructions(), RolloutEvent.Instruction::ordinal, e.purpose() == Purpose.UPGRADE ? Member::told : Member::toldBack);
      case RolloutEvent.HandedOutRecorded e -> change(r, e.handings(), RolloutEvent.Handing::ordinal, Member::handed);
      case RolloutEvent.VerdictsRecorded e -> judged(r, e.verdicts());
      case RolloutEvent.RollbackVerdictsRecorded e -> judgedBack(r, e.verdicts());
      case RolloutEvent.MembersSkipped e -> marked(r, e.marks(), Member::skipped);
      case RolloutEvent.MembersRegressed e -> failing(marked(r, e.marks(), Member::fell),
          e.marks().stream().map(RolloutEvent.Mark::ordinal).toList());
      case RolloutEvent.LateHealthyRecorded e -> change(r, e.marks(), RolloutEvent.Mark::ordinal, Member::late);
      case RolloutEvent.WithdrawalsAsked e -> change(r, e.withdrawals(), RolloutEvent.Instruction::ordinal, Member::asked);
      case RolloutEvent.WithdrawalsRecorded e -> withdrawn(r, e.withdrawals());
      case RolloutEvent.BatchCompleted _ -> r.with(closed(r.stage()));
      case RolloutEvent.BreakerTripped e ->
        r.with(new AwaitingDecision(e.requestId(), e.trip(), open(r.stage()))).with(r.progress().tripped());
      case RolloutEvent.ContinuationDecided e -> continued(r, e.choice());
      case RolloutEvent.Paused _ -> r.stage() instanceof Pausable left ? r.with(new Stage.Paused(left)).with(r.progress().paused()) : r;
      case RolloutEvent.Resumed _ -> r.stage() instanceof Stage.Paused(var left) ? r.with(resumed(left)) : r;
      case RolloutEvent.Aborted _ -> r.with(new Ended(RolloutState.ABORTED, r.stage() instanceof AwaitingDecision));
      case RolloutEvent.RollbackStarted e -> r.with(
          new RollingBack(e.batchIndex() + 1, false, Rollback.onlyFailed(r.stage()),
              Set.copyOf(e.unavailable()), false))
          .with(r.progress().released(false));
      case RolloutEvent.RollbackBatchStarted e -> backIn(r, e.batchIndex());
      case RolloutEvent.RollbackBatchEnded e -> r.with(closed(r.stage())).with(r.progress().back(e.batchIndex()));
      case RolloutEvent.FinishAsked _ -> finishing(r);
      case RolloutEvent.RolledBack e ->
        r.with(new Ended(e.failedCount() > 0 ? RolloutState.ROLLED_BACK_WITH_FAILURES : RolloutState.ROLLED_BACK))
            .with(r.progress().templateAsked(false));
      case RolloutEvent.Completed e ->
        r.with(new Ended(e.withFailures() ? RolloutState.COMPLETED_WITH_FAILURES : RolloutState.COMPLETED));
      case RolloutEvent.Released _ -> r.with(r.progress().released(true));
    };
  }

  private static <T> Rollout change(Rollout r, List<T> items, ToIntFunction<T> ordinal, UnaryOperator<Member> change) {
    return r.with(r.members().change(items, ordinal, (_, member) -> change.apply(member)));
  }

  private interface Marking {
    Member of(Member member, Reason reason);
  }

  private static Rollout marked(Rollout r, List<RolloutEvent.Mark> marks, Marking marking) {
    return r.with(r.members().change(marks, RolloutEvent.Mark::ordinal, (mark, member) -> marking.of(member, mark.reason())));
  }

  private static Rollout judged(Rollout r, List<RolloutEvent.Verdict> verdicts) {
    boolean countAbsent = r.plan().inputs().countAbsent();
    var next = r.with(r.members().change(verdicts, RolloutEvent.Verdict::ordinal,
        (v, member) -> member.judged(v.healthy(), v.reason(), countAbsent || v.reason() != Reason.NEVER_HANDED_OUT)));
    return failing(next, verdicts.stream().map(RolloutEvent.Verdict::ordinal).toList());
  }

  private static Rollout failing(Rollout r, List<Integer> ordinals) {
    var counted = ordinals.stream().filter(i -> r.members().get(i).counted()).toList();
    return counted.isEmpty() ? r : r.with(r.progress().failed(counted));
  }

  private static Rollout judgedBack(Rollout r, List<RolloutEvent.Verdict> verdicts) {
    return r.with(r.members().change(verdicts, RolloutEvent.Verdict::ordinal, (v, member) -> member.judgedBack(v.healthy(), v.reason())));
  }

  private static Rollout withdrawn(Rollout r, List<RolloutEvent.Withdrawal> withdrawals) {
    return r.with(r.members().change(withdrawals, RolloutEvent.Withdrawal::ordinal, (w, member) -> member.answered(w.withdrawn())));
  }

  /// The breaker is armed with all counts at zero; to try the failed ones again is to have them pending.
  private static Rollout continued(Rollout r, Choice choice) {
    if (choice != Choice.CONTINUE_ANYWAY && choice != Choice.RETRY_FAILED) return r;
    var members = r.members();
    var forgiven = members.change(members.where(0, members.size(), Member::failing), Member::forgiven);
    boolean open = open(r.stage());
    if (choice == Choice.RETRY_FAILED) {
      int batch = r.progress().batch();
      int[] failed = forgiven.where(r.slices().from(batch), r.slices().to(batch), Member::failing).toArray();
      forgiven = forgiven.change(IntStream.of(failed), Member::retried);
      open |= failed.length > 0;
    }
    return r.with(forgiven).with(new Running(open, false)).with(r.progress().forgiven());
  }

  private static Rollout backIn(Rollout r, int batch) {
    var s = (RollingBack) r.stage();
    var back = r.members().where(r.slices().from(batch), r.slices().to(batch), Rollback.touches(s.onlyFailed()));
    return r.with(r.members().change(back, Member::goingBack))
        .with(new RollingBack(batch, true, s.onlyFailed(), s.unavailable(), false));
  }

  private static Rollout finishing(Rollout r) {
    return switch (r.stage()) {
      case Running s -> r.with(new Running(s.open(), true)).with(r.progress().templateAsked(true));
      case RollingBack s -> r.with(new RollingBack(s.batch(), s.open(), s.onlyFailed(), s.unavailable(), true));
      default -> r;
    };
  }

  /// What was asked of the planner before the pause is asked again.
  private static Stage resumed(Pausable left) {
    return switch (left) {
      case Running s -> new Running(s.open(), false);
      case RollingBack s -> new RollingBack(s.batch(), s.open(), s.onlyFailed(), s.unavailable(), false);
      case Approved s -> s;
    };
  }

  private static Stage closed(Stage stage) {
    return switch (stage) {
      case Running s -> new Running(false, s.finishing());
      case RollingBack s -> new RollingBack(s.batch(), false, s.onlyFailed(), s.unavailable(), s.finishing());
      case Stage.Paused(Pausable left) when closed(left) instanceof Pausable next -> new Stage.Paused(next);
      default -> stage;
    };
  }

  /// Whether a batch on the way up is open.
  static boolean open(Stage stage) {
    return switch (stage) {
      case Running s -> s.open();
      case Stage.Paused(var left) -> open(left);
      case AwaitingDecision s -> s.open();
      default -> false;
    };
  }
}
