package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The main job, word for word and number for number, over HTTP: real PostgreSQL and Kafka, all five services, fifty real agents.
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
@Order(1)
class TutorialTest {
  private static final String BATCH_STARTED = "module.upgrade.batch_started";
  private static final String BATCH_COMPLETED = "module.upgrade.batch_completed";
  private static final String TRIPPED = "module.upgrade.circuit_breaker_tripped";

  @Test
  void fifty_instances_go_up_in_five_batches_meet_a_broken_version_go_back_and_are_cleaned_up() throws Exception {
    try (var f = SharedWorld.fleet("tutorial", 50)) {
      upgrade(f);
      breakIt(f);
      cleanUp(f);
      f.breaksNothing();
    }
  }

  private static void upgrade(Fixture f) {
    var versions = f.api.get("/v1/module-versions?module_name=" + f.module).expect(200).at("/versions");
    assertThat(versions).extracting(v -> v.path("version").asText() + " " + v.path("lifecycle_state").asText())
        .containsExactlyInAnyOrder("1.24.0 live", "1.26.0 live", "1.26.0-broken live");
    var plan = f.plan("1.26.0", Map.of("batch_pct", 20)).expect(201).body();
    assertThat(plan.at("/total_instances").asInt()).isEqualTo(50);
    assertThat(plan.at("/batch_size").asInt()).isEqualTo(10);
    assertThat(plan.at("/batch_count").asInt()).isEqualTo(5);
    assertThat(plan.at("/estimated_total_seconds").asInt()).isEqualTo(1500);
    assertThat(plan.at("/health/timeout_sec").asInt()).isEqualTo(300);
    assertThat(plan.at("/circuit_breaker/max_consecutive_failures").asInt()).isEqualTo(2);
    assertThat(plan.at("/circuit_breaker/max_failed_pct").asInt()).isEqualTo(20);
    assertThat(plan.at("/state").asText()).isEqualTo("awaiting_approval");
    assertThat(plan.at("/batches")).allSatisfy(b -> {
      assertThat(b.path("instance_ids")).hasSize(10);
      assertThat(b.path("phase").asText()).isEqualTo("pending");
    });
    var rollout = plan.path("rollout_id").asText();
    f.api.get("/v1/rollouts/" + rollout).expect(200);
    assertThat(f.plan("1.26.0", Map.of()).expect(409).text("detail")).contains(rollout);
    f.approve(plan);
    assertThat(f.untilState(rollout, "completed").at("/counts/healthy").asInt()).isEqualTo(50);
    assertThat(f.drift().at("/drift").asBoolean()).isFalse();
    assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.26.0"));
    var events = f.eventsUntil(rollout, "module.upgrade.completed");
    assertThat(events).extracting(e -> e.path("stream_seq").asInt()).isEqualTo(IntStream.rangeClosed(1, events.size()).boxed().toList());
    assertThat(events).extracting(TutorialTest::kind)
        .startsWith("module.upgrade.planned", "module.upgrade.approved", "module.upgrade.started", BATCH_STARTED)
        .endsWith("module.upgrade.completed");
    assertThat(batches(events)).isEqualTo(IntStream.range(0, 5).boxed().flatMap(i -> Stream.of("start " + i, "end " + i)).toList());
    assertThat(events).filteredOn(e -> kind(e).equals("module.upgrade.instance_health_check")).hasSize(50)
        .allSatisfy(e -> assertThat(e.path("healthy").asBoolean()).isTrue());
    nobodyIsToldBeforeHisBatchBegins(plan, events);
  }

  private static void nobodyIsToldBeforeHisBatchBegins(JsonNode plan, List<JsonNode> events) {
    var open = new HashSet<String>();
    for (var event : events) {
      if (kind(event).equals(BATCH_STARTED)) open.addAll(Fixture.members(plan, event.path("batch_index").asInt()));
      if (kind(event).equals("module.upgrade.instance_started")) assertThat(open).contains(event.path("instance_id").asText());
    }
    assertThat(open).hasSize(50);
  }

  private static void breakIt(Fixture f) {
    var plan = f.plan("1.26.0-broken", Map.of("batch_pct", 20)).expect(201).body();
    f.approve(plan);
    var rollout = plan.path("rollout_id").asText();
    var tripped = f.untilState(rollout, "awaiting_decision");
    assertThat(tripped.at("/circuit_breaker/state").asText()).isEqualTo("tripped");
    assertThat(tripped.at("/counts/pending").asInt()).isEqualTo(40);
    var reason = "\\d+ failed in a row in plan order; max_consecutive_failures is 2 \\(unhealthy \\d+\\)";
    assertThat(f.diagnosis(rollout, "decision")).matches("the circuit breaker tripped in batch 1: " + reason
        + "; decide the approval request \\S+: continue_anyway, retry_failed, rollback_completed_batches or abort");
    f.decide(rollout, "rollback_completed_batches");
    f.untilState(rollout, "rolled_back");
    var events = f.eventsUntil(rollout, "module.upgrade.rolled_back");
    assertThat(events).filteredOn(e -> kind(e).equals(TRIPPED)).singleElement().satisfies(trip -> {
      assertThat(trip.path("batch_index").asInt()).isZero();
      assertThat(trip.path("rule").asText()).isEqualTo("streak");
      assertThat(trip.path("reason").asText()).matches(reason);
      assertThat(trip.path("failed_instance_ids")).hasSizeGreaterThanOrEqualTo(2)
          .allSatisfy(id -> assertThat(Fixture.members(plan, 0)).contains(id.asText()));
    });
    assertThat(events).filteredOn(e -> e.has("instance_id")).isNotEmpty()
        .allSatisfy(e -> assertThat(Fixture.members(plan, 0)).contains(e.path("instance_id").asText()));
    f.awaitFleet(50);
    assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.26.0"));
  }

  private static void cleanUp(Fixture f) {
    var plan = f.plan("1.24.0", Map.of("batch_pct", 50)).expect(201).body();
    assertThat(plan.at("/batches")).extracting(b -> b.path("instance_ids").size()).containsExactly(25, 25);
    f.approve(plan);
    f.untilState(plan.path("rollout_id").asText(), "completed");
    assertThat(f.drift().at("/drift").asBoolean()).isFalse();
    assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.24.0"));
  }

  private static List<String> batches(List<JsonNode> events) {
    var told = new ArrayList<String>();
    for (var event : events) {
      if (kind(event).equals(BATCH_STARTED)) told.add("start " + event.path("batch_index").asInt());
      if (kind(event).equals(BATCH_COMPLETED)) told.add("end " + event.path("batch_index").asInt());
    }
    return told;
  }

  private static String kind(JsonNode event) { return event.path("kind").asText(); }
}
