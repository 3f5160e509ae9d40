package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The main job, end to end over HTTP: real PostgreSQL and Kafka, all five services, real agents.
class TutorialTest {
  private static World world;
  private static Api api;
  private static Path folder;

  @BeforeAll
  static void up() throws Exception {
    folder = Files.createTempDirectory("sluice tutorial ");
    world = World.start(folder.resolve("data"), FreePorts.block(), Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "1"), _ -> {});
    api = new Api(world.gateway(), "anna");
  }

  @AfterAll
  static void down() throws IOException {
    if (world != null) world.close();
  }

  private static Fixture fleet(String name, int instances) throws IOException {
    var fixture = Fixture.create(api, world.gateway(), name);
    world.startFleet(instances, fixture.template, fixture.module);
    fixture.awaitFleet(instances);
    return fixture;
  }

  @Test
  void upgrades_ten_instances_in_batches_and_the_template_follows() throws Exception {
    var f = fleet("happy", 10);
    var plan = f.plan("1.26.0", Map.of("batch_pct", 20)).expect(201);
    assertThat(plan.at("/batch_count").asInt()).isEqualTo(5);
    assertThat(plan.at("/state").asText()).isEqualTo("awaiting_approval");
    var rollout = plan.text("rollout_id");
    api.get("/v1/rollouts/" + rollout).expect(200);
    assertThat(f.plan("1.26.0", Map.of()).expect(409).text("detail")).contains(rollout);
    f.approve(plan.body());
    var done = f.untilState(rollout, "completed");
    assertThat(done.at("/counts/healthy").asInt()).isEqualTo(10);
    assertThat(api.get("/v1/drift-report?template_id=" + f.template).expect(200).at("/drift").asBoolean()).isFalse();
    assertThat(api.get("/v1/templates/" + f.template).expect(200).at("/modules/0/version_id").asText()).isEqualTo(f.versions.get("1.26.0"));
    var events = f.eventsUntil(rollout, "module.upgrade.completed");
    var kinds = events.stream().map(e -> e.path("kind").asText()).toList();
    assertThat(kinds)
        .startsWith("module.upgrade.planned", "module.upgrade.approved", "module.upgrade.started", "module.upgrade.batch_started")
        .endsWith("module.upgrade.completed");
    assertThat(kinds.stream().filter("module.upgrade.instance_health_check"::equals)).hasSize(10);
    assertThat(kinds.stream().filter("module.upgrade.batch_completed"::equals)).hasSize(5);
    var places = events.stream().map(e -> e.path("stream_seq").asLong()).toList();
    for (int i = 0; i < places.size(); i++)
      assertThat(places.get(i)).isEqualTo(i + 1);
  }

  @Test
  void a_broken_version_trips_in_batch_0_after_two_failures_and_rolls_back() throws Exception {
    var f = fleet("broken", 10);
    var rollout = f.start("1.26.0-broken", Map.of("batch_pct", 30));
    var tripped = f.untilState(rollout, "awaiting_decision");
    assertThat(tripped.at("/circuit_breaker/state").asText()).isEqualTo("tripped");
    assertThat(tripped.at("/counts/pending").asInt()).isEqualTo(7);
    f.decide(rollout, "rollback_completed_batches");
    f.untilState(rollout, "rolled_back");
    assertThat(f.eventsUntil(rollout, "module.upgrade.rolled_back").stream()
        .filter(e -> e.path("kind").asText().equals("module.upgrade.circuit_breaker_tripped"))).singleElement()
        .satisfies(e -> assertThat(e.path("rule").asText()).isEqualTo("streak"));
    f.awaitFleet(10);
  }

  @Test
  void rejecting_touches_nothing() throws Exception {
    var f = fleet("reject", 3);
    var plan = f.plan("1.26.0", Map.of()).expect(201);
    api.post("/v1/approval-requests/" + plan.text("approval_request_id") + "/decision",
        Map.of("decision", "reject", "revision", 1, "comment", "not today")).expect(200);
    f.untilState(plan.text("rollout_id"), "rejected");
    f.awaitFleet(3);
    f.plan("1.26.0", Map.of()).expect(201);
  }

  @Test
  void an_edit_makes_the_next_revision_and_the_old_one_cannot_be_approved() throws Exception {
    var f = fleet("edit", 10);
    var plan = f.plan("1.26.0", Map.of("batch_pct", 10)).expect(201);
    var request = "/v1/approval-requests/" + plan.text("approval_request_id");
    var edited = api.patch(request, Map.of("revision", 1, "batch_pct", 50)).expect(200);
    assertThat(edited.at("/revision").asInt()).isEqualTo(2);
    assertThat(api.post(request + "/decision", Map.of("decision", "approve", "revision", 1)).expect(409).at("/current_revision").asInt())
        .isEqualTo(2);
    api.post(request + "/decision", Map.of("decision", "approve", "revision", 2)).expect(200);
    var done = f.untilState(plan.text("rollout_id"), "completed");
    assertThat(done.at("/batches").size()).isEqualTo(2);
  }

  @Test
  void each_decision_after_a_trip_is_carried_out() throws Exception {
    for (var decision : List.of("continue_anyway", "retry_failed", "abort")) {
      var f = fleet("decide-" + decision.replace('_', '-'), 4);
      var rollout = f.start("1.26.0-broken", Map.of("batch_pct", 100, "max_failed_pct", 100));
      f.untilState(rollout, "awaiting_decision");
      f.decide(rollout, decision);
      switch (decision) {
        case "abort" -> f.untilState(rollout, "aborted");
        case "continue_anyway" -> f.untilState(rollout, "completed_with_failures", "awaiting_decision");
        default -> api.until("/v1/events?rollout_id=" + rollout + "&kind_prefix=module.upgrade.circuit_breaker_tripped&after=0",
            Fixture.SOON, e -> e.path("events").size() == 2);
      }
    }
  }

  @Test
  void pause_holds_and_resume_goes_on_and_abort_wins() throws Exception {
    var f = fleet("pause", 10);
    var rollout = f.start("1.26.0", Map.of("batch_pct", 10, "min_healthy_sec", 1));
    f.untilState(rollout, "running");
    assertThat(api.post("/v1/rollouts/" + rollout + "/pause", Map.of("comment", "lunch")).expect(200).text("state")).isEqualTo("paused");
    api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
    assertThat(api.get("/v1/rollouts/" + rollout + "/diagnosis").expect(200).text("detail")).contains("paused");
    assertThat(api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200).text("state")).isEqualTo("running");
    assertThat(api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200).text("state")).isEqualTo("aborted");
    var refused = api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(409);
    assertThat(refused.text("detail")).contains("aborted");
  }
}
