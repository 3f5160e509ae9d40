package dev.sluice.rollout.domain;

import dev.sluice.contract.HealthReport;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.rollout.domain.RolloutCommand.*;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/// What the health-service saw becomes what is recorded; `behaviour.md`, Execution. Evidence counts once, for the attempt that is
/// awaited; whatever is late, repeated or about another generation is passed over.
final class Reports {
  private Reports() {}

  static Draft record(Draft draft, Report report) {
    boolean nobodyInstructed = draft.rollout().progress().batch() < 0;
    if (nobodyInstructed) return draft;
    return switch (report) {
      case RecordHandings c -> handings(draft, c.handings());
      case RecordJudgements c -> judgements(draft, c.judgements());
      case RecordWithdrawals c -> withdrawals(draft, c.withdrawals());
      case RecordGone c -> gone(draft, c.members());
      case RecordRegressed c -> regressed(draft, c.members());
      case RecordLateHealthy c -> lateHealthy(draft, c.members());
    };
  }

  private static Draft handings(Draft draft, List<RolloutEvent.Handing> handings) {
    var r = draft.rollout();
    var seen = new HashSet<Integer>();
    var fresh = handings.stream().filter(h -> r.knows(h.ordinal())).filter(h -> {
      var member = r.members().get(h.ordinal());
      return member.instructed() && !member.handedOut() && !member.withdrawn()
          && r.counted(h.ordinal(), h.generation()) == member.attempt() && seen.add(h.ordinal());
    }).toList();
    return draft.recordAll(fresh, RolloutEvent.HandedOutRecorded::new);
  }

  /// Records verdicts in the order of the bulk and lets the breaker see each failed one; after a trip the rest is still recorded.
  private static Draft judgements(Draft draft, List<HealthReport.Judgement> judgements) {
    boolean back = draft.rollout().stage() instanceof Stage.RollingBack
        || draft.rollout().stage() instanceof Stage.Paused(Stage.RollingBack _);
    var fresh = fresh(draft.rollout(), judgements);
    if (back) draft.recordAll(fresh, Draft.DETAILED, RolloutEvent.RollbackVerdictsRecorded::new);
    else
      watched(draft, fresh, RolloutEvent.Verdict::ordinal, v -> !v.healthy(), RolloutEvent.VerdictsRecorded::new);
    return askBack(draft, fresh.stream().mapToInt(RolloutEvent.Verdict::ordinal));
  }

  /// Records what may trip the breaker, one event up to each trip.
  private static <T> void watched(Draft draft, List<T> items, ToIntFunction<T> ordinal, Predicate<T> failed,
      Function<List<T>, RolloutEvent> event) {
    var scratch = draft.rollout();
    int recorded = 0;
    int applied = 0;
    for (int i = 0; i < items.size() && Breaker.armed(draft.rollout().stage()); i++) {
      if (!failed.test(items.get(i))) continue;
      scratch = Fold.evolve(scratch, event.apply(items.subList(applied, i + 1)));
      applied = i + 1;
      var trip = Breaker.after(scratch, ordinal.applyAsInt(items.get(i)));
      if (trip.isEmpty()) continue;
      draft.recordAll(items.subList(recorded, applied), Draft.DETAILED, event).record(trip.get());
      recorded = applied;
    }
    draft.recordAll(items.subList(recorded, items.size()), Draft.DETAILED, event);
  }

  private static List<RolloutEvent.Verdict> fresh(Rollout r, List<HealthReport.Judgement> judgements) {
    boolean paused = r.stage() instanceof Stage.Paused;
    var seen = new HashSet<Integer>();
    var fresh = new ArrayList<RolloutEvent.Verdict>();
    for (var j : judgements) {
      if (!r.knows(j.ordinal()) || j.timeout() && (paused || missedStop(r, j))) continue;
      var member = r.members().get(j.ordinal());
      if (!member.awaits(r.counted(j.ordinal(), j.generation())) || !seen.add(j.ordinal())) continue;
      var to = member.state() == MemberState.IN_FLIGHT ? r.plan().target() : r.plan().origins().get(r.roster().origin(j.ordinal()));
      fresh.add(new RolloutEvent.Verdict(j.ordinal(), r.roster().id(j.ordinal()), r.slices().batchOf(j.ordinal()), j.generation(),
          j.healthy(), j.healthy() ? null : j.reason(), j.detail(), j.seconds(), to.version(), j.at()));
    }
    return fresh;
  }

  /// A timeout that did not know of a pause, or of a trip that withheld its instruction, counted that time. When it is known there, it is taken back, and judged
  /// anew.
  private static boolean missedStop(Rollout r, HealthReport.Judgement j) {
    int withheld = j.reason() == Reason.NEVER_HANDED_OUT ? r.progress().trips() : 0;
    return j.stops() != null && j.stops() != r.progress().pauses() + withheld;
  }

