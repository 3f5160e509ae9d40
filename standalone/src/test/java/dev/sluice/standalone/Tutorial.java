package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The main job, word for word and number for number, over HTTP with real agents.
///
/// @param agents a multiple of ten
record Tutorial(Fixture f, int agents) {
  private static final String BATCH_STARTED = "module.upgrade.batch_started";
  private static final String BATCH_COMPLETED = "module.upgrade.batch_completed";
  private static final String TRIPPED = "module.upgrade.circuit_breaker_tripped";

  /// Nginx 1.26.0 for all, at 20 %.
  void upgrade() {
    var versions = f.api.get("/v1/module-versions?module_name=" + f.module).expect(200).at("/versions");
    assertThat(versions).extracting(v -> v.path("version").asText() + " " + v.path("lifecycle_state").asText())
        .containsExactlyInAnyOrder("1.24.0 live", "1.26.0 live", "1.26.0-broken live");
    var plan = f.plan("1.26.0", Map.of("batch_pct", 20)).expect(201).body();
    assertThat(plan.at("/total_instances").asInt()).isEqualTo(agents);
    assertThat(plan.at("/batch_size").asInt()).isEqualTo(agents / 5);
    assertThat(plan.at("/batch_count").asInt()).isEqualTo(5);
    assertThat(plan.at("/estimated_total_seconds").asInt()).isEqualTo(1500);
    assertThat(plan.at("/health/timeout_sec").asInt()).isEqualTo(300);
    assertThat(plan.at("/circuit_breaker/max_consecutive_failures").asInt()).isEqualTo(2);
    assertThat(plan.at("/circuit_breaker/max_failed_pct").asInt()).isEqualTo(20);
    assertThat(plan.at("/state").asText()).isEqualTo("awaiting_approval");
    assertThat(plan.at("/batches")).allSatisfy(b -> {
      assertThat(b.path("instance_ids")).hasSize(agents / 5);
      assertThat(b.path("phase").asText()).isEqualTo("pending");
    });
    var rollout = plan.path("rollout_id").asText();
    f.api.get("/v1/rollouts/" + rollout).expect(200);
    assertThat(f.plan("1.26.0", Map.of()).expect(409).text("detail")).contains(rollout);
    f.approve(plan);
    assertThat(f.untilState(rollout, "completed").at("/counts/healthy").asInt()).isEqualTo(agents);
    f.awaitFleet(agents); // who is not heard for a moment comes again
    assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.26.0"));
    var events = f.eventsUntil(rollout, "module.upgrade.completed");
    assertThat(events).extracting(e -> e.path("stream_seq").asInt()).isEqualTo(IntStream.rangeClosed(1, events.size()).boxed().toList());
    assertThat(events).extracting(Tutorial::kind)
        .startsWith("module.upgrade.planned", "module.upgrade.approved", "module.upgrade.started", BATCH_STARTED)
        .endsWith("module.upgrade.completed");
    assertThat(batches(events)).isEqualTo(IntStream.range(0, 5).boxed().flatMap(i -> Stream.of("start " + i, "end " + i)).toList());
    assertThat(events).filteredOn(e -> kind(e).equals("module.upgrade.instance_health_check")).hasSize(agents)
        .allSatisfy(e -> assertThat(e.path("healthy").asBoolean()).isTrue());
    nobodyIsToldBeforeHisBatchBegins(plan, events);
  }

  private void nobodyIsToldBeforeHisBatchBegins(JsonNode plan, List<JsonNode> events) {
    var open = new HashSet<String>();
    for (var event : events) {
      if (kind(event).equals(BATCH_STARTED)) open.addAll(Fixture.members(plan, event.path("batch_index").asInt()));
      if (kind(event).equals("module.upgrade.instance_started")) assertThat(open).contains(event.path("instance_id").asText());
    }
    assertThat(open).hasSize(agents);
  }

  /// A broken version at 20 %: it trips in batch 0, and is taken back.
  void breakIt() { breakIt(_ -> {}, _ -> {}); }

  /// The same.
  ///
  /// @param planned what happens before it is approved; takes the plan
  /// @param tripped what happens before it is decided; takes the rollout's id
  /// @return the rollout's id
  String breakIt(Consumer<JsonNode> planned, Consumer<String> tripped) {
    var plan = f.planWhenFree("1.26.0-broken", Map.of("batch_pct", 20));
    planned.accept(plan);
    f.approve(plan);
    var rollout = plan.path("rollout_id").asText();
    var now = f.untilState(rollout, "awaiting_decision");
    assertThat(now.at("/circuit_breaker/state").asText()).isEqualTo("tripped");
    assertThat(now.at("/counts/pending").asInt()).isEqualTo(agents - agents / 5);
    var reason = "\\d+ failed in a row in plan order; max_consecutive_failures is 2 \\(unhealthy \\d+\\)";
    assertThat(f.diagnosis(rollout, "decision")).matches("the circuit breaker tripped in batch 1: " + reason
        + "; decide the approval request \\S+: continue_anyway, retry_failed, rollback_completed_batches or abort");
    tripped.accept(rollout);
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
    f.awaitFleet(agents);
    assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.26.0"));
    return rollout;
  }

  /// Back to 1.24.0, at 50 %.
  void cleanUp() {
    var plan = f.planWhenFree("1.24.0", Map.of("batch_pct", 50, "max_failed_pct", 100));
    assertThat(plan.at("/batches")).extracting(b -> b.path("instance_ids").size()).containsExactly(agents / 2, agents / 2);
    f.approve(plan);
    f.untilState(plan.path("rollout_id").asText(), "completed");
    f.awaitFleet(agents); // who is not heard for a moment comes again
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
