package dev.sluice.health.ingest;

import dev.sluice.contract.Words;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.TemplateId;
import dev.sluice.health.domain.Finding;
import dev.sluice.health.domain.Gate;
import dev.sluice.health.domain.Hearing;
import dev.sluice.health.domain.Listening;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.domain.Pulse;
import dev.sluice.health.domain.Standing;
import dev.sluice.health.domain.Telling;
import dev.sluice.health.store.EvidenceStore.AttemptRow;
import dev.sluice.health.store.EvidenceStore.BootRow;
import dev.sluice.health.store.EvidenceStore.EchoRow;
import dev.sluice.health.store.EvidenceStore.EvidenceRow;
import dev.sluice.health.store.EvidenceStore.PulseRow;
import dev.sluice.health.store.EvidenceStore.StandingRow;
import dev.sluice.health.store.EvidenceStore.StatusRow;
import dev.sluice.health.store.Reports;
import dev.sluice.health.store.Tally;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// What follows in one transaction from the evidence on some instances, up to `now`: rows to write, counters to move and reports to tell.
final class Settlement {
  final List<PulseRow> pulses = new ArrayList<>();
  final List<BootRow> boots = new ArrayList<>();
  final List<StatusRow> statuses = new ArrayList<>();
  final List<StandingRow> standings = new ArrayList<>();
  final List<EchoRow> echoes = new ArrayList<>();
  final Tally tally = new Tally();
  final Reports reports = new Reports();
  private final Instant now;
  private final Hearing hearing;
  private final List<AttemptRow> timeouts = new ArrayList<>();
  private long late;

  Settlement(Instant now, Hearing hearing) {
    this.now = now;
    this.hearing = hearing;
  }

  /// Heartbeats that were late or repeated.
  long late() { return late; }

  /// Judges one instance.
  ///
  /// @param evidence in the order of its receipt; what is of a machine that had the id before says nothing
  void judge(PulseRow row, List<AttemptRow> attempts, List<EvidenceRow> evidence) {
    var watched = attempts.stream().filter(a -> a.watch() != null).toList();
    var ear = new Listening.Ear(row.pulse(), watched.stream().map(AttemptRow::watch).toList());
    long hash = row.hash();
    for (var one : evidence) {
      if (!one.of(row)) continue;
      var outcome = Listening.hear(ear, List.of(one.heard()), hearing);
      if (outcome.counted() > 0) hash = one.hash();
      else
        late++;
      ear = tell(row, watched, ear.pulse().lastAt(), outcome);
    }
    ear = tell(row, watched, ear.pulse().lastAt(), Listening.elapsed(ear, now, hearing));
    keep(row, ear, hash, watched);
    count(row, ear.pulse());
    if (!evidence.isEmpty()) echo(row.instanceId(), attempts, ear.pulse().known());
  }

  private void keep(PulseRow row, Listening.Ear ear, long hash, List<AttemptRow> watched) {
    ear.pulse().order().replaced().forEach((boot, sequence) -> {
      if (!sequence.equals(row.pulse().order().replaced().get(boot))) boots.add(new BootRow(row.instanceId(), boot, sequence));
    });
    boolean awaited = false;
    for (int i = 0; i < watched.size(); i++) {
      var before = watched.get(i);
      var after = ear.watches().get(i);
      var standing = after.standing();
      boolean timedOut = before.timedOut() || timeouts.contains(before);
      // once the rollout has ended, a heartbeat that says nothing new is not kept, though it is heard: a late success is something new
      awaited |= !before.ended() && (standing.open() || standing instanceof Standing.Failed);
      var heard = before.ended() ? Instant.MAX : ear.pulse().lastAt();
      var due = Gate.due(after, heard, hearing).filter(at -> at.isAfter(now)).orElse(null);
      boolean told = before.ended() && standing instanceof Standing.LateHealthy;
      standings.add(new StandingRow(row.instanceId(), before.moduleId(), told ? new Standing.Closed() : standing, timedOut, due));
    }
    timeouts.clear();
    if (!ear.pulse().equals(row.pulse()) || hash != row.hash() || awaited != row.watched())
      pulses.add(new PulseRow(row.instanceId(), row.enrolment(), row.templateId(), row.status(), ear.pulse(), hash, awaited));
  }

  private Listening.Ear tell(PulseRow row, List<AttemptRow> watched, Instant before, Listening.Outcome outcome) {
    var instance = new InstanceId(row.instanceId());
    var template = new TemplateId(row.templateId());
    if (outcome.fellSilent()) reports.fleet(new FleetEvent.InstanceSilent(instance, template, before));
    if (outcome.recovered()) reports.fleet(new FleetEvent.InstanceRecovered(instance, template));
    for (var rival : outcome.duplicates())
      reports.fleet(new FleetEvent.DuplicateIdentity(instance, template, outcome.ear().pulse().order().bootId(), rival));
    for (var found : outcome.findings())
      tell(row.instanceId(), watched.get(found.watch()), found.finding());
    return outcome.ear();
  }

  private void tell(String instance, AttemptRow attempt, Finding finding) {
    var rollout = attempt.rolloutId();
    switch (finding) {
      case Finding.Judged f -> {
        // the instruction was stamped by another service's clock
        var seconds = Math.max(0, Duration.between(attempt.watch().instructedAt(), f.at()).toMillis() / 1000.0);
        if (f.timeout()) timeouts.add(attempt);
        reports.judged(rollout, instance,
            new Judgement(attempt.ordinal(), attempt.counted(), f.healthy(), f.timeout(), f.reason(), f.detail(),
                seconds, f.at(), attempt.stops()));
      }
      case Finding.Regressed f ->
        reports.regressed(rollout, instance, new MemberReason(attempt.ordinal(), attempt.counted(), f.reason()));
      case Finding.LateHealthy _ -> reports.lateHealthy(rollout, instance, new MemberReason(attempt.ordinal(), attempt.counted(), null));
      case Finding.Gone f -> reports.gone(rollout, instance, new MemberReason(attempt.ordinal(), attempt.counted(), f.reason()));
    }
  }

  private void count(PulseRow row, Pulse after) {
    var template = row.templateId();
    tally.moved(template, place(row.pulse()), place(after));
    if (after.known() == null) return;
    var before = row.pulse().known() == null ? null : row.pulse().known().digests();
    if (!Objects.equals(before, after.known().digests())) {
      tally.runs(template, before, -1);
      tally.runs(template, after.known().digests(), 1);
    }
    var status = Words.of(after.known().status());
    if (!status.equals(row.status())) statuses.add(new StatusRow(row.instanceId(), status));
  }

  static Tally.Place place(Pulse pulse) {
    if (pulse.known() == null) return Tally.Place.NEVER_REPORTED;
    if (pulse.stopped()) return Tally.Place.STOPPED;
    return pulse.silent() ? Tally.Place.SILENT : Tally.Place.REPORTING;
  }

  private void echo(String instanceId, List<AttemptRow> attempts, Observation known) {
    for (var a : attempts)
      if (a.handed() && !a.echoed() && Telling.echoed(a.moduleId(), a.digest(), a.generation(), known))
        echoes.add(new EchoRow(instanceId, a.moduleId()));
  }
}
