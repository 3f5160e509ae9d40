package dev.sluice.simulation;

import dev.sluice.contract.Choice;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.Handing;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionRef;
import dev.sluice.health.domain.Deaf;
import dev.sluice.health.domain.Finding;
import dev.sluice.health.domain.Heard;
import dev.sluice.health.domain.Hearing;
import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.Listening;
import dev.sluice.health.domain.Pulse;
import dev.sluice.health.domain.Standing;
import dev.sluice.health.domain.Telling;
import dev.sluice.health.domain.Watch;
import dev.sluice.planner.domain.Candidate;
import dev.sluice.simulation.Replica.Work;
import dev.sluice.simulation.Store.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The health-service: the real gate over heartbeats that two processes hear in turn. A process that dies loses what it has not written down; that time is
/// held against nobody.
final class HealthSide extends Service {
  static final Duration LEASE = Duration.ofSeconds(10);

  /// The desired version of one instance, with the attempt that a rollout waits for; null parts where none does.
  private static final class Desired {
    VersionRef version;
    long generation;
    String rollout;
    int ordinal;
    Purpose purpose;
    Instant instructedAt;
    Instant deadline;
    Instant handedOutAt;
    Duration soak;
    Standing standing;
    boolean timedOut;
    boolean recorded;
  }

  private static final class Gate {
    Purpose purpose;
    int seq;
    Instant heardAt = Instant.EPOCH;
    boolean upgrading;
    boolean rollingBack;
    Instant pausedSince;
    Instant trippedSince;
    boolean ended;
    int pauses;
    int trips;
  }

  private final Map<String, Desired> desired = new TreeMap<>();
  private final Map<String, Pulse> pulses = new TreeMap<>();
  private final Map<String, List<Heard>> waiting = new TreeMap<>();
  private final Map<String, Gate> gates = new HashMap<>();
  private final List<Deaf.Span> deaf = new ArrayList<>();
  private Hearing hearing = new Hearing(Duration.ofSeconds(World.INTERVAL), Deaf.NEVER);
  private final Map<String, Boolean> decommissioned = new HashMap<>();
  private final Map<Replica, Map<String, List<Heard>>> buffers = new HashMap<>();
  private final Map<Replica, Instant> written = new HashMap<>();

  HealthSide(World world) {
    super(world, "health", Topics.ROLLOUT);
    for (var replica : replicas) {
      buffers.put(replica, new TreeMap<>());
      written.put(replica, world.now);
    }
  }

  void enrol(String instance, VersionRef version, long generation) {
    var d = new Desired();
    d.version = version;
    d.generation = generation;
    desired.put(instance, d);
    pulses.put(instance, Pulse.NONE);
    waiting.put(instance, new ArrayList<>());
  }

  VersionRef wants(String instance) { return desired.get(instance).version; }

  Map<String, VersionRef> wanted() {
    var wanted = new TreeMap<String, VersionRef>();
    desired.forEach((instance, d) -> wanted.put(instance, d.version));
    return wanted;
  }

  boolean gone(String instance) { return decommissioned.containsKey(instance); }

  /// Whether an ended rollout's version could still be handed to an instance.
  boolean offers(String instance, String rollout) {
    var d = desired.get(instance);
    return rollout.equals(d.rollout) && d.handedOutAt == null && d.purpose == Purpose.UPGRADE && !gone(instance);
  }

  List<Candidate> candidates(VersionRef target) {
    var all = new ArrayList<Candidate>();
    pulses.forEach((instance, pulse) -> {
      var d = desired.get(instance);
      boolean eligible = !gone(instance) && pulse.lastAt() != null && !pulse.silent() && pulse.known() != null
          && pulse.known().status() != InstanceStatus.STOPPED && !d.version.equals(target);
      if (eligible) all.add(new Candidate(new InstanceId(instance), "", d.version, d.generation, false));
    });
    return all;
  }

