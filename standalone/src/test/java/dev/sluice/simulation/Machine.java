package dev.sluice.simulation;

import dev.sluice.contract.VersionRef;
import dev.sluice.health.domain.Heard;
import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.ModuleStatus;
import dev.sluice.health.domain.Observation;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One machine with its agent: it says what runs, and does what it is told, late, badly, or not at all.
final class Machine {
  record Answer(VersionRef version, long generation) {}

  private record Sent(String boot, long sequence, Observation observation) {}

  private final World world;
  final String id;
  VersionRef runs;
  private long echoes;
  private ModuleStatus.State says;
  private Answer applying;
  private Instant appliedAt;
  private int boot = 1;
  private long sequence;
  private Instant next;
  Instant awayUntil = Instant.EPOCH;
  private final List<Sent> late = new ArrayList<>();

  Machine(World world, String id, VersionRef runs) {
    this.world = world;
    this.id = id;
    this.runs = runs;
    next = world.now.plusMillis(world.random.nextInt(World.INTERVAL * 1_000));
  }

  boolean due() { return !next.isAfter(world.now) || applying != null && !appliedAt.isAfter(world.now); }

  Instant next() { return applying != null && appliedAt.isBefore(next) ? appliedAt : next; }

  /// It does what is due: finishes what it applies, and says how it is.
  void act() {
    if (applying != null && !appliedAt.isAfter(world.now)) apply();
    next = world.now.plusSeconds(World.INTERVAL);
    var sent = new Sent("b" + boot, ++sequence, observation());
    if (away()) return;
    if (world.chaos && world.random.nextInt(12) == 0) {
      late.add(sent); // it comes after younger ones
      return;
    }
    deliver(sent);
    if (world.chaos && world.random.nextInt(10) == 0) deliver(sent);
    if (!late.isEmpty() && world.random.nextInt(3) == 0) deliver(late.removeFirst());
  }

  private boolean away() { return awayUntil.isAfter(world.now); }

  private Observation observation() {
    var status = says == null ? Map.<String, ModuleStatus>of() : Map.of(World.MODULE.value(), new ModuleStatus(says, echoes, null));
    return new Observation(InstanceStatus.RUNNING, null, Map.of(World.MODULE.value(), runs.digest().value()), status);
  }

  private void deliver(Sent sent) {
    var up = world.health.replicas.stream().filter(r -> r.up).toList();
    if (up.isEmpty()) return;
    var replica = up.get(world.random.nextInt(up.size()));
    var answer = world.health.hear(replica, id, new Heard(sent.boot(), sent.sequence(), world.now, sent.observation()));
    boolean lost = world.chaos && world.random.nextInt(8) == 0;
    if (answer != null && !lost && !away()) told(answer);
  }

  private void told(Answer answer) {
    if (answer.generation() <= echoes || applying != null && answer.generation() <= applying.generation()) return;
    world.tell(() -> id + " is told " + answer.version().version() + " generation " + answer.generation());
    world.judge.met(id, answer);
    applying = answer;
    says = ModuleStatus.State.APPLYING;
    echoes = answer.generation();
    appliedAt = world.now.plusMillis(world.random.nextInt(world.chaos && world.random.nextInt(6) == 0 ? 100_000 : 3_000));
    next = world.now;
    if (world.chaos && world.random.nextInt(6) == 0) awayUntil = world.now.plusSeconds(world.random.nextInt(200));
  }

  private void apply() {
    boolean bad = applying.version().equals(world.bad) && world.random.nextInt(3) > 0;
    boolean unlucky = world.chaos && world.random.nextInt(world.frailty) == 0;
    if (world.chaos && world.random.nextInt(30) == 0) says = ModuleStatus.State.APPLY_FAILED; // the old one still runs
    else {
      runs = applying.version();
      says = bad || unlucky ? ModuleStatus.State.UNHEALTHY : ModuleStatus.State.HEALTHY;
    }
    applying = null;
  }

  void reboot() {
    boot++;
    sequence = 0;
    applying = null;
    if (says == ModuleStatus.State.APPLYING) {
      says = null; // it begins anew when it is told again
      echoes--;
    }
    next = world.now;
  }

  /// A healthy service falls ill, or an ill one recovers.
  void flap() {
    if (says == ModuleStatus.State.HEALTHY) says = ModuleStatus.State.UNHEALTHY;
    else if (says == ModuleStatus.State.UNHEALTHY) says = ModuleStatus.State.HEALTHY;
    next = world.now;
  }
}
