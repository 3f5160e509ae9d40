package dev.sluice.simulation;

import dev.sluice.approval.domain.Request;
import dev.sluice.contract.Decider;
import dev.sluice.contract.Digest;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// Five services of two processes each, topics, machines and people in virtual time, all moved by one seed. What happens next is drawn; nothing else is.
///
/// First everything goes wrong that may; then it is calm, and all must come to its end by itself.
final class World {
  static final ModuleId MODULE = new ModuleId("nginx");
  static final VersionRef OLDER = version("1.22.0", '1');
  static final VersionRef OLD = version("1.24.0", '2');
  static final VersionRef TARGET = version("1.26.0", '3');
  static final VersionRef NEXT = version("1.28.0", '4');
  /// Seconds between heartbeats.
  static final int INTERVAL = 3;
  private static final int CALM_STEPS = 60_000;

  private static VersionRef version(String version, char digit) {
    return new VersionRef(new VersionId("nginx-" + version), version, new Digest("sha256:" + String.valueOf(digit).repeat(64)), null);
  }

  final Random random;
  final Broker broker = new Broker();
  final Map<CrashPoint, Integer> crashes = new EnumMap<>(CrashPoint.class);
  final List<String> story = new ArrayList<>();
  final PolicyView policy;
  final Judge judge;
  final PlannerSide planner;
  final ApprovalSide approval;
  final RolloutSide rollouts;
  final HealthSide health;
  final GatewaySide gateway;
  final List<Machine> machines = new ArrayList<>();
  /// The version before of each member, by plan.
  final Map<String, Map<String, VersionRef>> origins = new HashMap<>();
  private final List<Service> services;
  private final UnaryOperator<Object> memory;
  private final boolean told;
  private final double crashing;
  private final int roughness;
  /// One in so many upgrades fails though the version is good.
  final int frailty;
  final VersionRef bad;
  Instant now = Instant.parse("2026-01-01T00:00:00Z");
  boolean chaos = true;
  int rivals;
  int lostAsks;
  private final int plans;
  private int planned;

  /// @param decider the rules of a rollout: the real ones, or some with a bug
  /// @param memory  what a process that was started again makes of a state
  /// @param told    whether to keep the story
  World(long seed, Decider<Rollout, RolloutCommand, RolloutEvent> decider, UnaryOperator<Object> memory, boolean told) {
    this.random = new Random(seed);
    this.memory = memory;
    this.told = told;
    this.crashing = pick(0.0, 0.02, 0.04);
    this.roughness = (int) pick(2, 4, 8);
    this.frailty = (int) pick(5, 10, 30);
    this.bad = random.nextInt(3) == 0 ? TARGET : random.nextInt(4) == 0 ? NEXT : null;
    this.plans = 1 + random.nextInt(2);
    this.policy = new PolicyView(Policy.REQUIRE_APPROVAL, 1 + random.nextInt(2), random.nextInt(4) == 0, 1_800, 1_200, "default");
    this.judge = new Judge(this);
    this.planner = new PlannerSide(this);
    this.approval = new ApprovalSide(this);
    this.rollouts = new RolloutSide(this, decider);
    this.health = new HealthSide(this);
    this.gateway = new GatewaySide(this);
    this.services = List.of(planner, approval, rollouts, health, gateway);
    int size = 2 + random.nextInt(11);
    for (int i = 0; i < size; i++) {
      var runs = random.nextInt(3) == 0 ? OLDER : OLD;
      health.enrol("i" + i, runs, 1 + i);
      machines.add(new Machine(this, "i" + i, runs));
    }
  }

  private double pick(double... of) { return of[random.nextInt(of.length)]; }

  @SuppressWarnings("unchecked")
  <S> S remembered(S state) { return (S) memory.apply(state); }

  void tell(Supplier<String> line) {
    if (told) story.add(now + " " + line.get());
  }

  /// Whether a process lives on after a step.
  boolean survives(Replica replica, CrashPoint point) {
    double rare = point == CrashPoint.HANDED_OUT ? 30 : point == CrashPoint.APPENDED ? 3 : 1;
    if (!chaos || !replica.up || random.nextDouble() >= crashing * rare) return true;
    crashes.merge(point, 1, Integer::sum);
    die(replica, point);
    return false;
  }

  private void die(Replica replica, CrashPoint point) {
    tell(() -> replica + " dies after " + point);
    replica.die();
    if (replica.service == health) health.lost(replica);
  }

  private void start(Replica replica) {
    tell(() -> replica + " starts again");
    replica.up = true;
    replica.restarted = true;
    if (replica.service == health) health.back(replica);
  }

  /// Lives through chaos and calm.
  void live() {
    int steps = 1_000 + random.nextInt(3_000);
    for (int n = 0; n < steps; n++) {
      step();
      judge.step();
    }
    chaos = false;
    rollouts.reconcilerPaused = false;
    for (var service : services)
      for (var replica : service.replicas)
        if (!replica.up) start(replica);
    judge.step();
    for (int n = 0; n % 25 > 0 || !settled(); n++) {
      judge.comesToAnEnd(n < CALM_STEPS);
      step();
      judge.step();
    }
    judge.end();
  }

  private boolean settled() {
    if (planner.holder() != null || !approval.pending().isEmpty()) return false;
    for (var service : services) {
      if (!service.store.untold.isEmpty()) return false;
      for (var replica : service.replicas)
        if (replica.reading != null) return false;
    }
    boolean unread = gateway.read.size() < gateway.log.size() || !broker.behind("planner", "sluice.rollout").isEmpty()
        || !broker.behind("gateway", "sluice.rollout").isEmpty() || !broker.behind("gateway", "sluice.approval").isEmpty()
        || !broker.behind("approval", "sluice.rollout").isEmpty() || !broker.behind("rollout", "sluice.verdict").isEmpty()
        || !broker.behind("rollout", "sluice.approval").isEmpty() || !broker.behind("rollout", "sluice.plan").isEmpty()
        || !broker.behind("health", "sluice.rollout").isEmpty();
    return !unread;
  }

