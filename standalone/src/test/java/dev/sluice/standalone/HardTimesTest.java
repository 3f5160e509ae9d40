package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.CrashPoint;
import dev.sluice.cli.Spaced;
import dev.sluice.sandbox.Ports;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ResourceLock;

/// The whole product as one process in which 30 % of all asks fail or come late, and which is killed in the middle of things. Callers that get a 503 ask
/// again. The ends are the same.
@Timeout(600)
@Execution(CONCURRENT)
@ResourceLock("the lane of restarts")
class HardTimesTest {
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static int port;
  private static OwnProcess sluice;
  private static Api api;

  @BeforeAll
  static void up() throws Exception {
    port = Ports.block(10);
    api = new Api(URI.create("http://127.0.0.1:" + port), "anna").patient();
    start(Map.of());
  }

  @AfterAll
  static void down() {
    if (sluice != null) sluice.close();
  }

  private static void start(Map<String, String> also) {
    var environment = new HashMap<>(also);
    environment.putAll(
        Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "2", "SLUICE_ASKS_FAIL_PCT", "30", "SLUICE_RECONCILER_TICK_SEC", "1"));
    sluice = OwnProcess.up(folder, port, environment);
  }

  /// Two rollouts stand in the middle when all is killed: one in a batch in which one instance is done and one is out of reach, the other with one failure
  /// of the two that trip. Then it dies once more, when an instruction was handed out and its agent is not answered yet.
  @Test
  void killed_in_mid_batch_and_in_mid_streak_it_goes_on_where_it_was_though_asks_fail() throws Exception {
    try (var good = Fixture.fleet(api, folder, "batch", 4); var bad = Fixture.fleet(api, folder, "streak", 4)) {
      var plan = good.plan("1.26.0", Map.of("batch_pct", 50)).expect(201).body();
      var badPlan = bad.plan("1.26.0-broken", Map.of("batch_pct", 50)).expect(201).body();
      var late = Fixture.members(plan, 0).getLast();
      var second = Fixture.members(badPlan, 0).getLast();
      good.link(late).cut();
      bad.link(second).cut();
      good.approve(plan);
      bad.approve(badPlan);
      var upgrade = plan.path("rollout_id").asText();
      var broken = badPlan.path("rollout_id").asText();
      api.until("/v1/rollouts/" + upgrade, Fixture.SOON, r -> r.at("/counts/healthy").asInt() == 1);
      api.until("/v1/rollouts/" + broken, Fixture.SOON, r -> r.at("/counts/failed").asInt() == 1);

      sluice.kill();
      start(Map.of("JDK_JAVA_OPTIONS", "-Dsluice.crash.at=" + CrashPoint.AFTER_HAND_OUT));

      assertThat(api.get("/v1/rollouts/" + broken).expect(200).at("/failure_streak").asInt()).isEqualTo(1);
      good.link(late).restore();
      bad.link(second).restore();
      assertThat(sluice.process().waitFor(200, TimeUnit.SECONDS)).as("it died when it had handed out").isTrue();
      assertThat(sluice.process().exitValue()).isEqualTo(CrashPoint.EXIT_CODE);
      start(Map.of());
      bad.untilState(broken, "awaiting_decision");
      bad.decide(broken, "rollback_completed_batches");
      bad.untilState(broken, "rolled_back");
      bad.awaitFleet(4);
      var trips = bad.eventsUntil(broken, "module.upgrade.rolled_back").stream()
          .filter(e -> e.path("kind").asText().equals("module.upgrade.circuit_breaker_tripped")).toList();
      assertThat(trips).singleElement().satisfies(t -> {
        assertThat(t.path("rule").asText()).isEqualTo("streak");
        assertThat(t.at("/failed_instance_ids")).extracting(JsonNode::asText).containsExactlyElementsOf(Fixture.members(badPlan, 0));
      });

      assertThat(good.untilState(upgrade, "completed").at("/counts/healthy").asInt()).isEqualTo(4);
      good.awaitFleet(4);
      assertThat(good.eventsUntil(upgrade, "module.upgrade.completed"))
          .filteredOn(e -> e.path("kind").asText().equals("module.upgrade.instance_health_check"))
          .extracting(e -> e.path("instance_id").asText()).hasSize(4).doesNotHaveDuplicates()
          .contains(late);
      assertThat(told(good, upgrade)).hasSize(4).doesNotHaveDuplicates();
      assertThat(told(bad, broken)).contains(second).doesNotHaveDuplicates();
      good.breaksNothing();
      bad.breaksNothing();
    }
  }

  /// Who was handed an instruction by a rollout.
  private static List<String> told(Fixture f, String rollout) {
    return f.events(rollout).stream().filter(e -> e.path("kind").asText().equals("module.upgrade.instance_started"))
        .map(e -> e.path("instance_id").asText()).toList();
  }
}
