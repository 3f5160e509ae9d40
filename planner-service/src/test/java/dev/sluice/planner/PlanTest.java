package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(OneWorld.NAME)
@ExtendWith(OneWorld.class)
class PlanTest {
  private static World world;

  @BeforeAll
  static void start(World one) { world = one; }

  @BeforeEach
  void fleet() {
    world.fifty();
  }

  @Test
  void plans_fifty_in_five_batches() {
    var plan = world.made();
    var rollout = plan.text("rollout_id");
    assertThat(plan.header("Location")).isEqualTo("/v1/plans/" + rollout);
    assertThat(plan.body()).containsEntry("revision", 1).containsEntry("total_instances", 50).containsEntry("batch_size", 10)
        .containsEntry("batch_count", 5).containsEntry("estimated_total_seconds", 1500).containsEntry("template_id", world.template)
        .containsEntry("module_id", "nginx").containsEntry("target_version_id", "v2").containsEntry("excluded", List.of())
        .containsEntry("excluded_count", 0).containsEntry("approval_request_id", rollout + "-plan")
        .containsEntry("state", "awaiting_approval")
        .containsEntry("circuit_breaker", Map.of("max_consecutive_failures", 2, "max_failed_pct", 20))
        .containsEntry("health", Map.of("timeout_sec", 300, "min_healthy_sec", 0))
        .containsKeys("plan_hash", "learnings", "history", "warnings")
        .doesNotContainKey("note");
    assertThat(plan.objects("batches")).hasSize(5)
        .allSatisfy(b -> assertThat(b).containsEntry("phase", "pending").containsEntry("canary", false));
    assertThat(new HashSet<>(plan.members())).hasSize(50);
    assertThat(world.get("/v1/plans/" + rollout).body()).isEqualTo(plan.body());
    var events = world.told.stream().filter(m -> m.stream().equals(rollout)).toList();
    assertThat(events).hasSize(2);
    assertThat(((PlanEvent.MembersPlanned) events.getFirst().event()).members()).hasSize(50);
    assertThat(world.header(rollout).origins()).containsExactly(Played.V1);
    assertThat(world.header(rollout).templateVersion()).isEqualTo(Played.V1);
    assertThat(world.header(rollout).madeBy()).isEqualTo("ann");
  }

  @Test
  void a_dry_run_is_the_same_answer_and_leaves_nothing() {
    var dry = world.plan("dry_run", true);
    assertThat(dry.status()).isEqualTo(200);
    assertThat(dry.get("rollout_id")).isNull();
    var plan = world.made();
    assertThat(plan.get("plan_hash")).isEqualTo(dry.get("plan_hash"));
    assertThat(plan.get("batches")).isEqualTo(dry.get("batches"));
    assertThat(world.told(PlanEvent.RevisionPlanned.class, plan.text("rollout_id"))).hasSize(1);
  }

  @Test
  void nobody_eligible_is_an_empty_plan_that_says_why() {
    world.fleet.none();
    assertThat(world.plan().text("note")).isEqualTo("nothing to do: the template has no instances");
    world.fleet.add("a", "stopped", Played.V1, World.OLD);
    world.fleet.add("b", "running", Played.V2, World.NEW);
    world.fleet.add("c", "running", Played.V1, null);
    world.fleet.add("d", "running", null, World.OLD);
    var empty = world.plan();
    assertThat(empty.status()).isEqualTo(200);
    assertThat(empty.body()).containsEntry("total_instances", 0).containsEntry("batch_count", 0).containsEntry("rollout_id", null)
        .containsEntry("approval_request_id", null).containsEntry("batches", List.of()).containsEntry("excluded_count", 4);
    assertThat(empty.text("note")).contains("1 not_running", "1 module_not_assigned", "1 never_reported", "1 already_on_target");
    assertThat(empty.objects("excluded")).containsExactly(Map.of("instance_id", "a", "reason", "not_running"),
        Map.of("instance_id", "b", "reason", "already_on_target"), Map.of("instance_id", "c", "reason", "never_reported"),
        Map.of("instance_id", "d", "reason", "module_not_assigned"));
  }