  /// A heartbeat comes in: it is kept in memory and answered; an instruction is committed as delivered before its answer leaves.
  ///
  /// @return the desired version to answer with; null: none, or the process died first
  Machine.Answer hear(Replica replica, String instance, Heard heard) {
    if (gone(instance)) return null;
    buffers.get(replica).computeIfAbsent(instance, _ -> new ArrayList<>()).add(heard);
    world.judge.heard(instance, heard);
    var d = desired.get(instance);
    if (Telling.echoed(World.MODULE.value(), d.version.digest().value(), d.generation, heard.observation())) return null;
    if (d.handedOutAt == null && !mayHandOut(d)) return null;
    if (d.handedOutAt == null) {
      d.handedOutAt = world.now;
      world.judge.delivered(instance, d.generation);
      if (d.rollout != null) {
        report(d.rollout, new HealthReport.HandedOut(new RolloutId(d.rollout), List.of(new Handing(d.ordinal, d.generation, world.now))));
        world.judge.handedOut(instance, d.rollout, d.generation, d.purpose, gates.get(d.rollout).seq);
      }
      if (!world.survives(replica, CrashPoint.HANDED_OUT)) return null;
    }
    return new Machine.Answer(d.version, d.generation);
  }

  private boolean mayHandOut(Desired d) {
    if (d.rollout == null) return true;
    var gate = gates.get(d.rollout);
    boolean open = !gate.ended && gate.pausedSince == null && gate.trippedSince == null && gate.purpose == d.purpose
        && world.now.isBefore(gate.heardAt.plus(LEASE));
    return open && d.standing instanceof Standing.Awaited
        && hearing.after(d.instructedAt, Duration.between(d.instructedAt, d.deadline)).isAfter(world.now);
  }

  /// A process writes down what it heard.
  void flush(Replica replica) {
    buffers.get(replica).forEach((instance, heard) -> waiting.get(instance).addAll(heard));
    buffers.get(replica).clear();
    written.put(replica, world.now);
    world.survives(replica, CrashPoint.FLUSHED);
  }

  /// A process died: what was heard since its last writing is lost.
  void lost(Replica replica) { buffers.get(replica).clear(); }

  void back(Replica replica) {
    deaf.add(new Deaf.Span(written.get(replica), world.now));
    hearing = new Hearing(hearing.interval(), new Deaf(deaf));
    written.put(replica, world.now);
  }

  /// Judges what is known to be whole.
  void settle(Replica replica) {
    var whole = written.values().stream().min(Comparator.naturalOrder()).orElseThrow();
    var found = new HashMap<String, List<HealthReport>>();
    for (var instance : pulses.keySet()) {
      var heard = new ArrayList<>(waiting.get(instance).stream().filter(h -> !h.at().isAfter(whole)).toList());
      heard.sort(Comparator.comparing(Heard::at));
      waiting.get(instance).removeAll(heard);
      var d = desired.get(instance);
      var ear = new Listening.Ear(pulses.get(instance), watched(d) ? List.of(watch(d)) : List.of());
      var outcome = Listening.hear(ear, heard, hearing);
      if (!gone(instance)) outcome = then(outcome, Listening.elapsed(outcome.ear(), whole, hearing));
      keep(instance, d, outcome, found);
    }
    found.forEach((rollout, reports) -> store.append(Topics.VERDICT, rollout, reports, world.now, null));
    world.survives(replica, CrashPoint.SETTLED);
  }

  private static Listening.Outcome then(Listening.Outcome one, Listening.Outcome next) {
    var findings = new ArrayList<>(one.findings());
    findings.addAll(next.findings());
    return new Listening.Outcome(next.ear(), findings, one.fellSilent() || next.fellSilent(), one.recovered(), one.counted(),
        one.duplicates());
  }

  private static boolean watched(Desired d) { return d.standing != null && !(d.standing instanceof Standing.Closed); }

