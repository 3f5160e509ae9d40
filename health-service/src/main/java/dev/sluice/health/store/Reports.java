package dev.sluice.health.store;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.RolloutEvent.Handing;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/// What one transaction tells: for each rollout one report of each kind, however many instances it is about, and the transitions of instances. Appended last,
/// streams in the order of their names, so that two transactions never wait for each other in a ring.
public final class Reports {
  private static final int CHUNK = 500;
  /// Of the agent's own words, so that a report stays far below what the broker takes.
  private static final int DETAIL = 400;
  private static final int FLEET_STREAMS = 16;

  private static final class Rollout {
    final Several<Handing> handings = new Several<>();
    final Several<Judgement> judgements = new Several<>();
    final Several<Withdrawal> withdrawals = new Several<>();
    final Several<MemberReason> gone = new Several<>();
    final Several<MemberReason> regressed = new Several<>();
    final Several<MemberReason> late = new Several<>();
  }

  /// What is told of several instances, and who of them a line of the log names.
  private static final class Several<T> {
    final List<T> all = new ArrayList<>();
    final List<String> named = new ArrayList<>();

    void add(String instanceId, T one) {
      all.add(one);
      if (instanceId != null) named.add(instanceId);
    }
  }

  private final TreeMap<String, Rollout> rollouts = new TreeMap<>();
  private final List<FleetEvent> fleet = new ArrayList<>();

  public void handedOut(String rolloutId, String instanceId, Handing handing) { of(rolloutId).handings.add(instanceId, handing); }

  public void judged(String rolloutId, String instanceId, Judgement j) {
    var detail = j.detail() == null || j.detail().length() <= DETAIL ? j.detail() : j.detail().substring(j.detail().length() - DETAIL);
    of(rolloutId).judgements.add(j.healthy() ? null : instanceId,
        new Judgement(j.ordinal(), j.generation(), j.healthy(), j.timeout(), j.reason(), detail, j.seconds(), j.at(), j.stops()));
  }

  public void withdrawal(String rolloutId, Withdrawal withdrawal) { of(rolloutId).withdrawals.add(null, withdrawal); }

  /// @param instanceId null where only its place in the plan is known
  public void gone(String rolloutId, String instanceId, MemberReason member) { of(rolloutId).gone.add(instanceId, member); }

  public void regressed(String rolloutId, String instanceId, MemberReason member) { of(rolloutId).regressed.add(instanceId, member); }

  public void lateHealthy(String rolloutId, String instanceId, MemberReason member) { of(rolloutId).late.add(instanceId, member); }

  public void fleet(FleetEvent event) { fleet.add(event); }

  public boolean isEmpty() { return rollouts.isEmpty() && fleet.isEmpty(); }

  private Rollout of(String rolloutId) { return rollouts.computeIfAbsent(rolloutId, _ -> new Rollout()); }

  /// A verdict by its time; of two at once the healthy one first. So a failure that came later is not told before a success that ends its run.
  private static final Comparator<Judgement> BY_TIME = Comparator.comparing(Judgement::at).thenComparing(Judgement::healthy,
      Comparator.reverseOrder());

  /// Appends all to the journal; nothing may be locked after it in the same transaction. Once it is committed, each kind is a line of the log.
  public void append(Db.Tx tx, Journal journal, Instant at, String actor) {
    // the facts of an instance are in one stream, and a stream has one key: readers take what overtakes in it for a repeat
    var streams = fleet.stream()
        .collect(Collectors.groupingBy(e -> "fleet-" + Math.floorMod(e.instanceId().value().hashCode(), FLEET_STREAMS),
            TreeMap::new, Collectors.toList()));
    streams.forEach((stream, facts) -> journal.appendNext(tx, Topics.INSTANCE, stream, stream,
        facts.stream().map(e -> new Journal.Entry(e, new Scope(null, e.templateId(), null))).toList(), at, actor));
    rollouts.forEach((id, r) -> {
      var rolloutId = new RolloutId(id);
      var reports = new ArrayList<HealthReport>();
      chunks(reports, rolloutId, r.handings.all, HealthReport.HandedOut::new);
      // who is healthy and then is not is told first: the verdict that completes a batch must not overtake what trips the breaker
      var fell = r.regressed.all.stream().map(MemberReason::ordinal).collect(Collectors.toSet());
      var judged = r.judgements.all.stream().sorted(BY_TIME).collect(Collectors.partitioningBy(j -> fell.contains(j.ordinal())));
      chunks(reports, rolloutId, judged.get(true), HealthReport.Judged::new);
      chunks(reports, rolloutId, r.regressed.all, HealthReport.Regressed::new);
      chunks(reports, rolloutId, judged.get(false), HealthReport.Judged::new);
      chunks(reports, rolloutId, r.withdrawals.all, HealthReport.WithdrawalsAnswered::new);
      chunks(reports, rolloutId, r.gone.all, HealthReport.Gone::new);
      chunks(reports, rolloutId, r.late.all, HealthReport.LateHealthy::new);
      var scope = new Scope(rolloutId, null, null);
      journal.appendNext(tx, Topics.VERDICT, "report-" + id, id, reports.stream().map(e -> new Journal.Entry(e, scope)).toList(), at,
          actor);
    });
    tx.onCommit(this::log);
  }

  private void log() {
    rollouts.forEach((id, r) -> {
      TransitionLog.attempts(id, "handed out", r.handings.all.size(), r.handings.named);
      TransitionLog.judged(id, r.judgements.all, r.judgements.named);
      TransitionLog.attempts(id, "withdrawals answered", r.withdrawals.all.size(), r.withdrawals.named);
      TransitionLog.attempts(id, "gone", r.gone.all.size(), r.gone.named);
      TransitionLog.attempts(id, "regressed", r.regressed.all.size(), r.regressed.named);
      TransitionLog.attempts(id, "healthy after the deadline", r.late.all.size(), r.late.named);
    });
    TransitionLog.fleet(fleet);
  }

  private static <T> void chunks(List<HealthReport> into, RolloutId rollout, List<T> all,
      BiFunction<RolloutId, List<T>, HealthReport> report) {
    for (int from = 0; from < all.size(); from += CHUNK)
      into.add(report.apply(rollout, List.copyOf(all.subList(from, Math.min(all.size(), from + CHUNK)))));
  }
}
