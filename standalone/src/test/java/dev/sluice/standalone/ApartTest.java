package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.chassis.CrashPoint;
import dev.sluice.cli.Spaced;
import dev.sluice.standalone.Trouble.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The services as seven processes on one event bus, two health-services and two rollout-services among them, with a PostgreSQL and a Kafka of their own, and
/// much that befalls them. [RoundsOfTrouble] is the long form.
@Timeout(400)
class ApartTest {
  private static final int AGENTS = 10;
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static Installation sluice;
  private static Api api;

  @BeforeAll
  @Timeout(400)
  static void up() {
    sluice = new Installation(folder, Map.of("planner", 1, "approval", 1, "rollout", 2, "health", 2, "gateway", 1), "planner");
    api = new Api(sluice.origin(), "anna").patient();
  }

  @AfterAll
  static void down() {
    if (sluice != null) sluice.close();
  }

  @Test
  void the_tutorial_ends_the_same_whatever_befalls_and_no_more_are_told_after_a_trip_though_facts_come_two_seconds_late() throws Exception {
    try (var f = Fixture.fleet(api, folder, "apart", AGENTS)) {
      var upgrade = f.start("1.26.0", Map.of("batch_pct", 10));
      var deaths = Stream.of(striking(crash("rollout", CrashPoint.DURING_REBALANCE), crash("rollout", CrashPoint.AFTER_APPEND)),
          striking(crash("health", CrashPoint.AFTER_HAND_OUT), crash("health", CrashPoint.AFTER_RELAY)),
          striking(crash("approval", CrashPoint.AFTER_POLL))).toList();
      assertThat(f.untilState(upgrade, "completed").at("/batches")).hasSize(10);
      assertThat(deaths).allSatisfy(some -> assertThat(some.join()).as("each point was come to").doesNotContain(false));
      sluice.awaitReady();
      f.awaitFleet(AGENTS);

      tripsThoughFactsComeLate(f);

      var maker = striking(crash("planner", CrashPoint.AFTER_APPEND));
      var cleanUp = f.startWhenFree("1.24.0", Map.of("batch_pct", 10)); // the planner dies when it has made the plan, and has it when asked again
      assertThat(maker.join()).containsExactly(true);
      var cut = striking(new Trouble(Kind.CUT, "rollout-2", "postgresql", Trouble.LONG));
      var blows = striking(new Trouble(Kind.CLOCK_AHEAD, "rollout-1", null, Duration.ofSeconds(1)),
          new Trouble(Kind.FREEZE, "health-1", null, Trouble.LONG), new Trouble(Kind.POSTGRESQL_KILL, "postgresql", null, Duration.ZERO),
          new Trouble(Kind.KAFKA_KILL, "kafka", null, Duration.ZERO));
      assertThat(f.untilState(cleanUp, "completed").at("/batches")).hasSize(10);
      blows.join();
      cut.join();
      f.awaitFleet(AGENTS);
      assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.24.0"));
      f.breaksNothing();
    }
  }

  private static Trouble crash(String service, CrashPoint point) { return new Trouble(Kind.CRASH, service, point.name(), Duration.ZERO); }

  /// One after the other.
  private static CompletableFuture<List<Boolean>> striking(Trouble... troubles) {
    return CompletableFuture.supplyAsync(() -> Stream.of(troubles).map(one -> one.strike(sluice)).toList(),
        task -> Thread.ofPlatform().daemon().start(task));
  }

  private static void tripsThoughFactsComeLate(Fixture f) {
    var plan = f.plan("1.26.0-broken", Map.of("batch_pct", 50)).expect(201).body();
    var broken = plan.path("rollout_id").asText();
    var away = Fixture.members(plan, 0).subList(2, 5); // instructed, and out of reach until after the trip
    for (var one : away)
      f.link(one).cut();
    sluice.delayKafka(Duration.ofSeconds(1)); // on the way there, and on the way back
    f.approve(plan);
    f.untilState(broken, "awaiting_decision");
    var tripped = trip(f, broken);
    f.api.until("/healthz", Fixture.SOON, _ -> Instant.now().isAfter(tripped.plusSeconds(1)));
    for (var one : away)
      f.link(one).restore();
    var back = Instant.now();
    for (var one : away)
      f.api.until("/v1/instances/" + one, Fixture.SOON,
          i -> Instant.parse(i.path("last_heartbeat_at").asText()).isAfter(back.plusSeconds(1)));
    f.decide(broken, "rollback_completed_batches");
    f.untilState(broken, "rolled_back");
    sluice.delayKafka(Duration.ZERO);
    assertThat(f.instances(broken).values()).filteredOn(i -> !i.path("handed_out_at").asText("").isEmpty())
        .extracting(i -> i.path("instance_id").asText()).doesNotContainAnyElementsOf(away);
    f.awaitFleet(AGENTS);
  }

  private static Instant trip(Fixture f, String rollout) {
    return Instant.parse(f.api.until("/v1/events?limit=1&kind_prefix=module.upgrade.circuit_breaker_tripped&rollout_id=" + rollout,
        Fixture.SOON, e -> e.path("events").size() == 1).at("/events/0/occurred_at").asText());
  }
}
