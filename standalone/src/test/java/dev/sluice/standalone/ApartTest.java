package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import dev.sluice.chassis.CrashPoint;
import dev.sluice.cli.Spaced;
import dev.sluice.standalone.Trouble.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;

/// The services as seven processes on one event bus, two health-services and two rollout-services among them, with a PostgreSQL and a Kafka of their own, and
/// much that befalls them. [RoundsOfTrouble] is the long form.
@Timeout(800)
@Execution(CONCURRENT)
class ApartTest {
  private static final int AGENTS = 20;
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static Installation sluice;
  private static Api api;

  @BeforeAll
  @Timeout(800)
  static void up() {
    sluice = new Installation(folder, Map.of("planner", 1, "approval", 1, "rollout", 2, "health", 2, "gateway", 1), "planner",
        Map.of("SLUICE_ASKS_FAIL_PCT", "30"), List.of());
    api = new Api(sluice.origin(), "anna").patient();
  }

  @AfterAll
  static void down() {
    if (sluice != null) sluice.close();
  }

  @Test
  void the_tutorial_ends_the_same_whatever_befalls_and_no_more_are_told_after_a_trip_though_facts_come_two_seconds_late() throws Exception {
    try (var f = Fixture.fleet(api, folder, "apart", AGENTS)) {
      var tutorial = new Tutorial(f, AGENTS);
      var deaths = Stream.of(striking(crash("rollout", CrashPoint.DURING_REBALANCE), crash("rollout", CrashPoint.AFTER_APPEND)),
          striking(crash("health", CrashPoint.AFTER_HAND_OUT), crash("health", CrashPoint.AFTER_RELAY)),
          striking(crash("approval", CrashPoint.AFTER_POLL))).toList();
      tutorial.upgrade();
      assertThat(deaths).allSatisfy(some -> assertThat(some.join()).as("each point was come to").doesNotContain(false));
      sluice.awaitReady();
      f.awaitFleet(AGENTS);

      tripsThoughFactsComeLate(tutorial);

      var maker = striking(crash("planner", CrashPoint.AFTER_APPEND)); // it dies when it has made the plan, and has it when asked again
      var cut = striking(new Trouble(Kind.CUT, "rollout-2", "postgresql", Trouble.LONG));
      var blows = striking(new Trouble(Kind.CLOCK_AHEAD, "rollout-1", null, Duration.ofSeconds(1)),
          new Trouble(Kind.FREEZE, "health-1", null, Trouble.LONG), new Trouble(Kind.POSTGRESQL_KILL, "postgresql", null, Duration.ZERO),
          new Trouble(Kind.KAFKA_KILL, "kafka", null, Duration.ZERO));
      tutorial.cleanUp();
      assertThat(maker.join()).containsExactly(true);
      blows.join();
      cut.join();
      f.awaitFleet(AGENTS);
      f.breaksNothing();
    }
  }

  private static Trouble crash(String service, CrashPoint point) { return new Trouble(Kind.CRASH, service, point.name(), Duration.ZERO); }

  /// One after the other.
  private static CompletableFuture<List<Boolean>> striking(Trouble... troubles) {
    return CompletableFuture.supplyAsync(() -> Stream.of(troubles).map(one -> one.strike(sluice)).toList(),
        task -> Thread.ofPlatform().daemon().start(task));
  }

  private static void tripsThoughFactsComeLate(Tutorial tutorial) {
    var f = tutorial.f();
    var away = new ArrayList<String>(); // instructed, and out of reach until after the trip
    var told = new ArrayList<String>();
    var rollout = tutorial.breakIt(plan -> {
      var batch = Fixture.members(plan, 0);
      told.addAll(batch.subList(0, 2));
      away.addAll(batch.subList(2, batch.size()));
      away.forEach(one -> f.link(one).cut());
      sluice.delayKafka(Duration.ofSeconds(1)); // on the way there, and on the way back
    }, broken -> {
      var tripped = trip(f, broken);
      f.api.until("/healthz", Fixture.SOON, _ -> Instant.now().isAfter(tripped.plusSeconds(1)));
      away.forEach(one -> f.link(one).restore());
      var back = Instant.now();
      for (var one : away)
        f.api.until("/v1/instances/" + one, Fixture.SOON,
            i -> Instant.parse(i.path("last_heartbeat_at").asText()).isAfter(back.plusSeconds(1)));
    });
    // No fact is late any more: it ends with the word on each of them, and who had been handed the version would have been handed the one before.
    assertThat(f.instances(rollout).values()).filteredOn(i -> !i.path("handed_out_at").asText("").isEmpty())
        .extracting(i -> i.path("instance_id").asText()).containsExactlyInAnyOrderElementsOf(told);
    sluice.delayKafka(Duration.ZERO);
    f.awaitFleet(AGENTS);
  }

  private static Instant trip(Fixture f, String rollout) {
    return Instant.parse(f.api.until("/v1/events?limit=1&kind_prefix=module.upgrade.circuit_breaker_tripped&rollout_id=" + rollout,
        Fixture.SOON, e -> e.path("events").size() == 1).at("/events/0/occurred_at").asText());
  }
}
