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
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiFunction;

/// What one transaction tells: for each rollout one report of each kind, however many instances it is about, and the transitions of instances. Appended last,
/// streams in the order of their names, so that two transactions never wait for each other in a ring.
public final class Reports {
  private static final int CHUNK = 500;
  /// Of the agent's own words, so that a report stays far below what the broker takes.
  private static final int DETAIL = 400;
  private static final int FLEET_STREAMS = 16;

  private static final class Rollout {
    final List<Handing> handings = new ArrayList<>();
    final List<Judgement> judgements = new ArrayList<>();
    final List<Withdrawal> withdrawals = new ArrayList<>();
    final List<MemberReason> gone = new ArrayList<>();
    final List<MemberReason> regressed = new ArrayList<>();
    final List<MemberReason> late = new ArrayList<>();
  }

  private final TreeMap<String, Rollout> rollouts = new TreeMap<>();
  private final List<FleetEvent> fleet = new ArrayList<>();

  public void handedOut(String rolloutId, Handing handing) { of(rolloutId).handings.add(handing); }

  public void judged(String rolloutId, Judgement j) {
    var detail = j.detail() == null || j.detail().length() <= DETAIL ? j.detail() : j.detail().substring(j.detail().length() - DETAIL);
    of(rolloutId).judgements
        .add(new Judgement(j.ordinal(), j.generation(), j.healthy(), j.timeout(), j.reason(), detail, j.seconds(), j.at()));
  }

  public void withdrawal(String rolloutId, Withdrawal withdrawal) { of(rolloutId).withdrawals.add(withdrawal); }

  public void gone(String rolloutId, MemberReason member) { of(rolloutId).gone.add(member); }

  public void regressed(String rolloutId, MemberReason member) { of(rolloutId).regressed.add(member); }

  public void lateHealthy(String rolloutId, MemberReason member) { of(rolloutId).late.add(member); }

  public void fleet(FleetEvent event) { fleet.add(event); }

  public boolean isEmpty() { return rollouts.isEmpty() && fleet.isEmpty(); }

  private Rollout of(String rolloutId) { return rollouts.computeIfAbsent(rolloutId, _ -> new Rollout()); }

  /// Appends all to the journal; nothing may be locked after it in the same transaction.
  public void append(Db.Tx tx, Journal journal, Instant at, String actor) {
    if (!fleet.isEmpty()) {
      var stream = "fleet-" + Math.floorMod(fleet.getFirst().instanceId().value().hashCode(), FLEET_STREAMS);
      var entries = fleet.stream().map(e -> new Journal.Keyed(e.instanceId().value(),
          new Journal.Entry(e, new Scope(null, e.templateId(), null)))).toList();
      journal.appendNext(tx, Topics.INSTANCE, stream, entries, at, actor);
    }
    rollouts.forEach((id, r) -> {
      var rolloutId = new RolloutId(id);
      var reports = new ArrayList<HealthReport>();
      chunks(reports, rolloutId, r.handings, HealthReport.HandedOut::new);
      chunks(reports, rolloutId, r.judgements, HealthReport.Judged::new);
      chunks(reports, rolloutId, r.withdrawals, HealthReport.WithdrawalsAnswered::new);
      chunks(reports, rolloutId, r.gone, HealthReport.Gone::new);
      chunks(reports, rolloutId, r.regressed, HealthReport.Regressed::new);
      chunks(reports, rolloutId, r.late, HealthReport.LateHealthy::new);
      var scope = new Scope(rolloutId, null, null);
      journal.appendNext(tx, Topics.VERDICT, "report-" + id, id, reports.stream().map(e -> new Journal.Entry(e, scope)).toList(), at,
          actor);
    });
  }

  private static <T> void chunks(List<HealthReport> into, RolloutId rollout, List<T> all,
      BiFunction<RolloutId, List<T>, HealthReport> report) {
    for (int from = 0; from < all.size(); from += CHUNK)
      into.add(report.apply(rollout, List.copyOf(all.subList(from, Math.min(all.size(), from + CHUNK)))));
  }
}
