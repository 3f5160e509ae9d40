package dev.sluice.simulation;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decider;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutCommand.Now;
import dev.sluice.rollout.domain.Roster;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The rollout-service: the real decider behind simulated topics.
final class RolloutSide extends Service {
  /// What is delivered of an open rollout, as of a place in its stream.
  record Delivery(String rollout, int seq, Purpose purpose) {}

  private final Map<String, List<PlanMember>> rosters = new HashMap<>();
  final Desk<Rollout, RolloutCommand, RolloutEvent> desk;
  boolean reconcilerPaused;

  RolloutSide(World world, Decider<Rollout, RolloutCommand, RolloutEvent> decider) {
    super(world, "rollout", Topics.PLAN, Topics.APPROVAL, Topics.VERDICT);
    desk = new Desk<>(Topics.ROLLOUT, decider, this::withRoster, (after, rows) -> {
      world.judge.rollout(rows);
      world.judge.knows(withRoster(after), rows.getFirst().stream());
    });
  }

  private Rollout withRoster(Rollout rollout) {
    if (rollout.plan() == null || rollout.roster() != null) return rollout;
    var members = rosters.get(rollout.plan().planHash());
    return members == null ? rollout : rollout.with(new Roster(members));
  }

  Now now() { return new Now(world.now, reconcilerPaused, List.of()); }

  Standing standing(String rollout) { return new Standing(desk.replayed(rollout)); }

  List<String> rollouts() { return List.copyOf(store.streams().keySet()); }

  @Override
  Work take(Replica replica, Row message) {
    return switch (message.event()) {
      case PlanEvent.MembersPlanned e -> {
        rosters.put(e.planHash(), e.members());
        yield start(replica, e.rolloutId().value());
      }
      case PlanEvent.RevisionPlanned e when e.plan().revision() == 1 ->
        hears(replica, message, _ -> new RolloutCommand.Open(now(), e.plan()), e.plan().madeBy());
      case PlanEvent.PlanWithdrawn e -> hears(replica, message, _ -> new RolloutCommand.Withdraw(now(), e.reason()), "planner");
      case PlanEvent.TemplateMoved e -> hears(replica, message, _ -> new RolloutCommand.TemplateMoved(now(), e.to()), "planner");
      case ApprovalEvent.PlanRequested e ->
        desk.handle(replica, e.plan().rolloutId().value(), _ -> new RolloutCommand.Open(now(), e.plan()), e.plan().madeBy());
      case ApprovalEvent.Revised e ->
        desk.handle(replica, e.rolloutId().value(), _ -> new RolloutCommand.Edit(now(), e.plan(), e.actor()), e.actor());
      case ApprovalEvent.PlanApproved e -> new Sequence(() -> desk.handle(replica, e.rolloutId().value(),
          _ -> new RolloutCommand.Approve(now(), e.requestId(), e.revision(), e.actor(), e.comment()), e.actor()),
          () -> start(replica, e.rolloutId().value()));
      case ApprovalEvent.PlanRejected e -> desk.handle(replica, e.rolloutId().value(),
          _ -> new RolloutCommand.Reject(now(), e.requestId(), e.actor(), e.comment()), e.actor());
      case ApprovalEvent.RequestExpired e -> desk.handle(replica, e.rolloutId().value(),
          _ -> e.type() == RequestType.ROLLING_UPGRADE_PLAN
              ? new RolloutCommand.Expire(now(), e.requestId())
              : new RolloutCommand.ExpireContinuation(now(), e.requestId()),
          "system");
      case ApprovalEvent.ContinuationDecided e -> {
        var missing = e.choice() == Choice.ROLLBACK_COMPLETED_BATCHES ? unavailable(e.rolloutId().value()) : List.<VersionId>of();
        yield desk.handle(replica, e.rolloutId().value(),
            _ -> new RolloutCommand.Choose(now(), e.requestId(), e.choice(), e.actor(), e.comment(), missing), e.actor());
      }
      case HealthReport report -> desk.handle(replica, report.rolloutId().value(), _ -> command(report), "health");
      default -> null;
    };
  }

  private Work hears(Replica replica, Row message, Function<Rollout, RolloutCommand> command, String actor) {
    return desk.handle(replica, message.stream(), command, actor);
  }

  private RolloutCommand command(HealthReport report) {
    return switch (report) {
      case HealthReport.HandedOut r -> new RolloutCommand.RecordHandings(now(), false, r.handings());
      case HealthReport.Judged r -> new RolloutCommand.RecordJudgements(now(), false, r.judgements());
      case HealthReport.WithdrawalsAnswered r -> new RolloutCommand.RecordWithdrawals(now(), false, r.withdrawals());
      case HealthReport.Gone r -> new RolloutCommand.RecordGone(now(), false, r.members());
      case HealthReport.Regressed r -> new RolloutCommand.RecordRegressed(now(), false, r.members());
      case HealthReport.LateHealthy r -> new RolloutCommand.RecordLateHealthy(now(), false, r.members());
    };
  }

  /// Starts what is approved and whose members are known; the planner is asked first whether the target can still be had.
  private Work start(Replica replica, String rollout) {
    var standing = new Standing(desk.load(replica, rollout));
    if (!standing.exists() || standing.state() != RolloutState.APPROVED || !standing.hasRoster()) return null;
    return new Asking<>(world, world.planner, () -> world.planner.available(standing.plan().target()),
        available -> desk.handle(replica, rollout, _ -> new RolloutCommand.Begin(now(), available), "system"));
  }

  private List<VersionId> unavailable(String rollout) {
    var plan = standing(rollout).plan();
    return plan == null
        ? List.of()
        : plan.origins().stream().filter(v -> !world.planner.available(v)).map(VersionRef::id).toList();
  }

  /// The reconciler looks at every rollout.
  void tick(Replica replica) {
    for (var rollout : rollouts())
      replica.wishes.add(new Sequence(() -> start(replica, rollout),
          () -> desk.handle(replica, rollout, _ -> new RolloutCommand.Tick(now()), "reconciler")));
  }

  /// An operator's command, at any process.
  void wish(Replica replica, String rollout, Function<Rollout, RolloutCommand> command) {
    replica.wishes.add(desk.handle(replica, rollout, command, "ann", (asked, decision) -> world.judge.command(rollout, asked, decision)));
  }

  /// What has ended goes back only where the planner gives the pair again.
  void rollback(Replica replica, String rollout) {
    var standing = standing(rollout);
    if (!standing.exists()) return;
    if (!standing.state().ended()) wish(replica, rollout, _ -> rollback(rollout, null));
    else
      replica.wishes.add(new Asking<>(world, world.planner, () -> world.planner.claimForRollback(rollout),
          until -> until == null ? null : desk.handle(replica, rollout, _ -> rollback(rollout, until), "ann")));
  }

  private RolloutCommand rollback(String rollout, Instant pairUntil) {
    return new RolloutCommand.Rollback(now(), "ann", null, unavailable(rollout), pairUntil);
  }

  List<Delivery> deliveries() {
    var all = new ArrayList<Delivery>();
    for (var rollout : rollouts()) {
      var standing = standing(rollout);
      if (standing.exists() && !standing.state().ended())
        all.add(new Delivery(rollout, store.stream(rollout).size(), standing.delivers().orElse(null)));
    }
    return all;
  }
}
