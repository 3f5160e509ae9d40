package dev.sluice.contract;

import java.time.Instant;
import java.util.List;

/// What the health-service saw of a rollout's members, told on `sluice.verdict`, keyed by the rollout. A report is evidence; the rollout-service records the verdict.
public sealed interface HealthReport {
  RolloutId rolloutId();

  /// Deliveries that were committed before the answer left.
  record HandedOut(RolloutId rolloutId, List<RolloutEvent.Handing> handings) implements HealthReport {}

  record Judged(RolloutId rolloutId, List<Judgement> judgements) implements HealthReport {}

  /// @param reason  null where healthy
  /// @param timeout whether a deadline passed (a timeout that arrives while paused is not recorded, nor one that did not know of
  ///                one)
  /// @param stops   how often its clock had been stopped, as far as the rollout's facts were known: by pauses, and by trips where it was not handed out; null
  ///                where that was not counted yet
  record Judgement(int ordinal, long generation, boolean healthy, boolean timeout, Reason reason, String detail, double seconds,
      Instant at, Integer stops) {}

  record WithdrawalsAnswered(RolloutId rolloutId, List<RolloutEvent.Withdrawal> withdrawals) implements HealthReport {}

  /// Members that were decommissioned or stopped.
  record Gone(RolloutId rolloutId, List<MemberReason> members) implements HealthReport {}

  /// Healthy members that are so no more.
  record Regressed(RolloutId rolloutId, List<MemberReason> members) implements HealthReport {}

  record LateHealthy(RolloutId rolloutId, List<MemberReason> members) implements HealthReport {}

  /// @param generation the attempt that it is about
  record MemberReason(int ordinal, long generation, Reason reason) {}
}
