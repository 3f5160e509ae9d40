package dev.sluice.rollout.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Trip;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// When the circuit breaker trips; `behaviour.md`, Circuit breaker. It is asked after each single failed verdict or regression while
/// it is armed: when the rollout runs, or is paused out of running.
///
/// Streak: the longest run of failures in plan order, passing over members without a verdict and skipped ones, ended by a healthy one.
/// Ratio: more than max(`max_consecutive_failures`, ceil(size * `max_failed_pct` / 100)) of a batch. Canary: any of them.
/// What a continuation has forgiven, and with `count_absent: false` who was never there, is passed over by all three.
final class Breaker {
  /// The most ids that a trip names.
  private static final int NAMED = 100;

  private Breaker() {}

  static boolean armed(Stage stage) {
    return stage instanceof Stage.Running || stage instanceof Stage.Paused(Stage.Running _);
  }

  /// The trip that the failure of a member makes, if any.
  static Optional<RolloutEvent> after(Rollout r, int ordinal) {
    if (!armed(r.stage()) || !r.members().get(ordinal).counted()) return Optional.empty();
    var inputs = r.plan().inputs();
    int limit = inputs.maxConsecutiveFailures();
    int batch = r.slices().batchOf(ordinal);
    int size = r.slices().sizeOf(batch);
    if (r.members().tally(0, r.slices().to(r.progress().batch())).longestStreak() >= limit) {
      var run = run(r, ordinal);
      return Optional
          .of(trip(r, BreakerRule.STREAK, batch, run, run.length + " failed in a row in plan order; max_consecutive_failures is " + limit));
    }
    int failed = r.tally(batch).counted();
    int threshold = Math.max(limit, Math.toIntExact(Math.ceilDiv((long) size * inputs.maxFailedPct(), 100L)));
    if (failed > threshold)
      return Optional.of(trip(r, BreakerRule.RATIO, batch, latest(r, batch), failed + " of the " + size + " instances of batch "
          + (batch + 1) + " failed; more than " + threshold + " (max_failed_pct is " + inputs.maxFailedPct() + ") trips"));
    if (r.slices().isCanary(batch) && r.members().get(ordinal).countedInStreak())
      return Optional.of(trip(r, BreakerRule.CANARY, batch, latest(r, batch), "a canary failed"));
    return Optional.empty();
  }

  /// The trip of a batch that ended with nobody there, where the absent do not count.
  static Optional<RolloutEvent> withoutEvidence(Rollout r) {
    int batch = r.progress().batch();
    int from = r.slices().from(batch);
    int to = r.slices().to(batch);
    var tally = r.members().tally(from, to);
    int failed = tally.of(MemberState.FAILED);
    if (r.plan().inputs().countAbsent() || failed == 0 || tally.of(MemberState.HEALTHY) > 0) return Optional.empty();
    int[] absent = r.members().where(from, to, Member::absent).toArray();
    int[] anew = IntStream.of(absent).filter(i -> !r.members().get(i).forgivenBefore()).toArray();
    if (absent.length < failed || anew.length == 0) return Optional.empty();
    int[] named = IntStream.of(anew).skip(Math.max(0, anew.length - NAMED)).toArray();
    return Optional.of(trip(r, BreakerRule.NO_EVIDENCE, batch, named, "none of the " + failed + " instances of batch " + (batch + 1)
        + " was there to show that the version works"));
  }

  /// The failures that a member stands among, in plan order.
  private static int[] run(Rollout r, int ordinal) {
    int from = ordinal;
    int to = ordinal;
    int end = r.slices().to(r.progress().batch());
    while (from > 0 && !r.members().get(from - 1).endsStreak())
      from--;
    while (to < end && !r.members().get(to).endsStreak())
      to++;
    return r.members().where(from, to, Member::countedInStreak).toArray();
  }

  /// The latest of a batch that count.
  private static int[] latest(Rollout r, int batch) {
    return r.progress().latest().stream().mapToInt(i -> i).distinct()
        .filter(i -> r.slices().batchOf(i) == batch && r.members().get(i).counted()).toArray();
  }

  /// Counts who failed in that batch, and who is named of others: a run may have begun in an earlier one.
  ///
  /// @param failedIn the batch of the last failure: the current one, but for a regression
  private static RolloutEvent trip(Rollout r, BreakerRule rule, int failedIn, int[] named, String reason) {
    int number = r.progress().trips() + 1;
    int failed = r.tally(failedIn).failing() + (int) IntStream.of(named).filter(i -> r.slices().batchOf(i) != failedIn).count();
    var all = r.members().tally();
    var ids = IntStream.of(named).limit(NAMED).mapToObj(r.roster()::id).toList();
    return new RolloutEvent.BreakerTripped(RequestId.ofTrip(r.plan().rolloutId(), number),
        new Trip(number, r.progress().batch(), rule, ids, failed, all.goingBack(), all.untouched(),
            reason + causes(r, named)));
  }

  /// For example ` (apply_failed 2)`.
  private static String causes(Rollout r, int[] named) {
    var reasons = IntStream.of(named).mapToObj(i -> r.members().get(i).reason()).toList();
    var parts = Arrays.stream(Reason.values()).filter(reasons::contains)
        .map(why -> Words.of(why) + " " + reasons.stream().filter(why::equals).count()).toList();
    return parts.isEmpty() ? "" : " (" + String.join(", ", parts) + ")";
  }
}
