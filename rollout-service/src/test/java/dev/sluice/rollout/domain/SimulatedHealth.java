package dev.sluice.rollout.domain;

import dev.sluice.contract.*;
import dev.sluice.contract.HealthReport.*;
import java.util.*;

/// A health-service and its machines, as small as can be: hears the rollout's events late but in order, hands out what the gate that it
/// knows of lets pass, judges by chance, and reports in any order, some things twice.
final class SimulatedHealth {
  private static final class Machine {
    long generation;
    VersionRef desired;
    VersionRef runs;
    boolean offered;
    boolean handed;
    boolean judged;
    boolean byTimeout;
    Reason gone;
    boolean healthy;
  }

  final Deque<RolloutEvent> unheard = new ArrayDeque<>();
  final List<HealthReport> reports = new ArrayList<>();
  private final List<HealthReport> said = new ArrayList<>();
  private final RolloutId id = new RolloutId("r1");
  private final Machine[] machines;
  private final Random random;
  private final double failing;
  private final double absent;
  private Purpose gate;

  SimulatedHealth(int total, Random random, double failing, double absent) {
    this.random = random;
    this.failing = failing;
    this.absent = absent;
    machines = new Machine[total];
    for (int i = 0; i < total; i++) {
      var m = machines[i] = new Machine();
      m.generation = Plans.generation(i);
      m.desired = m.runs = Plans.origin(i);
      m.handed = true;
      m.judged = true;
    }
  }

  boolean idle() { return unheard.isEmpty() && reports.isEmpty() && !canAct(); }

  VersionRef desired(int i) { return machines[i].desired; }

  boolean undeliveredOffer(int i) { return machines[i].offered && !machines[i].handed; }

  boolean decommissioned(int i) { return machines[i].gone == Reason.DECOMMISSIONED; }

  /// Takes a report to deliver, any of those that wait; now and then one that was delivered before.
  Optional<HealthReport> takeReport() {
    if (!said.isEmpty() && random.nextInt(8) == 0) return Optional.of(said.get(random.nextInt(said.size())));
    if (reports.isEmpty()) return Optional.empty();
    var report = reports.remove(random.nextInt(reports.size()));
    said.add(report);
    return Optional.of(report);
  }

  void hearOne() {
    if (unheard.isEmpty()) return;
    switch (unheard.poll()) {
      case RolloutEvent.Started _ -> gate = Purpose.UPGRADE;
      case RolloutEvent.Resumed _,RolloutEvent.ContinuationDecided _ -> {
        gate = unheardRollback ? Purpose.ROLLBACK : Purpose.UPGRADE;
        timeoutsAgain();
      }
      case RolloutEvent.Paused _ -> {
        gate = null;
        pauses++;
      }
      case RolloutEvent.BreakerTripped _ -> {
        gate = null;
        trips++;
        timeoutsAgain(); // it may have been paused
      }
      case RolloutEvent.Aborted _,RolloutEvent.RolledBack _,RolloutEvent.Completed _ ->
        gate = null;
      case RolloutEvent.RollbackStarted _ -> {
        gate = Purpose.ROLLBACK;
        unheardRollback = true;
      }
      case RolloutEvent.InstancesInstructed e -> e.instructions().forEach(i -> instructed(i, e.versions().get(i.version())));
      case RolloutEvent.WithdrawalsAsked e -> e.withdrawals().forEach(w -> askedBack(w, e.versions().get(w.version())));
      default -> {
      }
    }
  }

  private void timeoutsAgain() {
    for (var m : machines)
      if (m.judged && m.byTimeout) m.judged = false;
  }

  private boolean unheardRollback;
  private int pauses;
  private int trips;

  private void instructed(RolloutEvent.Instruction i, VersionRef to) {
    var m = machines[i.ordinal()];
    if (i.generation() <= m.generation) return;
    m.generation = i.generation();
    m.desired = to;
    m.offered = true;
    m.handed = false;
    m.judged = false;
    m.byTimeout = false;
    m.healthy = false;
    if (m.gone != null) gone(i.ordinal());
  }

  private void askedBack(RolloutEvent.Instruction w, VersionRef to) {
    var m = machines[w.ordinal()];
    boolean back = m.offered && !m.handed && w.generation() == m.generation + 1;
    if (back) {
      m.generation = w.generation();
      m.desired = to;
      m.offered = false;
      m.judged = true;
    }
    reports.add(new WithdrawalsAnswered(id, List.of(new RolloutEvent.Withdrawal(w.ordinal(), back, m.generation))));
  }

  private void gone(int i) {
    machines[i].judged = true;
    reports.add(new Gone(id, List.of(new MemberReason(i, machines[i].generation, machines[i].gone))));
  }

  boolean canAct() { return Arrays.stream(machines).anyMatch(m -> m.offered && !m.judged); }

  /// One machine that owes something moves on.
  void act() {
    var open = new ArrayList<Integer>();
    for (int i = 0; i < machines.length; i++)
      if (machines[i].offered && (!machines[i].judged || random.nextInt(4) == 0)) open.add(i);
    if (open.isEmpty()) return;
    var handings = new ArrayList<RolloutEvent.Handing>();
    var judgements = new ArrayList<Judgement>();
    for (int n = 1 + random.nextInt(3); n > 0; n--)
      move(open.get(random.nextInt(open.size())), handings, judgements);
    if (!handings.isEmpty()) reports.add(new HandedOut(id, handings));
    if (!judgements.isEmpty()) reports.add(new Judged(id, judgements));
  }

  private void move(int i, List<RolloutEvent.Handing> handings, List<Judgement> judgements) {
    var m = machines[i];
    if (m.judged) {
      after(i, m);
      return;
    }
    if (m.gone == null && random.nextInt(60) == 0) {
      m.gone = random.nextBoolean() ? Reason.STOPPED : Reason.DECOMMISSIONED;
      gone(i);
      return;
    }
    if (!m.handed && gate != null && random.nextDouble() >= absent) {
      m.handed = true;
      m.runs = m.desired;
      handings.add(new RolloutEvent.Handing(i, m.generation, Plans.START));
    } else if (!m.handed && (gate != null || random.nextInt(3) == 0)) judge(i, judgements, Reason.NEVER_HANDED_OUT);
    else if (m.handed) judge(i, judgements, random.nextDouble() >= failing ? null : FAILURES[random.nextInt(FAILURES.length)]);
  }

  private static final Reason[] FAILURES = {Reason.APPLY_FAILED, Reason.UNHEALTHY, Reason.SILENT, Reason.HEALTH_TIMEOUT};

  private void judge(int i, List<Judgement> judgements, Reason reason) {
    var m = machines[i];
    m.judged = true;
    m.byTimeout = reason == Reason.NEVER_HANDED_OUT || reason == Reason.SILENT || reason == Reason.HEALTH_TIMEOUT;
    m.healthy = reason == null;
    judgements
        .add(new Judgement(i, m.generation, reason == null, m.byTimeout, reason, null, 1, Plans.START, pauses + (m.handed ? 0 : trips)));
  }

  private void after(int i, Machine m) {
    if (!m.handed) return;
    var reasons = new Reason[]{Reason.SILENT, Reason.OTHER_DIGEST, Reason.UNHEALTHY};
    var reason = reasons[random.nextInt(reasons.length)];
    if (m.healthy && random.nextDouble() < failing / 2)
      reports.add(new Regressed(id, List.of(new MemberReason(i, m.generation, reason))));
    if (!m.healthy && m.byTimeout && random.nextInt(3) == 0)
      reports.add(new LateHealthy(id, List.of(new MemberReason(i, m.generation, null))));
  }
}