  @Test
  void a_silent_instance_is_left_out_and_said() {
    world.fleet.silent("a-silent-one");
    var plan = world.plan();
    assertThat(plan.body()).containsEntry("total_instances", 50).containsEntry("excluded_count", 1)
        .containsEntry("excluded", List.of(Map.of("instance_id", "a-silent-one", "reason", "not_reporting")));
    assertThat(plan.members()).hasSize(50).doesNotContain("a-silent-one");
    var told = world.told(PlanEvent.MembersPlanned.class, plan.text("rollout_id"));
    assertThat(told).flatExtracting(PlanEvent.MembersPlanned::members).hasSize(50);
  }

  @Test
  void names_every_fault_of_the_inputs_at_once() {
    var wrong = world.post("/v1/plans",
        Map.of("template_id", world.template, "batch_pct", "20", "canary_size", 1.5, "colour", "red", "dry_run", "no"));
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.faults()).containsExactlyInAnyOrder("batch_pct", "canary_size", "colour", "dry_run", "module_id", "target_version_id");
    assertThat(wrong.objects("errors"))
        .contains(Map.of("field", "batch_pct", "message", "must be an integer from 1 to 100", "given", "20"));
    assertThat(world.post("/v1/plans", "{\"template_id\":\"web\",\"module_id\":\"nginx\",\"target_version_id\":\"v2\",\"batch_pct\":null}")
        .faults())
        .containsExactly("batch_pct");
    assertThat(world.post("/v1/plans", "[]").status()).isEqualTo(400);
  }

  @Test
  void ids_must_name_what_exists_and_fits() {
    var unknown = world.plan("template_id", "nope", "target_version_id", "none");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.faults()).containsExactly("template_id", "target_version_id");
    world.post("/v1/modules", Map.of("name", "php"));
    var other = world.plan("module_id", "php");
    assertThat(other.status()).isEqualTo(400);
    assertThat(other.faults()).containsExactly("target_version_id");
    world.post("/v1/modules/nginx/versions", Map.of("id", "draft", "version", "2", "digest", World.NEW));
    var draft = world.plan("target_version_id", "draft");
    assertThat(draft.status()).isEqualTo(409);
    assertThat(draft.text("detail")).contains("draft", "blessed or live");
  }

  @Test
  void a_second_rollout_of_the_pair_is_refused_naming_the_first_until_it_is_released() {
    var first = world.planned();
    var second = world.plan();
    assertThat(second.status()).isEqualTo(409);
    assertThat(second.text("rollout_id")).isEqualTo(first);
    assertThat(second.text("detail")).contains(first);
    var dry = world.plan("dry_run", true);
    assertThat(dry.status()).isEqualTo(409);
    assertThat(dry.text("rollout_id")).isEqualTo(first);
    world.tellRollout(first, new RolloutEvent.Rejected(new RequestId(first + "-plan"), "bob", null));
    world.awaits(first, "state", "rejected");
    assertThat(world.plan().status()).isEqualTo(409);
    world.tellRollout(first, new RolloutEvent.Released());
    assertThat(world.plan("dry_run", true).status()).isEqualTo(200);
    await().atMost(World.LIMIT).until(() -> world.plan().status() == 201);
  }

  @Test
  void of_many_at_once_one_wins() throws Exception {
    var replies = new java.util.concurrent.ConcurrentLinkedQueue<Reply>();
    var threads = IntStream.range(0, 40).mapToObj(_ -> Thread.startVirtualThread(() -> replies.add(world.plan()))).toList();
    for (var thread : threads)
      assertThat(thread.join(World.LIMIT)).isTrue();
    assertThat(replies).extracting(Reply::status).containsOnly(201, 409).containsOnlyOnce(201);
  }

  /// Its members have other generations by then, and other versions before.
  @Test
  void a_fleet_that_was_read_while_a_rollback_of_the_pair_went_by_makes_no_plan() {
    var first = world.planned();
    world.tellRollout(first, new RolloutEvent.Completed(50, 0, 0, 9, false));
    world.tellRollout(first, new RolloutEvent.Released());
    await().atMost(World.LIMIT).until(() -> world.plan("dry_run", true).status() == 200);
    world.fleet.meanwhile(() -> {
      world.ask(new Ask.ClaimForRollback(new RolloutId(first)));
      world.tellRollout(first, new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), new RolloutEvent.RolledBack(50, 0),
          new RolloutEvent.Released());
      await().atMost(World.LIMIT).until(() -> world.plan("dry_run", true).status() == 200);
    });
    var stale = world.plan();
    assertThat(stale.body()).containsEntry("status", 503);
    assertThat(stale.text("detail")).contains(first, "try again");
    world.planned();
  }

  @Test
  void a_blocked_policy_refuses_the_plan_naming_it() {
    var before = world.policy;
    world.policy = new PolicyView(Policy.BLOCKED, 1, false, 1, 1, "template");
    try {
      var blocked = world.plan();
      assertThat(blocked.status()).isEqualTo(403);
      assertThat(blocked.body()).containsEntry("policy", "blocked");
      assertThat(blocked.text("detail")).contains("blocked");
    } finally {
      world.policy = before;
    }
  }

  @Test
  void a_large_plan_holds_counts_and_its_ids_are_paged() {
    world.fleet.running(2_500);
    for (int i = 0; i < 1_200; i++)
      world.fleet.add("x-%05d".formatted(i), "stopped", Played.V1, World.OLD);
    var plan = world.made("batch_pct", 50, "canary_size", 5);
    assertThat(plan.objects("batches")).extracting(b -> b.get("instance_count")).containsExactly(5, 1250, 1245);
    assertThat(plan.objects("batches")).allSatisfy(b -> assertThat(b).doesNotContainKey("instance_ids"));
    assertThat(plan.objects("excluded")).hasSize(1_000);
    assertThat(plan.body()).containsEntry("excluded_count", 1_200).containsEntry("excluded_by_reason", Map.of("not_running", 1_200));
    var path = "/v1/plans/" + plan.text("rollout_id");
    var seen = new HashSet<Object>();
    for (int batch = 0; batch < 3; batch++)
      for (String cursor = ""; cursor != null;) {
        var page = world.get(path + "?limit=1000&batch_index=" + batch + cursor);
        seen.addAll((List<?>) page.get("instance_ids"));
        cursor = page.get("next_cursor") == null ? null : "&cursor=" + page.get("next_cursor");
      }
    assertThat(seen).hasSize(2_500);
    assertThat(world.get(path + "?excluded=true&limit=1000&cursor=1000").objects("excluded")).hasSize(200);
    assertThat(world.get(path + "?batch_index=3").status()).isEqualTo(404);
    assertThat(world.get(path + "?revision=2").status()).isEqualTo(404);
    assertThat(world.get(path + "?revision=0").status()).isEqualTo(400);
  }

  @Test
  void many_batches_come_in_pages() {
    world.fleet.running(1_500);
    var plan = world.plan("max_batch_size", 1);
    assertThat(plan.objects("batches")).hasSize(1_000);
    var rest = world.get("/v1/plans/" + plan.text("rollout_id") + "?cursor=" + plan.text("next_cursor"));
    assertThat(rest.objects("batches")).hasSize(500).first().satisfies(b -> assertThat(b).containsEntry("index", 1_000));
    assertThat(rest.get("next_cursor")).isNull();
    var few = world.get("/v1/plans/" + plan.text("rollout_id") + "?limit=7&cursor=1493");
    assertThat(few.objects("batches")).extracting(b -> b.get("index")).containsExactly(1493, 1494, 1495, 1496, 1497, 1498, 1499);
    assertThat(world.get("/v1/plans/" + plan.text("rollout_id") + "?limit=2").body()).containsEntry("next_cursor", "2");
  }

  @Test
  void the_skill_call_is_the_same() {
    var wrong = world.post("/v1/skills/system-rolling-module-upgrade/executions", Map.of("inputs", world.inputs("batch_pct", 0)));
    assertThat(wrong.faults()).containsExactly("inputs.batch_pct");
    var unknown = world.post("/v1/skills/system-rolling-module-upgrade/executions", Map.of("inputs", world.inputs("template_id", "nope")));
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.faults()).containsExactly("inputs.template_id");
    var plan = world.post("/v1/skills/system-rolling-module-upgrade/executions", Map.of("inputs", world.inputs()));
    assertThat(plan.status()).isEqualTo(201);
    assertThat(plan.body()).containsEntry("batch_count", 5);
    assertThat(world.header(plan.text("rollout_id")).byModel()).isFalse();
  }

  @Test
  void an_edit_is_a_draft_until_it_is_adopted() {
    var rollout = new RolloutId(world.planned());
    var path = "/v1/plans/" + rollout;
    var draft = world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"));
    assertThat(draft.revision()).isEqualTo(2);
    assertThat(draft.slices().count()).isEqualTo(2);
    assertThat(draft.madeBy()).isEqualTo("bob");
    assertThat(world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"))).isEqualTo(draft);
    assertThat(world.get(path).get("revision")).isEqualTo(1);
    assertThat(world.get(path + "?revision=2").status()).isEqualTo(404);
    world.ask(new Ask.AdoptRevision(rollout, 2, draft.planHash()));
    assertThat(world.get(path).body()).containsEntry("revision", 2).containsEntry("batch_count", 2);
    assertThat(world.get(path + "?revision=1").body()).containsEntry("batch_count", 5);
    await().atMost(World.LIMIT).until(() -> world.told(PlanEvent.RevisionPlanned.class, rollout.value()).size() == 2);

    var third = world.ask(new Ask.DraftRevision(rollout, 2, Map.of("canary_size", 1), "bob"));
    world.tellApproval(rollout.value(),
        new ApprovalEvent.Revised(new RequestId(rollout + "-plan"), rollout, third, "bob", world.node.clock().instant()));
    world.awaits(rollout.value(), "revision", 3);
  }

  @Test
  void an_edit_that_is_sent_again_leaves_out_who_is_left_out_by_now() {
    var rollout = new RolloutId(world.planned());
    world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"));
    world.fleet.add("new-since", "running", Played.V1, null);
    var draft = world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"));
    world.ask(new Ask.AdoptRevision(rollout, 2, draft.planHash()));
    assertThat(world.get("/v1/plans/" + rollout).body()).containsEntry("excluded_count", 1)
        .containsEntry("excluded", List.of(Map.of("instance_id", "new-since", "reason", "never_reported")));
  }

  @Test
  void an_edit_is_refused_where_it_cannot_be() {
    var rollout = new RolloutId(world.planned());
    assertThatThrownBy(() -> world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", "50", "dry_run", true), "bob")))
        .isInstanceOfSatisfying(ProblemException.class, e -> assertThat(e.problem().errors()).extracting(f -> f.field())
            .containsExactlyInAnyOrder("batch_pct", "dry_run"));
    assertThatThrownBy(() -> world.ask(new Ask.DraftRevision(rollout, 0, Map.of("batch_pct", 50), "bob")))
        .isInstanceOfSatisfying(ProblemException.class, e -> assertThat(e.problem().extra()).containsEntry("revision", 1));
    assertThatThrownBy(() -> world.ask(new Ask.DraftRevision(rollout, 2, Map.of("batch_pct", 50), "bob")))
        .as("a revision that this service has not heard of yet").isInstanceOf(Outage.class)
        .hasMessageContaining("not taken over everywhere yet");
    assertThatThrownBy(() -> world.ask(new Ask.DraftRevision(new RolloutId("nope"), 1, Map.of(), "bob"))).hasMessageContaining("404");
    assertThatThrownBy(() -> world.ask(new Ask.AdoptRevision(rollout, 2, "nope"))).hasMessageContaining("404");
    world.fleet.none();
    assertThatThrownBy(() -> world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob")))
        .hasMessageContaining("leave nobody");
    world.fleet.running(50);
  }

  @Test
  void what_an_open_rollout_targets_or_would_go_back_to_is_not_archived() {
    var rollout = world.planned();
    for (var version : List.of("v1", "v2")) {
      var refused = world.promote(version, "archived");
      assertThat(refused.status()).isEqualTo(409);
      assertThat(refused.get("rollout_ids")).asInstanceOf(InstanceOfAssertFactories.LIST).contains(rollout);
    }
  }

  @Test
  void another_module_of_the_template_is_planned_beside_it_and_both_are_asked() {
    world.post("/v1/modules", Map.of("name", "beside"));
    world.post("/v1/modules/beside/versions", Map.of("id", "beside-1", "version", "1", "digest", World.NEW));
    for (var to : List.of("staging", "blessed"))
      world.promote("beside-1", to);
    var nginx = world.planned();
    var beside = world.planned("module_id", "beside", "target_version_id", "beside-1");
    for (var rollout : List.of(nginx, beside))
      assertThat(world.get("/v1/plans/" + rollout).body()).containsEntry("state", "awaiting_approval")
          .containsEntry("approval_request_id", rollout + "-plan");
    assertThat(world.plan("module_id", "beside", "target_version_id", "beside-1").text("rollout_id")).isEqualTo(beside);
  }

  @Test
  void a_draft_that_was_given_up_is_made_anew_for_who_asks_next_under_the_policy_of_then() {
    var rollout = new RolloutId(world.planned());
    var given = world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"));
    var before = world.policy;
    world.policy = new PolicyView(Policy.REQUIRE_APPROVAL, 3, true, 60, 60, "template");
    try {
      var draft = world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "cid"));
      assertThat(draft.planHash()).isEqualTo(given.planHash());
      assertThat(draft.madeBy()).isEqualTo("cid");
      assertThat(draft.policy()).isEqualTo(world.policy);
      world.ask(new Ask.AdoptRevision(rollout, 2, draft.planHash()));
      assertThat(world.get("/v1/plans/" + rollout).body()).containsEntry("revision", 2).containsEntry("made_by", "cid");
      assertThat(world.ask(new Ask.DraftRevision(rollout, 1, Map.of("batch_pct", 50), "bob"))).isEqualTo(draft);
      var other = given;
      world.tellApproval(rollout.value(),
          new ApprovalEvent.Revised(new RequestId(rollout + "-plan"), rollout, other, "bob", world.node.clock().instant()));
      world.awaits(rollout.value(), "made_by", "bob");
    } finally {
      world.policy = before;
    }
  }

  @Test
  void numbers_and_texts_beyond_all_bounds_are_refused_at_their_field() {
    for (var number : List.of("20.5", "1e400", "-1e400", "99999999999999999999999", "2147483648", "0", "true", "[]", "{}", "\"abc\""))
      assertThat(raw("max_batch_size", number)).as(number).containsExactly("max_batch_size");
    assertThat(raw("order_by_label", "\"a\\u0000b\"")).containsExactly("order_by_label");
    assertThat(raw("order_by_label", "\"\"")).containsExactly("order_by_label");
    assertThat(raw("half\\ud800", "1")).hasSize(1);
    assertThat(raw("batch_pct", "\"\\ud800\"")).containsExactly("batch_pct");
    assertThat(raw("batch_pct", "1" + "0".repeat(2_000))).hasSize(1);
    assertThat(world.post("/v1/plans", "{\"a\":".repeat(3_000)).status()).isEqualTo(400);
    assertThat(world.post("/v1/plans", " ".repeat(2 << 20)).status()).isEqualTo(413);
    assertThat(world.raw("POST", "/v1/plans", java.net.http.HttpRequest.BodyPublishers.ofString("{}"), Map.of("Content-Type", "text/plain"))
        .statusCode()).isEqualTo(415);
  }

  private static List<Object> raw(String field, String json) {
    var refused = world.post("/v1/plans", "{\"template_id\":\"" + world.template
        + "\",\"module_id\":\"nginx\",\"target_version_id\":\"v2\",\"" + field + "\":" + json + "}");
    assertThat(refused.status()).as(field + " " + refused.body()).isEqualTo(400);
    return refused.faults();
  }

  @Test
  void a_fleet_of_a_hundred_thousand_is_planned_whole() {
    world.fleet.running(100_000);
    var plan = world.made("batch_pct", 1);
    assertThat(plan.body()).containsEntry("total_instances", 100_000).containsEntry("batch_size", 1_000).containsEntry("batch_count", 100);
    var last = world.get("/v1/plans/" + plan.text("rollout_id") + "?batch_index=99&limit=1000");
    assertThat((List<?>) last.get("instance_ids")).hasSize(1_000).doesNotHaveDuplicates();
    assertThat(world.told(PlanEvent.MembersPlanned.class, plan.text("rollout_id")).stream().mapToInt(e -> e.members().size()).sum())
        .isEqualTo(100_000);
  }
}
