package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// What people may say to a rollout, each to its end, with real agents; and what `diagnose` tells them.
@Execution(CONCURRENT)
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
class PeopleTest {
  private static final String TRIPPED = "module.upgrade.circuit_breaker_tripped";

  @Test
  void an_edit_makes_the_next_revision_and_the_old_one_cannot_be_approved() throws Exception {
    try (var f = SharedWorld.fleet("edit", 4)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 25)).expect(201);
      var request = "/v1/approval-requests/" + plan.text("approval_request_id");
      assertThat(f.api.patch(request, Map.of("revision", 1, "batch_pct", 50)).expect(200).at("/revision").asInt()).isEqualTo(2);
      var late = f.api.post(request + "/decision", Map.of("decision", "approve", "revision", 1)).expect(409);
      assertThat(late.at("/current_revision").asInt()).isEqualTo(2);
      f.api.post(request + "/decision", Map.of("decision", "approve", "revision", 2)).expect(200);
      assertThat(f.untilState(plan.text("rollout_id"), "completed").at("/batches")).hasSize(2);
      f.breaksNothing();
    }
  }

  @Test
  void rejecting_or_letting_a_plan_expire_touches_nothing() throws Exception {
    try (var f = SharedWorld.fleet("reject", 2)) {
      var plan = f.plan("1.26.0", Map.of()).expect(201);
      f.api.post("/v1/approval-requests/" + plan.text("approval_request_id") + "/decision",
          Map.of("decision", "reject", "revision", 1, "comment", "not today")).expect(200);
      f.untilState(plan.text("rollout_id"), "rejected");
      policy(f, Map.of("policy", "require_approval", "expires_after_sec", 1));
      var next = again(f, Map.of());
      f.untilState(next.text("rollout_id"), "expired");
      f.api.post("/v1/approval-requests/" + next.text("approval_request_id") + "/decision", Map.of("decision", "approve", "revision", 1))
          .expect(409);
      assertThat(f.drift().at("/drift").asBoolean()).isFalse();
      assertThat(f.instances(next.text("rollout_id")).values()).extracting(i -> i.path("handed_out_at").asText("")).containsOnly("");
      f.breaksNothing();
    }
  }

  @Test
  void a_trip_that_nobody_decides_aborts() throws Exception {
    try (var f = SharedWorld.fleet("expiry", 4)) {
      policy(f, Map.of("policy", "auto_approve", "expires_after_sec", 2));
      var rollout = f.plan("1.26.0-broken", Map.of("batch_pct", 50)).expect(201).text("rollout_id");
      f.untilState(rollout, "aborted");
      assertThat(events(f, rollout, "module.upgrade.aborted", TRIPPED)).hasSize(1);
      assertThat(f.api.get("/v1/approval-requests?type=rolling_upgrade_continuation&rollout_id=" + rollout).expect(200)
          .at("/approval_requests")).singleElement().satisfies(r -> assertThat(r.path("status").asText()).isEqualTo("expired"));
      f.breaksNothing();
    }
  }

  @Test
  void continue_anyway_goes_on_asks_anew_and_ends_with_failures() throws Exception {
    try (var f = SharedWorld.fleet("continue", 4)) {
      var rollout = f.start("1.26.0-broken", Map.of("batch_pct", 50));
      f.untilState(rollout, "awaiting_decision");
      f.decide(rollout, "continue_anyway");
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON,
          r -> r.path("state").asText().equals("awaiting_decision") && r.path("current_batch_index").asInt() == 1);
      f.decide(rollout, "continue_anyway");
      assertThat(f.untilState(rollout, "completed_with_failures").at("/counts/failed").asInt()).isEqualTo(4);
      assertThat(events(f, rollout, "module.upgrade.completed", TRIPPED)).extracting(e -> e.path("batch_index").asInt())
          .containsExactly(0, 1);
      assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.26.0-broken"));
      f.breaksNothing();
    }
  }

  @Test
  void retry_failed_succeeds_where_the_cause_is_gone() throws Exception {
    try (var f = SharedWorld.fleet("retry", 4)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 50)).expect(201).body();
      for (var one : Fixture.members(plan, 0))
        f.sick(one);
      f.approve(plan);
      var rollout = plan.path("rollout_id").asText();
      f.untilState(rollout, "awaiting_decision");
      f.healAll();
      f.decide(rollout, "retry_failed");
      var done = f.untilState(rollout, "completed");
      assertThat(done.at("/counts/healthy").asInt()).isEqualTo(4);
      assertThat(events(f, rollout, "module.upgrade.completed", TRIPPED)).hasSize(1);
      f.awaitFleet(4);
      f.breaksNothing();
    }
  }

  @Test
  void a_rollback_takes_back_the_completed_batch_and_the_tripped_one_and_no_other() throws Exception {
    try (var f = SharedWorld.fleet("rollback", 6)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 30)).expect(201).body();
      for (var one : Fixture.members(plan, 1))
        f.sick(one);
      f.approve(plan);
      var rollout = plan.path("rollout_id").asText();
      f.untilState(rollout, "awaiting_decision");
      f.decide(rollout, "rollback_completed_batches");
      f.untilState(rollout, "rolled_back");
      var back = events(f, rollout, "module.upgrade.rolled_back", "module.upgrade.instance_rolled_back");
      assertThat(back).extracting(e -> e.path("instance_id").asText()).hasSize(4)
          .startsWith(back.getFirst().path("instance_id").asText()).doesNotContainAnyElementsOf(Fixture.members(plan, 2));
      assertThat(back).extracting(e -> e.path("batch_index").asInt()).containsExactly(1, 1, 0, 0);
      f.awaitFleet(6);
      f.breaksNothing();
    }
  }

  @Test
  void abort_stops_where_it_is_and_drift_shows_what_it_left() throws Exception {
    try (var f = SharedWorld.fleet("abort", 6)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 30)).expect(201).body();
      for (var one : Fixture.members(plan, 1))
        f.sick(one);
      f.approve(plan);
      var rollout = plan.path("rollout_id").asText();
      f.untilState(rollout, "awaiting_decision");
      f.decide(rollout, "abort");
      f.untilState(rollout, "aborted");
      var left = f.api.until("/v1/drift-report?template_id=" + f.template, Fixture.SOON,
          r -> r.at("/counts/in_rollout").asInt() == 0 && r.at("/counts/converged").asInt() == 2);
      assertThat(left.at("/drift").asBoolean()).isTrue();
      var found = new HashMap<String, JsonNode>();
      left.at("/instances").forEach(i -> found.put(i.path("instance_id").asText(), i));
      for (var one : Fixture.members(plan, 0)) {
        var i = found.get(one);
        assertThat(i.path("bucket").asText()).isEqualTo("drifted");
        assertThat(i.at("/modules/0/want").asText()).isEqualTo("1.24.0");
        assertThat(i.at("/modules/0/desired").asText()).isEqualTo("1.26.0");
        assertThat(i.at("/modules/0/have").asText()).isEqualTo("1.26.0");
      }
      assertThat(found.keySet()).doesNotContainAnyElementsOf(Fixture.members(plan, 2));
      f.diagnosis(rollout, "nothing");
      f.breaksNothing();
    }
  }

  /// The troubleshooting entries, in the order in which an operator meets them (the fifth, a trip, is in the tutorial).
  @Test
  void diagnose_says_why_it_stands_and_what_would_move_it() throws Exception {
    try (var f = SharedWorld.fleet("stands", 4)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 50)).expect(201).body();
      var rollout = plan.path("rollout_id").asText();
      var late = Fixture.members(plan, 0).getLast();
      f.link(late).cut();
      assertThat(f.diagnosis(rollout, "approval"))
          .isEqualTo("waiting for approval: revision 1 needs 1 approval(s); decide the approval request "
              + rollout + "-plan before it expires: it says who has voted, and whether a policy forbids it by now");
      f.approve(plan);
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.at("/counts/healthy").asInt() == 1);
      assertThat(f.diagnosis(rollout, "instances")).isEqualTo("batch 1 waits for 1 instance (" + late
          + "); 1 did not fetch the instruction yet: are their agents up?; each is judged within 300 s of its instruction");

      f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of("comment", "lunch")).expect(200);
      f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
      assertThat(f.diagnosis(rollout, "resume"))
          .isEqualTo("paused out of running; 1 instruction(s) are held back; resume, abort or roll back the rollout");
      f.link(late).restore();
      var before = Instant.now();
      f.api.until("/v1/instances/" + late, Fixture.SOON, i -> Instant.parse(i.path("last_heartbeat_at").asText()).isAfter(before));

      f.api.post("/v1/reconciler/pause", Map.of("template_id", f.template)).expect(200);
      assertThat(f.api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200).text("state")).isEqualTo("running");
      assertThat(f.diagnosis(rollout, "reconciler"))
          .isEqualTo("the reconciler is paused for this template, so batch 2 does not start; resume the reconciler");

      f.api.post("/v1/reconciler/resume", Map.of("template_id", f.template)).expect(200);
      f.untilState(rollout, "completed");
      assertThat(f.diagnosis(rollout, "nothing")).isEqualTo("it has ended: completed");
      var resumed = events(f, rollout, "module.upgrade.completed", "module.upgrade.resumed");
      assertThat(resumed).hasSize(1);
      assertThat(Instant.parse(f.instances(rollout).get(late).path("handed_out_at").asText()))
          .isAfterOrEqualTo(Instant.parse(resumed.getFirst().path("occurred_at").asText()));
      f.breaksNothing();
    }
  }

  @Test
  void abort_wins_over_a_pause_and_then_nothing_is_legal_but_to_go_back() throws Exception {
    try (var f = SharedWorld.fleet("pause", 2)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 50)).expect(201).body();
      var rollout = plan.path("rollout_id").asText();
      f.link(Fixture.members(plan, 0).getFirst()).cut();
      f.approve(plan);
      f.untilState(rollout, "running");
      f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
      assertThat(f.api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200).text("state")).isEqualTo("aborted");
      assertThat(f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(409).text("detail")).contains("aborted");
      f.link(Fixture.members(plan, 0).getFirst()).restore();
      f.awaitFleet(2);
      f.breaksNothing();
    }
  }

  /// The pair is free a moment after the rollout before has ended.
  private static Api.Reply again(Fixture f, Map<String, Object> inputs) {
    long end = System.nanoTime() + Fixture.SOON.toNanos();
    while (true) {
      var reply = f.plan("1.26.0", inputs);
      if (reply.status() != 409 || System.nanoTime() > end) return reply.expect(201);
      LockSupport.parkNanos(100_000_000);
    }
  }

  private static List<JsonNode> events(Fixture f, String rollout, String until, String kind) {
    return f.eventsUntil(rollout, until).stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  private static void policy(Fixture f, Map<String, Object> policy) {
    f.api.put("/v1/intervention-policies/system.fleet_rolling_upgrade/templates/" + f.template, policy).expect(200);
  }
}
