package dev.sluice.rollout.domain;

import dev.sluice.contract.MemberState;
import dev.sluice.contract.RolloutState;

/// What a decision could count: its rollout in numbers, before it.
///
/// @param state         null before the plan
/// @param held          told on the way up, not handed out, and withheld now; not among `inFlight`
/// @param regressed     healthy members that are so no more
/// @param failureStreak the longest run of failures that count
/// @param trips         how often the breaker had tripped
/// @param batchIndex    the newest batch that was started; null before the first
/// @param batchFailed   its failures that count for the breaker; null before the first
public record Counters(RolloutState state, int pending, int inFlight, int held, int healthy, int failed, int skipped, int rollingBack,
    int rolledBack, int rollbackFailed, int regressed, int failureStreak, int trips, Integer batchIndex, Integer batchFailed) {
  static Counters of(Rollout rollout) {
    var standing = new Standing(rollout);
    var members = rollout.members().tally();
    int held = standing.holds() ? members.undelivered() : 0;
    var batch = standing.currentBatch();
    return new Counters(standing.state(), members.of(MemberState.PENDING), members.of(MemberState.IN_FLIGHT) - held, held,
        members.of(MemberState.HEALTHY), members.of(MemberState.FAILED), members.of(MemberState.SKIPPED),
        members.of(MemberState.ROLLING_BACK), members.of(MemberState.ROLLED_BACK), members.of(MemberState.ROLLBACK_FAILED),
        standing.regressed(), standing.failureStreak(), standing.trips(), batch.orElse(null),
        batch.map(b -> rollout.tally(b).counted()).orElse(null));
  }
}
