package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// Each wish of one caller breaks off between its commit and its answer, as when the process dies there: PostgreSQL refuses to keep the answer of a first try. The repeat
/// under the same `Idempotency-Key` is answered as the first would have been, and nothing is there twice.
@Execution(CONCURRENT)
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
class InterruptedWishTest {
  private static final List<String> SERVICES = List.of("planner", "approval", "rollout", "health");
  private static final String BREAKS_OFF = """
      create function %1$s.break_off() returns trigger language plpgsql as $$ begin raise exception 'broken off'; end $$;
      create trigger break_off before update on %1$s.idempotency for each row
        when (new.status is not null and new.caller like 'interrupted by %%' and old.held_at = old.at) execute function %1$s.break_off()
      """;
  private String caller;
  private Api api;

  @BeforeAll
  static void arm() throws Exception {
    for (var service : SERVICES)
      sql(BREAKS_OFF.formatted(service));
  }

  @BeforeEach
  void call(TestInfo test) throws Exception {
    caller = "interrupted by " + test.getDisplayName();
    api = new Api(SharedWorld.api().origin(), caller);
  }

  @Test
  void what_is_made_is_made_once() throws Exception {
    wish("/v1/modules", Map.of("name", "wished")).expect(201);
    var version = wish("/v1/modules/wished/versions", Map.of("version", "1.0.0", "digest", "sha256:" + "ab".repeat(32))).expect(201);
    assertThat(all("/v1/modules/wished/versions", "versions")).singleElement().isEqualTo(version.body());
    assertThat(wish("/v1/module-versions/" + version.text("id") + "/promote", Map.of("to", "staging")).expect(200).text("lifecycle_state"))
        .isEqualTo("staging");
    var template = wish("/v1/templates",
        Map.of("name", "wished", "modules", List.of(Map.of("module_id", "wished", "version_id", version.text("id"))))).expect(201);
    assertThat(all("/v1/templates?limit=1000", "templates")).filteredOn(t -> t.path("name").asText().equals("wished")).singleElement()
        .isEqualTo(template.body());
    var learning = wish("/v1/learnings", Map.of("title", "wished", "content", "once", "category", "discovery")).expect(201);
    assertThat(all("/v1/learnings?q=wished", "learnings")).singleElement().isEqualTo(learning.body());

    var one = wish("/v1/instances", Map.of("template_id", template.text("id"))).expect(201);
    beats(one.text("id"), one.text("token"));
    var lines = ("{\"template_id\":\"" + template.text("id") + "\"}\n").repeat(3);
    wish("/v1/instances/bulk", lines, "application/x-ndjson").expect(200).raw().body().lines().map(l -> Json.read(l, JsonNode.class))
        .forEach(l -> beats(l.path("id").asText(), l.path("token").asText()));
    assertThat(all("/v1/instances?template_id=" + template.text("id"), "instances")).hasSize(4);
  }

  @Test
  void what_is_decided_is_decided_once() throws Exception {
    try (var f = SharedWorld.fleet("wish", 2)) {
      var plan = wish("/v1/plans", Map.of("template_id", f.template, "module_id", f.module, "target_version_id", f.versions.get("1.26.0"),
          "batch_pct", 50)).expect(201);
      var rollout = plan.text("rollout_id");
      // one that was not taken in time was withdrawn
      assertThat(all("/v1/rollouts?template_id=" + f.template, "rollouts")).filteredOn(r -> !r.path("state").asText().equals("cancelled"))
          .extracting(r -> r.path("id").asText()).containsExactly(rollout);
      f.link(Fixture.members(plan.body(), 1).getFirst()).cut();
      var approved = wish("/v1/approval-requests/" + plan.text("approval_request_id") + "/decision",
          Map.of("decision", "approve", "revision", 1)).expect(200);
      assertThat(approved.text("status")).isEqualTo("approved");
      assertThat(approved.at("/votes")).hasSize(1);
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.at("/counts/healthy").asInt() == 1);
      assertThat(command(rollout, "pause")).isEqualTo("paused");
      assertThat(command(rollout, "resume")).isEqualTo("running");
      assertThat(command(rollout, "abort")).isEqualTo("aborted");
      assertThat(command(rollout, "rollback")).isIn("rolling_back", "rolled_back");
      f.link(Fixture.members(plan.body(), 1).getFirst()).restore();
      f.untilState(rollout, "rolled_back");
      assertThat(f.eventsUntil(rollout, "module.upgrade.rolled_back")).extracting(e -> e.path("kind").asText()).filteredOn(
          kind -> List.of("module.upgrade.paused", "module.upgrade.resumed", "module.upgrade.aborted", "module.upgrade.rollback_started")
              .contains(kind))
          .doesNotHaveDuplicates().contains("module.upgrade.paused", "module.upgrade.resumed", "module.upgrade.aborted");
      f.awaitFleet(2);
      f.breaksNothing();
    }
  }

  /// Whoever repeats his pause has paused before.
  @Test
  void a_pause_that_was_resumed_meanwhile_is_not_made_again() throws Exception {
    try (var f = SharedWorld.fleet("halted", 1)) {
      var body = Map.<String, Object>of("template_id", f.template);
      var headers = brokenOff("/v1/reconciler/pause", body, "application/json");
      assertThat(f.api.get("/v1/reconciler").expect(200).at("/paused_templates").toString()).contains(f.template);
      f.api.post("/v1/reconciler/resume", body).expect(200);
      again("/v1/reconciler/pause", body, headers).expect(200);
      assertThat(f.api.get("/v1/reconciler").expect(200).at("/paused_templates").toString()).doesNotContain(f.template);
    }
  }

  private String command(String rollout, String command) throws Exception {
    return wish("/v1/rollouts/" + rollout + "/" + command, Map.of("comment", "wished")).expect(200).text("state");
  }

  private void beats(String instance, String token) {
    api.patient().send("POST", "/v1/instances/" + instance + "/heartbeats", Map.of("boot_id", "b", "sequence", 1),
        Map.of("Authorization", "Bearer " + token)).expect(200);
  }

  private Api.Reply wish(String path, Object body) throws Exception { return wish(path, body, "application/json"); }

  private Api.Reply wish(String path, Object body, String type) throws Exception {
    return again(path, body, brokenOff(path, body, type));
  }

  private Api.Reply again(String path, Object body, Map<String, String> headers) throws Exception {
    for (var service : SERVICES)
      sql("update " + service + ".idempotency set held_at = held_at - interval '11 seconds' where status is null and caller = '" + caller
          + "'");
    return api.patient().send("POST", path, body, headers);
  }

  /// A world that is busy says 503, and the wish is made anew.
  ///
  /// @return what it was sent with
  private Map<String, String> brokenOff(String path, Object body, String type) {
    for (long end = System.nanoTime() + Fixture.SOON.toNanos();;) {
      var headers = Map.of("Idempotency-Key", UUID.randomUUID().toString(), "Content-Type", type);
      var reply = api.send("POST", path, body, headers);
      if (reply.status() == 503 && System.nanoTime() < end) {
        LockSupport.parkNanos(500_000_000);
        continue;
      }
      reply.expect(500);
      return headers;
    }
  }

  private static void sql(String statements) throws Exception {
    try (var connection = RestoreTest.connect(SharedWorld.data()); var sql = connection.createStatement()) {
      sql.execute(statements);
    }
  }

  private List<JsonNode> all(String path, String name) {
    return StreamSupport.stream(api.get(path).expect(200).body().path(name).spliterator(), false).toList();
  }
}
