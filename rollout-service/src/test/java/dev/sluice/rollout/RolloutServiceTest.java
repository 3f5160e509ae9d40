package dev.sluice.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.Ask;
import dev.sluice.contract.Choice;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Told;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The rollout-service, black box, two replicas on real PostgreSQL and Kafka.
class RolloutServiceTest {
  private static final World WORLD = new World(2, Duration.ofSeconds(1));

  @AfterAll
  static void end() throws Exception { WORLD.close(); }

  @Test
  void a_plan_is_approved_and_goes_through_batch_by_batch() {
    var id = WORLD.planned("web", 6, 34);
    assertThat(WORLD.blockedOn(id)).isEqualTo("approval");
    WORLD.approve(id);
    var done = WORLD.awaits(id, "state", "completed");
    assertThat(done.object("counts")).containsEntry("total", 6).containsEntry("healthy", 6).containsEntry("pending", 0);
    assertThat(done.objects("batches")).hasSize(2).allSatisfy(b -> assertThat(b).containsEntry("phase", "completed")
        .doesNotContainEntry("started_at", null).doesNotContainEntry("ended_at", null));
    assertThat(done.get("ended_at")).isNotNull();
    assertThat(WORLD.blockedOn(id)).isEqualTo("nothing");
    var events = WORLD.toldUntil(id, RolloutEvent.Released.class);
    assertThat(done.get("as_of_seq")).isEqualTo(events.stream().mapToInt(Told::count).sum());
    assertThat(events).filteredOn(e -> e instanceof RolloutEvent.BatchStarted || e instanceof RolloutEvent.BatchCompleted)
        .extracting(e -> e.getClass().getSimpleName()).containsExactly("BatchStarted", "BatchCompleted", "BatchStarted", "BatchCompleted");
    var members = WORLD.get("/v1/rollouts/" + id + "/instances?batch_index=1&limit=2");
    assertThat(members.objects("instances")).hasSize(2).allSatisfy(m -> assertThat(m).containsEntry("state", "healthy")
        .containsEntry("from", "1.24.0").containsEntry("to", "1.26.0").containsEntry("generation", 4).containsEntry("seconds", 1.5)
        .doesNotContainEntry("handed_out_at", null));
    assertThat(members.objects("instances")).extracting(m -> m.get("was_drifted")).containsExactly(false, true);
    assertThat(members.get("next_cursor")).isEqualTo("5");
    assertThat(WORLD.get("/v1/rollouts/" + id + "/instances?batch_index=1&cursor=5").objects("instances")).hasSize(1);
    assertThat(WORLD.get("/v1/rollouts/" + id + "/instances?state=failed").objects("instances")).isEmpty();
  }

  @Test
  void a_trip_withholds_asks_and_rolls_back_by_decision() {
    var id = WORLD.planned("web", 10, 50);
    WORLD.failing.addAll(List.of(id + "-1", id + "-2"));
    WORLD.silent.add(id + "-4");
    WORLD.approve(id);
    var tripped = WORLD.awaits(id, "state", "awaiting_decision");
    assertThat(tripped.object("circuit_breaker")).containsEntry("state", "tripped").containsEntry("rule", "streak")
        .containsEntry("failed_instance_ids", List.of(id + "-1", id + "-2"));
    assertThat(tripped.object("counts")).containsEntry("held", 1).containsEntry("pending", 5).containsEntry("healthy", 2);
    assertThat(tripped.get("failure_streak")).isEqualTo(2);
    assertThat(WORLD.blockedOn(id)).isEqualTo("decision");
    assertThat(WORLD.ask(new Ask.DeliveryNow()).open()).anySatisfy(d -> {
      assertThat(d.rolloutId()).isEqualTo(id);
      assertThat(d.purpose()).isNull();
    });
    var running = WORLD.planned("web", 2, 100);
    assertThat(WORLD.ask(new Ask.StakesOf(List.of(running, id, WORLD.nextId()))).open())
        .containsExactly(new Ask.Stake(new RequestId(id + "-trip-1"), 2, 5, 1, 5));
    WORLD.choose(id, Choice.ROLLBACK_COMPLETED_BATCHES);
    var back = WORLD.awaits(id, "state", "rolled_back");
    assertThat(back.object("counts")).containsEntry("rolled_back", 5).containsEntry("pending", 5);
    assertThat(back.get("continuation_request_id")).isNull();
    assertThat(back.objects("batches")).extracting(b -> b.get("phase")).containsExactly("rolled_back", "not_started");
    var events = WORLD.toldUntil(id, RolloutEvent.Released.class);
    assertThat(events).filteredOn(e -> e instanceof RolloutEvent.InstancesInstructed i && i.purpose() == Purpose.ROLLBACK).singleElement()
        .satisfies(e -> assertThat(((RolloutEvent.InstancesInstructed) e).instructions()).extracting(RolloutEvent.Instruction::ordinal)
            .containsExactly(0, 1, 2, 3));
  }

