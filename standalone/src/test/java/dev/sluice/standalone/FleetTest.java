package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// What the fleet does by itself, and what moves nobody.
@Execution(CONCURRENT)
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
class FleetTest {
  @Test
  void publishing_promoting_and_editing_a_template_move_nobody() throws Exception {
    try (var f = SharedWorld.fleet("still", 2)) {
      var before = running(f);
      f.publish("1.28.0");
      f.api.patch("/v1/templates/" + f.template,
          Map.of("modules", List.of(Map.of("module_id", f.module, "version_id", f.versions.get("1.28.0"))))).expect(200);
      var edited = Instant.now();
      for (var id : before.keySet()) // heard of twice
        for (long interval = 1; interval <= 2; interval++) {
          var heard = edited.plusSeconds(interval);
          f.api.until("/v1/instances/" + id, Fixture.SOON, i -> Instant.parse(i.path("last_heartbeat_at").asText()).isAfter(heard));
        }
      assertThat(running(f)).isEqualTo(before);
      f.api.until("/v1/drift-report?template_id=" + f.template, Fixture.SOON,
          r -> r.path("drift").asBoolean() && r.at("/counts/drifted").asInt() == 2);
    }
  }

  /// Their facts come by all partitions of a topic to whichever gateway.
  @Test
  void of_many_that_enrol_at_once_each_is_told_once() throws Exception {
    try (var f = SharedWorld.fleet("crowd", 1)) {
      var ids = IntStream.range(0, 300).mapToObj(i -> "crowd-" + i).toList();
      var from = f.api.get("/v1/events?limit=1").expect(200).at("/events/0/id").asText();
      f.api.send("POST", "/v1/instances/bulk",
          ids.stream().map(id -> "{\"id\":\"" + id + "\",\"template_id\":\"" + f.template + "\"}").collect(Collectors.joining("\n")),
          Map.of("Content-Type", "application/x-ndjson")).expect(200);
      var told = f.api.until("/v1/events?limit=1000&kind_prefix=fleet.instance_enrolled&after=" + from, Fixture.SOON,
          page -> page.path("events").findValuesAsText("instance_id").containsAll(ids)).path("events").findValuesAsText("instance_id");
      assertThat(told).filteredOn(ids::contains).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_flipped_byte_ends_the_claim_and_drift_shows_it() throws Exception {
    try (var f = SharedWorld.fleet("byte", 2)) {
      f.stopAgents();
      var id = f.template + "-001";
      var program = f.agentsFolder().resolve(Path.of(id, f.module, "current", "bin", "nginx"));
      var bytes = Files.readAllBytes(program);
      bytes[bytes.length - 2] ^= 1;
      Files.write(program, bytes);
      f.startAgents(2);
      var report = f.api.until("/v1/drift-report?template_id=" + f.template, Fixture.SOON,
          r -> r.at("/counts/drifted").asInt() == 1 && r.at("/counts/converged").asInt() == 1);
      assertThat(report.at("/drift").asBoolean()).isTrue();
      assertThat(report.at("/instances")).singleElement().satisfies(i -> {
        assertThat(i.path("instance_id").asText()).isEqualTo(id);
        assertThat(i.at("/modules/0/want").asText()).isEqualTo("1.24.0");
        assertThat(i.at("/modules/0/have").asText("")).isNotEqualTo("1.24.0");
      });
    }
  }

  @Test
  void who_joins_during_a_rollout_is_not_part_of_it() throws Exception {
    try (var f = SharedWorld.fleet("join", 2)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 100)).expect(201).body();
      var rollout = plan.path("rollout_id").asText();
      var late = Fixture.members(plan, 0).getFirst();
      f.link(late).cut();
      f.approve(plan);
      f.untilState(rollout, "running");
      var joiner = f.template + "-joiner";
      var token = f.api.post("/v1/instances", Map.of("id", joiner, "template_id", f.template)).expect(201).text("token");
      var offered = heartbeat(f, joiner, token, 1, Map.of()).at("/desired/" + f.module);
      assertThat(offered.path("version").asText()).isEqualTo("1.24.0");
      heartbeat(f, joiner, token, 2, Map.of(f.module, offered.path("digest").asText()));
      f.link(late).restore();
      assertThat(f.untilState(rollout, "completed").at("/counts/total").asInt()).isEqualTo(2);
      assertThat(f.instances(rollout)).doesNotContainKey(joiner);
      assertThat(heartbeat(f, joiner, token, 3, Map.of(f.module, offered.path("digest").asText())).at("/desired")).isEmpty();
      var drift = f.api.until("/v1/drift-report?template_id=" + f.template, Fixture.SOON, r -> r.at("/counts/converged").asInt() == 2);
      assertThat(drift.at("/instances")).singleElement().satisfies(i -> {
        assertThat(i.path("instance_id").asText()).isEqualTo(joiner);
        assertThat(i.at("/modules/0/want").asText()).isEqualTo("1.26.0");
        assertThat(i.at("/modules/0/have").asText()).isEqualTo("1.24.0");
      });
      f.breaksNothing();
    }
  }

  @Test
  void who_is_silent_for_three_intervals_is_left_out_of_a_plan() throws Exception {
    try (var f = SharedWorld.fleet("quiet", 2)) {
      var quiet = f.template + "-002";
      f.link(quiet).cut();
      f.api.until("/v1/fleet-summary?template_id=" + f.template, Fixture.SOON, s -> s.path("silent").asInt() == 1);
      var plan = f.plan("1.26.0", Map.of()).expect(201).body();
      assertThat(plan.path("total_instances").asInt()).isEqualTo(1);
      assertThat(plan.path("excluded")).singleElement().satisfies(e -> {
        assertThat(e.path("instance_id").asText()).isEqualTo(quiet);
        assertThat(e.path("reason").asText()).isEqualTo("not_reporting");
      });
    }
  }

  private static JsonNode heartbeat(Fixture f, String id, String token, int sequence, Map<String, String> running) {
    return f.api.send("POST", "/v1/instances/" + id + "/heartbeats",
        Map.of("boot_id", "by-hand", "sequence", sequence, "running_module_digests", running),
        Map.of("Authorization", "Bearer " + token)).expect(200).body();
  }

  /// What each instance runs and is to run.
  private static Map<String, String> running(Fixture f) {
    var all = new HashMap<String, String>();
    f.api.get("/v1/instances?template_id=" + f.template).expect(200).at("/instances")
        .forEach(i -> all.put(i.path("id").asText(), i.path("running_module_digests") + " " + i.path("desired")));
    assertThat(all).isNotEmpty();
    return all;
  }
}
