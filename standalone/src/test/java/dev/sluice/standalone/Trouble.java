package dev.sluice.standalone;

import dev.sluice.chassis.CrashPoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/// Something that befalls an [Installation] for a while.
///
/// @param target the process that it befalls, or the part
/// @param other  whom it is cut off from, or the point of the code that it dies at; else null
record Trouble(Kind kind, String target, String other, Duration lasts) {
  enum Kind {
    KILL("kill -9 of a process"), CRASH("death at a named point"), FREEZE("SIGSTOP, then SIGCONT"), CUT("a way cut, silently"), CLOCK_AHEAD(
        "a clock an hour ahead"), CLOCK_BEHIND("a clock an hour behind"), POSTGRESQL_KILL("kill -9 of PostgreSQL"), POSTGRESQL_AWAY(
            "PostgreSQL away"), KAFKA_KILL("kill -9 of Kafka"), KAFKA_AWAY("Kafka away"), DISK_FULL("PostgreSQL's disk full");

    final String what;

    Kind(String what) {
      this.what = what;
    }
  }

  /// Longer than the session timeouts of an [Installation].
  static final Duration LONG = Duration.ofSeconds(10);
  private static final Duration AWAY = Duration.ofSeconds(30);
  private static final Duration REACHED = Duration.ofSeconds(180);
  /// The points that come by themselves while a rollout goes on, with the services that come to them.
  private static final List<CrashPoint> POINTS = List.of(CrashPoint.AFTER_APPEND, CrashPoint.AFTER_RELAY, CrashPoint.AFTER_POLL,
      CrashPoint.AFTER_HAND_OUT, CrashPoint.DURING_REBALANCE);

  static Trouble drawn(Random random, Installation on, List<Kind> kinds) {
    var kind = kinds.get(random.nextInt(kinds.size()));
    if (kind == Kind.DISK_FULL && !on.hasOwnDisk()) kind = Kind.POSTGRESQL_KILL;
    var processes = on.names();
    var one = processes.get(random.nextInt(processes.size()));
    return switch (kind) {
      case KILL -> new Trouble(kind, one, null, Duration.ZERO);
      case CRASH -> crash(POINTS.get(random.nextInt(POINTS.size())), random);
      case FREEZE -> new Trouble(kind, one, null, LONG.plusSeconds(random.nextInt(6)));
      case CUT -> new Trouble(kind, one, peer(one, processes, random), LONG.plusSeconds(random.nextInt(16)));
      case CLOCK_AHEAD, CLOCK_BEHIND -> new Trouble(kind, one, null, LONG.plusSeconds(random.nextInt(16)));
      case POSTGRESQL_KILL -> new Trouble(kind, "postgresql", null, Duration.ZERO);
      case POSTGRESQL_AWAY -> new Trouble(kind, "postgresql", null, AWAY);
      case KAFKA_KILL -> new Trouble(kind, "kafka", null, Duration.ZERO);
      case KAFKA_AWAY -> new Trouble(kind, "kafka", null, AWAY);
      case DISK_FULL -> new Trouble(kind, "postgresql", null, LONG);
    };
  }

  /// Each way there is, cut once: between a process of one service and one of another, and to either server.
  static List<Trouble> cuts(Installation on) {
    var cuts = new ArrayList<Trouble>();
    var services = on.names().stream().map(name -> name.substring(0, name.indexOf('-'))).distinct().toList();
    for (int i = 0; i < services.size(); i++) {
      var one = on.processesOf(services.get(i)).getFirst().name();
      for (var other : services.subList(i + 1, services.size()))
        cuts.add(new Trouble(Kind.CUT, one, on.processesOf(other).getLast().name(), LONG.multipliedBy(2)));
      for (var server : List.of("postgresql", "kafka"))
        cuts.add(new Trouble(Kind.CUT, one, server, LONG.multipliedBy(2)));
    }
    return cuts;
  }

  /// A death at a point, of a process that comes there: only the health-service hands out.
  static Trouble crash(CrashPoint point, Random random) {
    var services = point == CrashPoint.AFTER_HAND_OUT ? List.of("health") : List.of("planner", "approval", "rollout", "health");
    var service = services.get(random.nextInt(services.size()));
    return new Trouble(Kind.CRASH, service, point.name(), Duration.ZERO);
  }

  /// As often one of the servers as one of the processes.
  private static String peer(String one, List<String> processes, Random random) {
    var others = processes.stream().filter(other -> !other.equals(one)).toList();
    return switch (random.nextInt(4)) {
      case 0 -> "postgresql";
      case 1 -> "kafka";
      default -> others.get(random.nextInt(others.size()));
    };
  }

  /// Befalls it, lasts, and ends.
  ///
  /// @return whether it did: a point of the code may not have been come to
  boolean strike(Installation on) {
    switch (kind) {
      case KILL -> on.process(target).kill();
      case CRASH -> {
        return crash(on);
      }
      case FREEZE -> {
        on.process(target).freeze();
        whileItLasts();
        on.process(target).thaw();
      }
      case CUT -> {
        on.cut(target, other);
        whileItLasts();
        on.healCuts();
      }
      case CLOCK_AHEAD, CLOCK_BEHIND -> {
        on.process(target).again("-Dsluice.clock.offset=" + (kind == Kind.CLOCK_AHEAD ? "PT1H" : "PT-1H"));
        whileItLasts();
        on.process(target).again("");
      }
      case POSTGRESQL_KILL -> on.killPostgres();
      case POSTGRESQL_AWAY -> {
        on.stopPostgres();
        whileItLasts();
        on.startPostgresAgain();
      }
      case KAFKA_KILL -> on.kafka().kill();
      case KAFKA_AWAY -> {
        on.kafka().stop();
        whileItLasts();
        on.kafka().startAgain();
      }
      case DISK_FULL -> {
        on.fillDisk();
        whileItLasts();
        on.freeDisk();
      }
    }
    return true;
  }

  /// Whichever of the service's processes come there, until one has: one of them relays, and one has the partition of a rollout. Partitions are shared anew when
  /// one of them dies.
  private boolean crash(Installation on) {
    var point = CrashPoint.valueOf(other);
    var all = on.processesOf(target);
    boolean rebalance = point == CrashPoint.DURING_REBALANCE;
    var some = rebalance ? all.subList(0, 1) : all;
    int before = deaths(some);
    some.forEach(one -> one.diesAt(point));
    if (rebalance) all.getLast().kill();
    long end = System.nanoTime() + REACHED.toNanos();
    while (deaths(some) == before && System.nanoTime() < end)
      LockSupport.parkNanos(20_000_000);
    some.forEach(one -> one.diesAt(null));
    return deaths(some) > before;
  }

  private static int deaths(List<Guarded> some) { return some.stream().mapToInt(one -> one.exits().size()).sum(); }

  private void whileItLasts() { LockSupport.parkNanos(lasts.toNanos()); }

  @Override
  public String toString() {
    return kind.what + " (" + target + (other == null ? "" : ", " + other) + (lasts.isZero() ? "" : ", " + lasts.toSeconds() + " s") + ")";
  }
}