  @Test
  void retry_gives_the_failed_a_new_generation_and_goes_on() {
    var id = WORLD.planned("web", 4, 50);
    WORLD.failing.addAll(List.of(id + "-0", id + "-1"));
    WORLD.approve(id);
    WORLD.awaits(id, "state", "awaiting_decision");
    WORLD.failing.clear();
    WORLD.choose(id, Choice.RETRY_FAILED);
    assertThat(WORLD.awaits(id, "state", "completed").object("counts")).containsEntry("healthy", 4);
  }

  @Test
  void commands_follow_the_table_and_refusals_name_what_is_legal() {
    var id = WORLD.planned("web", 2, 100);
    var refused = WORLD.command(id, "pause");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).containsEntry("state", "awaiting_approval").containsEntry("legal_commands", List.of("abort"));
    WORLD.silent.addAll(List.of(id + "-0", id + "-1"));
    WORLD.approve(id);
    WORLD.awaits(id, "state", "running");
    assertThat(WORLD.blockedOn(id)).isEqualTo("instances");
    assertThat(WORLD.command(id, "pause").body()).containsEntry("state", "paused").containsEntry("paused_from", "running");
    assertThat(WORLD.heard).as("withheld before it is answered").filteredOn(d -> d.rolloutId().equals(id))
        .extracting(Ask.Delivery::purpose).containsExactly((Purpose) null);
    assertThat(WORLD.command(id, "pause").status()).isEqualTo(200);
    assertThat(WORLD.rollout(id).object("counts")).containsEntry("held", 2);
    assertThat(WORLD.blockedOn(id)).isEqualTo("resume");
    assertThat(WORLD.command(id, "resume").body()).containsEntry("state", "running");
    WORLD.heard = List.of();
    var aborted = WORLD.send("POST", "/v1/rollouts/" + id + "/abort", null, "ann");
    assertThat(WORLD.heard).filteredOn(d -> d.rolloutId().equals(id)).extracting(Ask.Delivery::purpose).containsExactly((Purpose) null);
    assertThat(aborted.body()).containsEntry("state", "aborted");
    assertThat(aborted.object("counts")).containsEntry("skipped", 2);
    WORLD.toldUntil(id, RolloutEvent.Released.class);
    assertThat(WORLD.command(id, "resume").status()).isEqualTo(409);
    assertThat(WORLD.command(WORLD.nextId(), "pause").status()).isEqualTo(404);
    assertThat(WORLD.get("/v1/rollouts/no%20id").status()).isEqualTo(404);
    assertThat(WORLD.send("POST", "/v1/rollouts/" + id + "/abort", Map.of("coment", "x"), "ann").status()).isEqualTo(400);
    assertThat(WORLD.get("/v1/rollouts?state=odd").status()).isEqualTo(400);
  }

  @Test
  void what_is_rejected_expires_or_is_withdrawn_ends_and_frees_its_pair() {
    var rejected = WORLD.planned("web", 2, 100);
    var expired = WORLD.planned("web", 2, 100);
    var withdrawn = WORLD.planned("web", 2, 100);
    WORLD.reject(rejected);
    WORLD.expire(expired, RequestType.ROLLING_UPGRADE_PLAN);
    WORLD.withdraw(withdrawn);
    WORLD.awaits(rejected, "state", "rejected");
    WORLD.awaits(expired, "state", "expired");
    WORLD.awaits(withdrawn, "state", "cancelled");
    WORLD.toldUntil(rejected, RolloutEvent.Released.class);
  }

  @Test
  void a_continuation_that_expires_aborts() {
    var id = WORLD.planned("web", 4, 50);
    WORLD.failing.addAll(List.of(id + "-0", id + "-1"));
    WORLD.approve(id);
    WORLD.awaits(id, "state", "awaiting_decision");
    WORLD.expire(id, RequestType.ROLLING_UPGRADE_CONTINUATION);
    WORLD.awaits(id, "state", "aborted");
    var end = WORLD.toldUntil(id, RolloutEvent.Aborted.class).stream().filter(RolloutEvent.Aborted.class::isInstance).findFirst()
        .orElseThrow();
    assertThat(((RolloutEvent.Aborted) end).reason()).isEqualTo("expired");
  }

  @Test
  void an_approval_that_comes_before_its_plan_waits_for_the_members() {
    var id = WORLD.nextId();
    var header = WORLD.header(id, "web", 2, 100);
    WORLD.asked(header);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "approved");
    assertThat(WORLD.blockedOn(id)).isEqualTo("plan_members");
    WORLD.tellMembers(id, 2);
    WORLD.tellHeader(header);
    WORLD.awaits(id, "state", "completed");
  }

  @Test
  void a_target_that_is_gone_aborts_and_a_planner_that_is_away_is_asked_again() {
    WORLD.plannerAway = true;
    var id = WORLD.planned("web", 2, 100);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "approved");
    assertThat(WORLD.blockedOn(id)).isEqualTo("target_check");
    WORLD.archived.add(World.TARGET.id());
    WORLD.plannerAway = false;
    try {
      WORLD.awaits(id, "state", "aborted");
      var aborted = WORLD.toldUntil(id, RolloutEvent.Aborted.class);
      assertThat(aborted).anySatisfy(e -> assertThat(e).isInstanceOfSatisfying(RolloutEvent.Aborted.class,
          a -> assertThat(a.reason()).isEqualTo("target_unavailable")));
    } finally {
      WORLD.archived.clear();
    }
  }

  @Test
  void a_paused_reconciler_lets_no_batch_start() {
    assertThat(WORLD.send("POST", "/v1/reconciler/pause", Map.of("template_id", "edge"), "ann").body())
        .containsEntry("paused", false).containsEntry("paused_templates", List.of("edge")).containsEntry("tick_sec", 1);
    var id = WORLD.planned("edge", 2, 50);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "approved");
    await().atMost(World.LIMIT).until(() -> WORLD.blockedOn(id).equals("reconciler"));
    assertThat(WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "edge"), "ann").body())
        .containsEntry("paused_templates", List.of());
    WORLD.awaits(id, "state", "completed");
    assertThat(WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "mistyped"), "ann").status()).isEqualTo(404);
    assertThat(WORLD.told).anyMatch(m -> m.event() instanceof ReconcilerEvent.ReconcilerPaused e && "ann".equals(e.actor()));
    await().atMost(World.LIMIT).until(() -> WORLD.get("/v1/reconciler").objects("replicas").size() == 2);
    assertThat(WORLD.get("/v1/reconciler").get("last_tick_at")).isNotNull();
  }

  @Test
  void a_reconciler_that_is_paused_whole_lets_no_batch_of_any_template_start() {
    var mistyped = WORLD.send("POST", "/v1/reconciler/pause", Map.of("template_id", "mistyped"), "ann");
    assertThat(mistyped.status()).isEqualTo(404);
    assertThat(WORLD.send("POST", "/v1/reconciler/pause", Map.of("template_id", "away"), "ann").status()).as("a brake").isEqualTo(200);
    WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "away"), "ann");
    assertThat(mistyped.body().get("errors").toString()).contains("template_id", "mistyped");
    assertThat(WORLD.send("POST", "/v1/reconciler/pause", Map.of(), "ann").body()).containsEntry("paused", true)
        .containsEntry("paused_templates", List.of());
    assertThat(WORLD.send("POST", "/v1/reconciler/pause", null, "ann").body()).containsEntry("paused", true);
    try {
      var id = WORLD.planned("any", 2, 50);
      WORLD.approve(id);
      WORLD.awaits(id, "state", "approved");
      await().atMost(World.LIMIT).until(() -> WORLD.blockedOn(id).equals("reconciler"));
      assertThat((String) WORLD.get("/v1/rollouts/" + id + "/diagnosis").get("detail")).startsWith("the reconciler is paused, so");
      assertThat(WORLD.send("POST", "/v1/reconciler/resume", Map.of(), "ann").body()).containsEntry("paused", false);
      WORLD.awaits(id, "state", "completed");
    } finally {
      WORLD.send("POST", "/v1/reconciler/resume", Map.of(), "ann");
    }
  }

  @Test
  void a_nudge_that_is_lost_is_made_good_by_the_tick() {
    WORLD.send("POST", "/v1/reconciler/pause", Map.of("template_id", "lost"), "ann");
    var id = WORLD.planned("lost", 2, 50);
    WORLD.approve(id);
    await().atMost(World.LIMIT).until(() -> WORLD.blockedOn(id).equals("reconciler"));
    // as if whoever resumed it had died right after the commit: nobody is told
    WORLD.db().query("delete from reconciler_pause where template_id = 'lost'");
    WORLD.awaits(id, "state", "completed");
  }

  @Test
  void says_its_document_to_all_and_nothing_else_to_an_instance() {
    assertThat((String) WORLD.get("/openapi.yaml").get("text")).startsWith("openapi: 3.1").contains("operationId: pauseRollout");
    var id = WORLD.planned("web", 2, 100);
    var token = WORLD.node.ids().instanceToken();
    for (var path : List.of("/v1/rollouts", "/v1/rollouts/" + id, "/v1/rollouts/" + id + "/instances", "/v1/reconciler"))
      assertThat(WORLD.send("GET", path, null, "i1", token).status()).as(path).isEqualTo(403);
    for (var command : List.of("pause", "resume", "abort", "rollback"))
      assertThat(WORLD.send("POST", "/v1/rollouts/" + id + "/" + command, null, "i1", token).body()).as(command)
          .containsEntry("status", 403).containsEntry("permission", "rollout.operate");
    assertThat(WORLD.rollout(id).body()).containsEntry("state", "awaiting_approval");
  }

  @Test
  void what_has_ended_rolls_back_unless_a_later_one_was_made_or_its_versions_are_archived() {
    var id = WORLD.planned("web", 4, 50);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "completed");
    WORLD.overtaken.add(id);
    assertThat(WORLD.command(id, "rollback").status()).isEqualTo(409);
    WORLD.overtaken.clear();
    WORLD.archived.add(World.OLD.id());
    assertThat(WORLD.command(id, "rollback").body()).containsEntry("unavailable_versions", List.of("v1"));
    WORLD.archived.clear();
    assertThat(WORLD.command(id, "rollback").body()).containsEntry("state", "rolling_back");
    var back = WORLD.awaits(id, "state", "rolled_back");
    assertThat(back.object("counts")).containsEntry("rolled_back", 4);
    var finish = WORLD.toldUntil(id, RolloutEvent.RolledBack.class).stream().filter(RolloutEvent.FinishAsked.class::isInstance)
        .map(e -> ((RolloutEvent.FinishAsked) e).to()).toList();
    assertThat(finish).containsExactly(World.TARGET, World.OLD);
    assertThat(WORLD.command(id, "rollback").status()).isEqualTo(409);
  }

  /// Frozen between its decision and its commit, say: the pair may be another rollout's by then.
  @Test
  void a_rollback_that_commits_when_its_pair_is_kept_no_longer_does_not_begin() {
    var id = WORLD.planned("frozen", 2, 100);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "completed");
    WORLD.kept = Duration.ofSeconds(3);
    try {
      var late = WORLD.db().inTransaction(tx -> {
        tx.query("select from rollout where id = $1 for update", id.value());
        var command = CompletableFuture.supplyAsync(() -> WORLD.command(id, "rollback"), Thread::startVirtualThread);
        var until = Instant.now().plusSeconds(4);
        World.awaitWithin(tx, () -> Instant.now().isAfter(until));
        return command;
      });
      assertThat(late.join().status()).isEqualTo(409);
    } finally {
      WORLD.kept = Duration.ofSeconds(120);
    }
    assertThat(WORLD.rollout(id).get("state")).isEqualTo("completed");
    assertThat(WORLD.command(id, "rollback").body()).containsEntry("state", "rolling_back");
  }

  @Test
  void a_rollback_is_named_as_legal_until_a_later_one_of_the_pair_is_made() {
    var id = WORLD.planned("followed", 2, 100);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "completed");
    assertThat(legal(id)).containsExactly(List.of("rollback"), List.of("rollback"));
    var later = WORLD.planned("followed", 2, 100);
    assertThat(legal(id)).containsExactly(List.of(), List.of());
    assertThat(legal(later)).containsExactly(List.of("abort"), List.of("abort"));
    assertThat(WORLD.command(id, "pause").body()).containsEntry("status", 409).containsEntry("legal_commands", List.of());
    WORLD.withdraw(later);
    WORLD.awaits(later, "state", "cancelled");
    assertThat(legal(id)).as("it was as if it had never been made").containsExactly(List.of("rollback"), List.of("rollback"));
    assertThat(WORLD.command(id, "pause").body()).containsEntry("status", 409).containsEntry("legal_commands", List.of("rollback"));
    var third = WORLD.planned("followed", 2, 100);
    assertThat(WORLD.command(third, "abort").body()).containsEntry("state", "cancelled");
    assertThat(legal(id)).as("the planner refuses a rollback of it").containsExactly(List.of(), List.of());
  }

  /// As the rollout by itself names them, and as its list does.
  private static List<Object> legal(RolloutId id) {
    var listed = WORLD.get("/v1/rollouts?template_id=followed").objects("rollouts").stream().filter(r -> r.get("id").equals(id.value()))
        .findFirst().orElseThrow();
    return List.of(WORLD.rollout(id).get("legal_commands"), listed.get("legal_commands"));
  }

  @Test
  void members_that_leave_are_skipped_and_those_that_fall_are_shown() {
    var id = WORLD.planned("web", 4, 50);
    WORLD.silent.addAll(List.of(id + "-1", id + "-2"));
    WORLD.approve(id);
    await().atMost(World.LIMIT).until(() -> Integer.valueOf(1).equals(WORLD.rollout(id).object("counts").get("healthy")));
    WORLD.report(new HealthReport.Regressed(id, List.of(new HealthReport.MemberReason(0, 4, Reason.OTHER_DIGEST))));
    WORLD.report(new HealthReport.Gone(id, List.of(new HealthReport.MemberReason(1, 4, Reason.DECOMMISSIONED))));
    await().atMost(World.LIMIT).until(() -> Integer.valueOf(1).equals(WORLD.rollout(id).get("current_batch_index")));
    WORLD.report(new HealthReport.Gone(id, List.of(new HealthReport.MemberReason(2, 4, Reason.STOPPED))));
    var done = WORLD.awaits(id, "state", "completed_with_failures");
    assertThat(done.object("counts")).containsEntry("healthy", 2).containsEntry("skipped", 2);
    assertThat(done.get("regressed_count")).isEqualTo(1);
  }

  /// What is made to come with one poll may come with two where the machine is slow: then the first knows nothing of the second, and it is tried again.
  @Test
  void a_batch_does_not_start_on_a_verdict_when_a_trip_is_known_at_the_same_time() {
    var tripped = Stream.generate(RolloutServiceTest::trippedWithItsLastVerdict).limit(3)
        .filter(rollout -> rollout.get("current_batch_index").equals(0)).findFirst();
    assertThat(tripped)
        .hasValueSatisfying(rollout -> assertThat(rollout.object("counts")).containsEntry("healthy", 3).containsEntry("pending", 3));
  }

  private static World.Reply trippedWithItsLastVerdict() {
    var id = WORLD.planned("halves", 6, 50);
    WORLD.silent.addAll(List.of(id + "-0", id + "-1", id + "-2"));
    WORLD.approve(id);
    await().atMost(World.LIMIT).until(() -> Integer.valueOf(3).equals(WORLD.rollout(id).object("counts").get("in_flight")));
    WORLD.report(new HealthReport.Judged(id, List.of(healthy(0), healthy(1))));
    await().atMost(World.LIMIT).until(() -> Integer.valueOf(2).equals(WORLD.rollout(id).object("counts").get("healthy")));
    // the first stands still in the database, the second is fetched meanwhile, and what comes then is of one poll
    WORLD.db().doInTransaction(tx -> {
      tx.query("select from rollout where id = $1 for update", id.value());
      var handed = List.of(new RolloutEvent.Handing(2, 4, WORLD.node.clock().instant()));
      for (int i = 0; i < 2; i++) {
        WORLD.report(new HealthReport.HandedOut(id, handed));
        WORLD.reportsAreOut();
      }
      reportBoth(id);
      WORLD.reportsAreOut();
    });
    return WORLD.awaits(id, "state", "awaiting_decision");
  }

  private static void reportBoth(RolloutId id) {
    WORLD.report(id, List.of(new HealthReport.Judged(id, List.of(healthy(2))), new HealthReport.Regressed(id,
        List.of(new HealthReport.MemberReason(0, 4, Reason.OTHER_DIGEST), new HealthReport.MemberReason(1, 4, Reason.OTHER_DIGEST)))));
  }

  private static HealthReport.Judgement healthy(int ordinal) {
    return new HealthReport.Judgement(ordinal, 4, true, false, null, null, 1, WORLD.node.clock().instant(), null);
  }

  @Test
  void lists_are_paged_newest_first_and_narrowed() {
    var first = WORLD.planned("listed", 2, 100);
    var second = WORLD.planned("listed", 300, 1);
    var page = WORLD.get("/v1/rollouts?template_id=listed&limit=1");
    assertThat(page.objects("rollouts")).singleElement().satisfies(r -> assertThat(r).containsEntry("id", second.value()));
    var next = WORLD.get("/v1/rollouts?template_id=listed&limit=1&cursor=" + page.get("next_cursor"));
    assertThat(next.objects("rollouts")).singleElement().satisfies(r -> {
      var shown = WORLD.rollout(first).body();
      assertThat(r).isEqualTo(shown);
    });
    assertThat(next.get("next_cursor")).isNull();
    assertThat(WORLD.get("/v1/rollouts?template_id=listed&state=running").objects("rollouts")).isEmpty();
    assertThat(WORLD.get("/v1/rollouts?module_id=nginx&limit=1000").objects("rollouts").size()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void twelve_thousand_instances_go_through_in_chunks() {
    var id = WORLD.planned("large", 12_000, 50);
    WORLD.approve(id);
    var done = WORLD.awaits(id, "state", "completed");
    assertThat(done.object("counts")).containsEntry("healthy", 12_000);
    assertThat(WORLD.toldUntil(id, RolloutEvent.Released.class)).filteredOn(RolloutEvent.InstancesInstructed.class::isInstance)
        .extracting(e -> ((RolloutEvent.InstancesInstructed) e).instructions().size()).containsExactly(5_000, 1_000, 5_000, 1_000);
  }
}