  private void step() {
    int dice = random.nextInt(100);
    if (dice < 62) {
      var service = services.get(random.nextInt(services.size()));
      var replica = service.replicas.get(random.nextInt(2));
      if (replica.up && service.step(replica)) return;
      pass();
    } else if (dice < 76) machine();
    else if (dice < 86) listen();
    else if (dice < 92) people();
    else if (dice < 92 + roughness && chaos) mischief();
    else
      pass();
  }

  /// Time passes, more of it where nobody has anything to do.
  private void pass() {
    now = now.plusMillis(random.nextInt(chaos && random.nextInt(80) == 0 ? 8_000 : 150));
    for (var service : services)
      for (var replica : service.replicas)
        if (!replica.up && random.nextInt(60) == 0) start(replica);
  }

  private void machine() {
    var due = machines.stream().filter(Machine::due).toList();
    if (due.isEmpty()) pass();
    else
      due.get(chaos ? random.nextInt(due.size()) : 0).act();
  }

  private void listen() {
    gateway.page();
    var replica = health.replicas.get(random.nextInt(2));
    if (!replica.up) return;
    switch (random.nextInt(4)) {
      case 0, 1 -> health.flush(replica);
      case 2 -> health.settle(replica);
      default -> {
        if (replica.wishes.isEmpty()) replica.wishes.add(health.follow());
      }
    }
  }

  private void people() {
    var replica = rollouts.replicas.get(random.nextInt(2));
    var other = approval.replicas.get(random.nextInt(2));
    switch (random.nextInt(chaos ? 14 : 8)) {
      case 0, 1, 2, 3 -> {
        var pending = approval.pending();
        if (!pending.isEmpty() && other.up && other.wishes.size() < 3) approval.answer(other, pending.get(random.nextInt(pending.size())));
      }
      case 4, 5 -> {
        if (replica.up && replica.wishes.isEmpty()) rollouts.tick(replica);
      }
      case 6 -> {
        if (other.up && other.wishes.isEmpty()) approval.sweep(other);
      }
      case 7 -> {
        if (chaos && planned < plans && planner.anyUp()) plan();
        else
          resume(replica);
      }
      case 8 -> {
        for (var request : approval.pending())
          if (request instanceof Request.PlanPending p && other.up && random.nextInt(3) == 0) approval.edit(other, p);
      }
      case 9 -> command(replica);
      case 10 -> {
        if (random.nextInt(3) == 0) rollouts.reconcilerPaused = !rollouts.reconcilerPaused;
      }
      case 11 -> {
        if (random.nextInt(6) == 0) health.decommission(machines.get(random.nextInt(machines.size())).id);
      }
      case 12 -> resume(replica);
      default -> {
        if (random.nextInt(20) == 0) planner.archive(random.nextBoolean() ? OLDER : OLD);
      }
    }
  }

  private void plan() {
    var target = planned == 0 ? TARGET : NEXT;
    var inputs = new PlanInputs(new TemplateId("web"), MODULE, target.id(), 1 + random.nextInt(100), random.nextInt(4) == 0 ? 2 : null,
        1 + random.nextInt(4), random.nextInt(3) > 0 ? 100 : 1 + random.nextInt(60), 15 + random.nextInt(60),
        random.nextInt(3) == 0 ? random.nextInt(20) : 0,
        random.nextInt(4) == 0 ? 1 : 0, random.nextInt(3) == 0 ? 1 + random.nextInt(3) : null, random.nextInt(4) > 0, "zone");
    if (planner.plan(inputs, target)) planned++;
  }

  private void resume(Replica replica) {
    var all = rollouts.rollouts();
    if (!all.isEmpty() && replica.up)
      rollouts.wish(replica, all.get(random.nextInt(all.size())),
          _ -> new RolloutCommand.Resume(rollouts.now(), "ann", null));
  }

  private void command(Replica replica) {
    var all = rollouts.rollouts();
    if (all.isEmpty() || !replica.up || replica.wishes.size() > 3) return;
    var rollout = all.get(random.nextInt(all.size()));
    switch (random.nextInt(7)) {
      case 0, 1, 2 -> rollouts.wish(replica, rollout, _ -> new RolloutCommand.Pause(rollouts.now(), "ann", null));
      case 3 -> rollouts.wish(replica, rollout, _ -> new RolloutCommand.Abort(rollouts.now(), "ann", null));
      case 4 -> rollouts.rollback(replica, rollout);
      default -> resume(replica);
    }
  }

  private void mischief() {
    var machine = machines.get(random.nextInt(machines.size()));
    switch (random.nextInt(5)) {
      case 0 -> machine.reboot();
      case 1 -> machine.awayUntil = now.plusSeconds(random.nextInt(200));
      case 2 -> machine.flap();
      case 3 -> {
        var service = random.nextBoolean() ? rollouts : services.get(random.nextInt(services.size()));
        var replica = service.replicas.get(random.nextInt(2));
        if (replica.up) die(replica, null);
      }
      default -> {
        // a service with nobody left to answer, for a while
        var service = random.nextBoolean() ? health : services.get(random.nextInt(services.size()));
        if (random.nextInt(4) == 0) for (var replica : service.replicas)
          if (replica.up) die(replica, null);
      }
    }
  }
}