  private Watch watch(Desired d) {
    var gate = gates.get(d.rollout);
    boolean lapsed = !world.now.isBefore(gate.heardAt.plus(LEASE));
    boolean stopped = gate.pausedSince != null || d.handedOutAt == null && (gate.trippedSince != null || lapsed);
    return new Watch(World.MODULE.value(), d.version.digest().value(), d.generation, d.purpose, d.instructedAt, d.deadline, stopped,
        d.handedOutAt,
        d.soak, d.standing);
  }

  private void keep(String instance, Desired d, Listening.Outcome outcome, Map<String, List<HealthReport>> found) {
    pulses.put(instance, outcome.ear().pulse());
    if (!watched(d)) return;
    d.standing = outcome.ear().watches().getFirst().standing();
    for (var f : outcome.findings()) {
      var id = new RolloutId(d.rollout);
      found.computeIfAbsent(d.rollout, _ -> new ArrayList<>()).add(switch (f.finding()) {
        case Finding.Judged j -> {
          d.timedOut = j.timeout();
          yield new HealthReport.Judged(id, List.of(new Judgement(d.ordinal, d.generation, j.healthy(), j.timeout(), j.reason(), j.detail(),
              Duration.between(d.instructedAt, j.at()).toMillis() / 1000.0, j.at(), stops(d))));
        }
        case Finding.Regressed r -> new HealthReport.Regressed(id, List.of(new MemberReason(d.ordinal, d.generation, r.reason())));
        case Finding.LateHealthy _ -> new HealthReport.LateHealthy(id, List.of(new MemberReason(d.ordinal, d.generation, null)));
        case Finding.Gone g -> new HealthReport.Gone(id, List.of(new MemberReason(d.ordinal, d.generation, g.reason())));
      });
    }
  }

  private int stops(Desired d) {
    var gate = gates.get(d.rollout);
    return gate.pauses + (d.handedOutAt == null ? gate.trips : 0);
  }

  /// An operator takes an instance out of the fleet.
  void decommission(String instance) {
    if (decommissioned.putIfAbsent(instance, true) != null) return;
    world.judge.decommissioned(instance);
    var d = desired.get(instance);
    if (!watched(d)) return;
    if (d.timedOut && !d.recorded) {
      d.standing = new Standing.Closed();
      report(d.rollout,
          new HealthReport.Gone(new RolloutId(d.rollout), List.of(new MemberReason(d.ordinal, d.generation, Reason.DECOMMISSIONED))));
      return;
    }
    var found = new HashMap<String, List<HealthReport>>();
    keep(instance, d, Listening.decommissioned(new Listening.Ear(pulses.get(instance), List.of(watch(d)))), found);
    found.forEach((rollout, reports) -> store.append(Topics.VERDICT, rollout, reports, world.now, null));
  }

  private void report(String rollout, HealthReport report) { store.append(Topics.VERDICT, rollout, List.of(report), world.now, null); }

  /// Asks the rollout-service what is delivered now.
  Work follow() {
    var asked = world.now;
    return new Asking<>(world, world.rollouts, world.rollouts::deliveries, deliveries -> {
      for (var delivery : deliveries) {
        var gate = gates.get(delivery.rollout());
        if (gate == null) continue;
        boolean delivered = gate.purpose != null;
        if (gate.seq < delivery.seq()) {
          gate.seq = delivery.seq();
          gate.purpose = delivery.purpose();
        }
        if (delivered && gate.pausedSince == null && gate.trippedSince == null)
          lapsed(delivery.rollout(), gate, world.now);
        if (asked.isAfter(gate.heardAt)) gate.heardAt = asked;
      }
      return null;
    });
  }

  /// Nothing was handed out since the word had lapsed: held against none of those that wait for it.
  private void lapsed(String rollout, Gate gate, Instant at) {
    var since = gate.heardAt.plus(LEASE);
    if (at.isAfter(since)) moveOn(rollout, hearing.deaf().heardBetween(since, at), false, at);
  }

  private static Instant goodSince(Standing late) {
    return late instanceof Standing.Failed(_, var since) ? since : ((Standing.LateHealthy) late).goodSince();
  }