  private static Draft withdrawals(Draft draft, List<RolloutEvent.Withdrawal> withdrawals) {
    var r = draft.rollout();
    var seen = new HashSet<Integer>();
    var fresh = withdrawals.stream().filter(w -> r.knows(w.ordinal())).filter(w -> {
      var member = r.members().get(w.ordinal());
      long counted = r.counted(w.ordinal(), w.generation());
      return member.unanswered() && counted >= member.attempt() && seen.add(w.ordinal());
    }).toList();
    return draft.recordAll(fresh, RolloutEvent.WithdrawalsRecorded::new);
  }

  /// Skips who has no verdict yet. What a stopped one was not handed out is asked back; a decommissioned one answers no more.
  private static Draft gone(Draft draft, List<HealthReport.MemberReason> members) {
    for (var reason : List.of(Reason.DECOMMISSIONED, Reason.STOPPED)) {
      var left = members.stream().filter(m -> m.reason() == reason).toList();
      int[] skipped = of(draft.rollout(), left, Reports::canLeave);
      skip(draft, skipped, reason);
      if (reason == Reason.STOPPED) askBack(draft, IntStream.of(skipped));
      else
        answerFor(draft, left);
    }
    return draft;
  }

  private static boolean canLeave(Rollout r, HealthReport.MemberReason m) {
    var member = r.members().get(m.ordinal());
    return switch (r.stage()) {
      case Stage.Running _,Stage.AwaitingDecision _,Stage.Paused(Stage.Running _) -> member.state() == MemberState.PENDING
          || member.state() == MemberState.IN_FLIGHT && r.counted(m.ordinal(), m.generation()) == member.attempt();
      case Stage.RollingBack _,Stage.Paused(Stage.RollingBack _) ->
        // who has stopped and is not told where to go back yet is told: his desired version goes back, and then he is skipped
        member.state() == MemberState.ROLLING_BACK && r.counted(m.ordinal(), m.generation()) >= member.attempt()
            && (m.reason() == Reason.DECOMMISSIONED || member.sentBack());
      default -> false;
    };
  }

  private static void answerFor(Draft draft, List<HealthReport.MemberReason> left) {
    var r = draft.rollout();
    int[] unanswered = of(r, left, (_, m) -> r.members().get(m.ordinal()).unanswered());
    draft.recordAll(IntStream.of(unanswered)
        .mapToObj(i -> new RolloutEvent.Withdrawal(i, true, r.generation(i, r.members().get(i).generations()))).toList(),
        RolloutEvent.WithdrawalsRecorded::new);
  }

  private static Draft regressed(Draft draft, List<HealthReport.MemberReason> members) {
    var r = draft.rollout();
    var marks = new LinkedHashMap<Integer, RolloutEvent.Mark>();
    for (var m : members)
      if (r.knows(m.ordinal()) && canFall(r, m))
        marks.merge(m.ordinal(), draft.mark(m.ordinal(), m.reason()), (one, next) -> one.reason() == Reason.SILENT ? next : one);
    watched(draft, List.copyOf(marks.values()), RolloutEvent.Mark::ordinal, _ -> true, RolloutEvent.MembersRegressed::new);
    return draft;
  }

  /// Once, but for one that fell silent and then shows that it is worse: silence counts for the ratio only, what is seen for all.
  private static boolean canFall(Rollout r, HealthReport.MemberReason m) {
    var member = r.members().get(m.ordinal());
    boolean runs = Breaker.armed(r.stage()) || r.stage() instanceof Stage.AwaitingDecision;
    boolean worse = member.reason() == Reason.SILENT && m.reason() != Reason.SILENT;
    return runs && member.state() == MemberState.HEALTHY && (!member.regressed() || worse)
        && r.counted(m.ordinal(), m.generation()) == member.attempt();
  }

  private static Draft lateHealthy(Draft draft, List<HealthReport.MemberReason> members) {
    int[] late = of(draft.rollout(), members, (r, m) -> {
      var member = r.members().get(m.ordinal());
      return member.state() == MemberState.FAILED && !member.lateHealthy()
          && r.counted(m.ordinal(), m.generation()) == member.attempt();
    });
    return draft.recordAll(IntStream.of(late).mapToObj(i -> draft.mark(i, null)).toList(), RolloutEvent.LateHealthyRecorded::new);
  }

  private static int[] of(Rollout r, List<HealthReport.MemberReason> members, BiPredicate<Rollout, HealthReport.MemberReason> fits) {
    return members.stream().filter(m -> r.knows(m.ordinal()) && fits.test(r, m)).mapToInt(HealthReport.MemberReason::ordinal).distinct()
        .toArray();
  }

  static void skip(Draft draft, int[] ordinals, Reason reason) {
    draft.recordAll(IntStream.of(ordinals).mapToObj(i -> draft.mark(i, reason)).toList(), RolloutEvent.MembersSkipped::new);
  }

  private static Draft askBack(Draft draft, IntStream ordinals) {
    return draft.askBack(ordinals.filter(i -> draft.rollout().members().get(i).undelivered()).toArray());
  }
}
