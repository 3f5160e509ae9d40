package dev.sluice.rollout.domain;

import dev.sluice.contract.Ask;
import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Trip;
import dev.sluice.contract.VersionId;
import dev.sluice.rollout.domain.Stage.*;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A rollout as people see it: pure functions of its state. Only for one that is not absent.
public record Standing(Rollout rollout) {
  /// One batch with its counts.
  ///
  /// @param waiting members without a verdict
  public record Batch(int index, boolean canary, BatchPhase phase, int instanceCount, int healthyCount, int failedCount,
      int skippedCount, int waiting) {}

  /// One member.
  ///
  /// @param reason      null where nothing is to be said
  /// @param generations used up since the plan
  public record MemberView(int ordinal, MemberState state, Reason reason, boolean handedOut, boolean regressed, boolean lateHealthy,
      int generations, boolean back) {}

  public PlanHeader plan() { return rollout.plan(); }

  public RolloutState state() { return rollout.stage().seen(); }

  /// The state that a pause was put on; empty where it is not paused.
  public Optional<RolloutState> pausedFrom() {
    return rollout.stage() instanceof Paused(var left) ? Optional.of(left.seen()) : Optional.empty();
  }

  public boolean exists() { return !(rollout.stage() instanceof Absent); }

  /// Whether the next decision may need to know who the members are.
  public boolean needsRoster() {
    return switch (rollout.stage()) {
      case Absent _,AwaitingApproval _ -> false;
      case Ended _ -> rollout.progress().batch() >= 0;
      case Approved _,Running _,Paused _,AwaitingDecision _,RollingBack _ -> true;
    };
  }

  public boolean hasRoster() { return rollout.roster() != null; }

  /// Whether all verdicts are in and only the planner's word is awaited.
  public boolean finishing() {
    return switch (rollout.stage()) {
      case Running s -> s.finishing();
      case RollingBack s -> s.finishing();
      default -> false;
    };
  }

  public boolean released() { return rollout.progress().released(); }

  public int unanswered() { return rollout.members().tally().unanswered(); }

  public Optional<Instant> startedAt() { return Optional.ofNullable(rollout.progress().startedAt()); }

  /// The newest batch that was started.
  public Optional<Integer> currentBatch() {
    int batch = rollout.progress().batch();
    return batch < 0 ? Optional.empty() : Optional.of(batch);
  }

  /// Whether the current batch has started and not ended.
  public boolean batchOpen() { return Fold.open(rollout.stage()); }

  public Optional<Trip> trip() {
    return rollout.stage() instanceof AwaitingDecision s ? Optional.of(s.trip()) : Optional.empty();
  }

  public Optional<RequestId> continuation() {
    return rollout.stage() instanceof AwaitingDecision s ? Optional.of(s.requestId()) : Optional.empty();
  }

  /// What the answers to the open trip would move; empty where none is open.
  public Optional<Ask.Stake> stake() {
    if (!(rollout.stage() instanceof AwaitingDecision s)) return Optional.empty();
    var all = rollout.members().tally();
    return Optional.of(new Ask.Stake(s.requestId(), rollout.tally(rollout.progress().batch()).failing(), all.goingBack(), all.undelivered(),
        all.untouched()));
  }

  public int trips() { return rollout.progress().trips(); }

  /// What the health-service may hand out now; empty: nothing.
  public Optional<Purpose> delivers() {
    return switch (rollout.stage()) {
      case Running _ -> Optional.of(Purpose.UPGRADE);
      case RollingBack _ -> Optional.of(Purpose.ROLLBACK);
      case Absent _,AwaitingApproval _,Approved _,Paused _,AwaitingDecision _,Ended _ -> Optional.empty();
    };
  }

  /// Whether a rollback would find nobody whose version before can be had.
  public boolean noneCanGoBack(List<VersionId> unavailable) {
    var needed = Rollback.needed(rollout);
    return !needed.isEmpty() && needed.stream().allMatch(v -> unavailable.contains(v.id()));
  }

  /// Members by state; they add up to the total.
  public Map<MemberState, Integer> counts() {
    var tally = rollout.members().tally();
    var counts = new EnumMap<MemberState, Integer>(MemberState.class);
    for (var state : MemberState.values())
      counts.put(state, tally.of(state));
    if (holds()) {
      counts.put(MemberState.HELD, tally.untold());
      counts.put(MemberState.IN_FLIGHT, tally.of(MemberState.IN_FLIGHT) - tally.undelivered());
      counts.put(MemberState.ROLLING_BACK, tally.of(MemberState.ROLLING_BACK) - (tally.untold() - tally.undelivered()));
    }
    return counts;
  }

  /// Whether instructions that were not handed out are held back now.
  public boolean holds() {
    return switch (rollout.stage()) {
      case AwaitingDecision _,Paused(Running _),Paused(RollingBack _) -> true;
      default -> false;
    };
  }

  public int regressed() { return rollout.members().tally().regressed(); }

  public int lateHealthy() { return rollout.members().tally().lateHealthy(); }

  /// The longest run of failures that count now.
  public int failureStreak() { return rollout.members().tally().longestStreak(); }

  public Batch batch(int index) {
    var tally = rollout.tally(index);
    return new Batch(index, rollout.slices().isCanary(index), phase(index), rollout.slices().sizeOf(index), tally.of(MemberState.HEALTHY),
        tally.of(MemberState.FAILED) + tally.of(MemberState.ROLLBACK_FAILED), tally.of(MemberState.SKIPPED), tally.waiting());
  }

  public MemberView member(int ordinal) {
    var m = rollout.members().get(ordinal);
    var state = holds() && m.untold() ? MemberState.HELD : m.state();
    return new MemberView(ordinal, state, m.reason(), m.handedOut(), m.regressed(), m.lateHealthy(), m.generations(), m.back());
  }

  /// The first members, in plan order, that the open batch waits for.
  public List<InstanceId> awaited(int limit) {
    int batch = rollout.stage() instanceof RollingBack s ? s.batch() : rollout.progress().batch();
    if (batch < 0 || batch >= rollout.slices().count() || rollout.roster() == null) return List.of();
    return rollout.members().where(rollout.slices().from(batch), rollout.slices().to(batch), Member::underWay).limit(limit)
        .mapToObj(rollout.roster()::id).toList();
  }

  /// Members under way, on the way up or back.
  public int underWay() {
    var tally = rollout.members().tally();
    return tally.of(MemberState.IN_FLIGHT) + tally.of(MemberState.ROLLING_BACK);
  }

  private BatchPhase phase(int index) {
    var progress = rollout.progress();
    var stage = rollout.stage() instanceof Paused(var left) ? left : rollout.stage();
    if (stage instanceof RollingBack s && s.open() && s.batch() == index) return BatchPhase.ROLLING_BACK;
    if (index >= progress.backTo())
      return index > progress.batch() ? BatchPhase.NOT_STARTED : BatchPhase.ROLLED_BACK;
    return switch (stage) {
      case Ended _,RollingBack _ when index > progress.batch() -> BatchPhase.NOT_STARTED;
      case AwaitingDecision _ when index == progress.batch() -> BatchPhase.TRIPPED;
      case Running s when s.open() && index == progress.batch() -> BatchPhase.RUNNING;
      case Ended s when s.tripped() && index == progress.batch() -> BatchPhase.TRIPPED;
      default -> index > progress.batch() ? BatchPhase.PENDING : BatchPhase.COMPLETED;
    };
  }
}