  private void moveOn(String rollout, Duration by, boolean handedOutToo, Instant limit) {
    for (var d : desired.values()) {
      if (!rollout.equals(d.rollout) || d.standing == null || d.handedOutAt != null && !handedOutToo) continue;
      boolean late = d.standing instanceof Standing.Failed || d.standing instanceof Standing.LateHealthy;
      boolean again = late && d.timedOut && !d.recorded;
      if (!d.standing.open() && !again) continue;
      var most = limit == null ? by : shorter(by, Duration.between(d.instructedAt, limit));
      d.deadline = d.deadline.plus(most.isNegative() ? Duration.ZERO : most);
      var good = again ? goodSince(d.standing) : null;
      if (again) d.standing = good != null && good.isBefore(d.deadline) ? new Standing.Soaking(good) : new Standing.Awaited();
      d.timedOut = false;
    }
  }

  private static Duration shorter(Duration one, Duration other) { return one.compareTo(other) < 0 ? one : other; }

  @Override
  Work take(Replica replica, Row message) {
    if (!(message.event() instanceof RolloutEvent event) || !store.fresh(message)) return null;
    var rollout = message.stream();
    var gate = gates.computeIfAbsent(rollout, _ -> new Gate());
    var at = message.at();
    boolean turns = event instanceof RolloutEvent.Paused || event instanceof RolloutEvent.BreakerTripped
        || event instanceof RolloutEvent.RollbackStarted;
    if (turns && gate.purpose != null && gate.pausedSince == null && gate.trippedSince == null) lapsed(rollout, gate, at);
    switch (event) {
      case RolloutEvent.InstancesInstructed e -> e.instructions().forEach(i -> instruct(rollout, e, i, at));
      case RolloutEvent.WithdrawalsAsked e -> withdraw(rollout, e);
      case RolloutEvent.VerdictsRecorded e -> record(rollout, e.verdicts());
      case RolloutEvent.RollbackVerdictsRecorded e -> record(rollout, e.verdicts());
      case RolloutEvent.MembersSkipped e ->
        each(rollout, d -> e.marks().stream().anyMatch(m -> m.ordinal() == d.ordinal), HealthSide::close);
      case RolloutEvent.Started _ -> {
        gate.upgrading = true;
        gate.pausedSince = gate.trippedSince = null;
        deliver(gate, message, Purpose.UPGRADE);
      }
      case RolloutEvent.Paused _ -> {
        gate.pauses++;
        gate.pausedSince = at;
        deliver(gate, message, null);
      }
      case RolloutEvent.Resumed _ -> {
        moveOn(rollout, gate.pausedSince, at, true);
        gate.pausedSince = null;
        deliver(gate, message,
            gate.trippedSince != null ? null : gate.rollingBack ? Purpose.ROLLBACK : gate.upgrading ? Purpose.UPGRADE : null);
      }
      case RolloutEvent.BreakerTripped _ -> {
        gate.trips++;
        moveOn(rollout, gate.pausedSince, at, true);
        gate.pausedSince = null;
        gate.rollingBack = false;
        gate.trippedSince = at;
        deliver(gate, message, null);
      }
      case RolloutEvent.ContinuationDecided e when e.choice() == Choice.CONTINUE_ANYWAY || e.choice() == Choice.RETRY_FAILED -> {
        moveOn(rollout, gate.trippedSince, at, false);
        gate.trippedSince = gate.pausedSince = null;
        deliver(gate, message, Purpose.UPGRADE);
      }
      case RolloutEvent.RollbackStarted _ -> {
        moveOn(rollout, gate.pausedSince, at, true);
        moveOn(rollout, gate.trippedSince, at, false);
        gate.pausedSince = gate.trippedSince = null;
        gate.rollingBack = true;
        gate.ended = false;
        deliver(gate, message, Purpose.ROLLBACK);
      }
      case RolloutEvent.Aborted _,RolloutEvent.Rejected _,RolloutEvent.Expired _,RolloutEvent.Cancelled _,RolloutEvent.Completed _,RolloutEvent.RolledBack _ -> {
        deliver(gate, message, null);
        gate.pausedSince = gate.trippedSince = null;
        gate.rollingBack = false;
        gate.ended = true;
        boolean lateToo = event instanceof RolloutEvent.Completed || event instanceof RolloutEvent.Aborted;
        each(rollout, d -> !(lateToo && d.standing instanceof Standing.Failed && d.purpose == Purpose.UPGRADE && d.handedOutAt != null),
            HealthSide::close);
      }
      default -> {
        // a rollout that is planned has a gate from now on
      }
    }
    return null;
  }

  private void deliver(Gate gate, Row message, Purpose purpose) {
    if (gate.seq < message.seq()) {
      gate.purpose = purpose;
      gate.seq = message.seq();
    }
    if (message.at().isAfter(gate.heardAt)) gate.heardAt = message.at();
  }

  private void moveOn(String rollout, Instant since, Instant at, boolean handedOutToo) {
    if (since != null) moveOn(rollout, Duration.between(since, at), handedOutToo, null);
  }

  private void instruct(String rollout, RolloutEvent.InstancesInstructed e, RolloutEvent.Instruction i, Instant at) {
    var instance = i.instanceId().value();
    var d = desired.get(instance);
    boolean stopped = pulses.get(instance).known() != null && pulses.get(instance).known().status() == InstanceStatus.STOPPED;
    if (d.generation < i.generation()) {
      var late = Duration.between(at, world.now);
      var from = late.compareTo(Duration.ofSeconds(1)) > 0 ? world.now : at;
      d.version = e.versions().get(i.version());
      d.generation = i.generation();
      d.rollout = rollout;
      d.ordinal = i.ordinal();
      d.purpose = e.purpose();
      d.instructedAt = from;
      d.deadline = from.plusSeconds(e.healthTimeoutSec());
      d.soak = Duration.ofSeconds(e.minHealthySec());
      d.handedOutAt = null;
      d.timedOut = false;
      d.recorded = false;
      d.standing = gone(instance) || stopped ? new Standing.Closed() : new Standing.Awaited();
    }
    if (gone(instance) || stopped)
      report(rollout, new HealthReport.Gone(new RolloutId(rollout),
          List.of(new MemberReason(i.ordinal(), i.generation(), gone(instance) ? Reason.DECOMMISSIONED : Reason.STOPPED))));
  }

  private void withdraw(String rollout, RolloutEvent.WithdrawalsAsked e) {
    var answers = new ArrayList<Withdrawal>();
    for (var i : e.withdrawals()) {
      var d = desired.get(i.instanceId().value());
      boolean late = d.handedOutAt != null || d.generation >= i.generation();
      if (!late) {
        d.version = e.versions().get(i.version());
        d.generation = i.generation();
        d.rollout = null;
        d.purpose = null;
        d.standing = null;
        d.handedOutAt = null;
        d.timedOut = false;
        d.recorded = false;
      }
      answers.add(new Withdrawal(i.ordinal(), !late, d.generation));
    }
    report(rollout, new HealthReport.WithdrawalsAnswered(new RolloutId(rollout), answers));
  }

  private void record(String rollout, List<RolloutEvent.Verdict> verdicts) {
    for (var v : verdicts)
      if (!v.healthy()) each(rollout, d -> d.ordinal == v.ordinal() && d.generation == v.generation(), d -> {
        d.recorded = true;
        if (d.standing != null && d.standing.open()) d.standing = new Standing.Failed(v.reason(), null);
      });
  }

  private void each(String rollout, java.util.function.Predicate<Desired> which, Consumer<Desired> what) {
    desired.values().stream().filter(d -> rollout.equals(d.rollout) && which.test(d)).forEach(what);
  }

  private static void close(Desired d) {
    if (d.standing != null) d.standing = new Standing.Closed();
  }

}
