package dev.sluice.approval;

import static dev.sluice.approval.World.asks;
import static dev.sluice.approval.World.living;
import static dev.sluice.approval.World.rolloutOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.chassis.Db;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Choice;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Policy;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Told;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The service from outside, on real servers: two replicas on one database.
@ExtendWith(OneWorld.class)
class RequestsTest {
  private static World world;

  @BeforeAll
  static void open(World one) { world = one; }

  @Test
  void a_plan_is_asked_approved_told_and_its_outcome_shown() {
    var id = world.planned(asks(1));
    var asked = world.request(id);
    assertThat(asked.body()).containsEntry("status", "pending").containsEntry("type", "rolling_upgrade_plan").containsEntry("revision", 1)
        .containsEntry("requested_by", "maker").containsEntry("required_approvals", 1)
        .containsEntry("options", List.of("approve", "reject"))
        .containsEntry("rollout_id", rolloutOf(id).value()).containsEntry("trip", null).containsEntry("outcome", null);
    assertThat(asked.object("plan")).containsEntry("total_instances", 50).containsEntry("batch_count", 5).containsEntry("target_version",
        "1.26.0");
    assertThat(Duration.between(java.time.Instant.parse((String) asked.get("created_at")),
        java.time.Instant.parse((String) asked.get("expires_at"))))
        .isBetween(Duration.ofHours(4).minusMinutes(1), Duration.ofHours(4).plusMinutes(1));

    var approved = world.decide(id, "ann", "approve", 1);
    assertThat(approved.status()).isEqualTo(200);
    assertThat(approved.body()).containsEntry("status", "approved").containsEntry("decision", "approve").containsEntry("decided_by", "ann");
    assertThat(approved.objects("votes")).singleElement()
        .satisfies(v -> assertThat(v).containsEntry("actor", "ann").containsEntry("counts", true));
    assertThat(world.told(ApprovalEvent.PlanApproved.class, id.value()).approvers()).containsExactly("ann");

    world.tellRollout(rolloutOf(id), new RolloutEvent.Approved(id, 1, "ann", null));
    world.awaits(id, "outcome", "applied");
    assertThat(world.decide(id, "bob", "reject", 1).status()).isEqualTo(409);
  }

  @Test
  void a_plan_that_is_told_twice_is_asked_once() {
    var id = world.planned(asks(1));
    var rollout = rolloutOf(id);
    world.tellPlan(new PlanEvent.RevisionPlanned(rollout, world.header(rollout, 1, 20, asks(1), "maker")));
    world.tellPlan(new PlanEvent.PlanWithdrawn(rollout, "nobody heard"));
    var gone = world.awaits(id, "status", "cancelled");
    assertThat(gone.body()).containsEntry("outcome", "superseded").containsEntry("comment", "nobody heard").containsEntry("decision", null);
    assertThat(world.told(ApprovalEvent.RequestCancelled.class, id.value())).isNotNull();
    assertThat(world.count(ApprovalEvent.PlanRequested.class, id.value())).isEqualTo(1);
  }

  @Test
  void two_people_must_approve_where_two_are_required() {
    var id = world.planned(asks(2));
    assertThat(world.decide(id, "ann", "approve", 1).body()).containsEntry("status", "pending");
    assertThat(world.decide(id, "ann", "approve", 1).objects("votes")).hasSize(1);
    assertThat(world.decide(id, "bob", "approve", 1).body()).containsEntry("status", "approved").containsEntry("decided_by", "bob");
  }

  @Test
  void an_edit_makes_the_next_revision_and_votes_fall() {
    var id = world.planned(asks(2));
    assertThat(world.decide(id, "ann", "approve", 1).status()).isEqualTo(200);
    var edited = world.edit(id, Map.of("revision", 1, "batch_pct", 10));
    assertThat(edited.status()).isEqualTo(200);
    assertThat(edited.body()).containsEntry("revision", 2).containsEntry("status", "pending");
    assertThat(edited.object("plan")).containsEntry("batch_pct", 10).containsEntry("batch_count", 10).containsEntry("made_by", "editor");
    assertThat(edited.objects("revisions")).extracting(r -> r.get("revision")).containsExactly(1, 2);
    assertThat(edited.objects("votes")).singleElement()
        .satisfies(v -> assertThat(v).containsEntry("counts", false).containsEntry("revision", 1));
    assertThat(world.adopted).anySatisfy(ask -> assertThat(ask.rolloutId()).isEqualTo(rolloutOf(id)));
    assertThat(world.told(ApprovalEvent.Revised.class, id.value()).plan().revision()).isEqualTo(2);

    var stale = world.decide(id, "ann", "approve", 1);
    assertThat(stale.status()).isEqualTo(409);
    assertThat(stale.body()).containsEntry("current_revision", 2);
    assertThat(world.edit(id, Map.of("revision", 1, "batch_pct", 30)).body()).containsEntry("status", 409).containsEntry("current_revision",
        2);
    assertThat(world.edit(id, Map.of("revision", 2, "batch_pct", 99)).status()).as("leaves nobody").isEqualTo(409);
  }

  @Test
  void of_two_edits_at_once_one_wins() throws Exception {
    var id = world.planned(asks(1));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var edits = IntStream.of(10, 25)
          .mapToObj(pct -> threads.submit(() -> world.edit(id, Map.of("revision", 1, "batch_pct", pct)).status())).toList();
      assertThat(List.of(edits.get(0).get(), edits.get(1).get())).containsExactlyInAnyOrder(200, 409);
    }
    assertThat(world.request(id).body()).containsEntry("revision", 2);
  }

  @Test
  void of_two_people_who_decide_at_once_one_wins() throws Exception {
    for (int i = 0; i < 5; i++) {
      var id = world.planned(asks(1));
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var yes = threads.submit(() -> world.decide(id, "ann", "approve", 1).status());
        var no = threads.submit(() -> world.decide(id, "bob", "reject", 1).status());
        assertThat(List.of(yes.get(), no.get())).containsExactlyInAnyOrder(200, 409);
        assertThat(world.request(id).body()).containsEntry("status", yes.get() == 200 ? "approved" : "rejected");
      }
    }
  }

  @Test
  void a_policy_that_approves_leaves_an_approved_request_with_the_actor_policy() {
    var id = world.planned(PolicyPrecedence.policy(Policy.NOTIFY_AND_PROCEED, 1, false, null, "action"));
    var approved = world.request(id);
    assertThat(approved.body()).containsEntry("status", "approved").containsEntry("decided_by", "policy");
    assertThat(approved.objects("votes")).singleElement().satisfies(v -> assertThat(v).containsEntry("actor", "policy"));
    var warned = world.told(ApprovalEvent.ProceededWithoutApproval.class, id.value());
    assertThat(Told.of(warned)).singleElement().satisfies(e -> assertThat(e.severity()).isEqualTo("warning"));
    world.told(ApprovalEvent.PlanApproved.class, id.value());
  }

  @Test
  void the_server_ends_a_plan_and_a_trip_whose_life_is_over() {
    var plan = world.planned(living(1));
    world.awaits(plan, "status", "expired");
    assertThat(world.told(ApprovalEvent.RequestExpired.class, plan.value()).type()).isEqualTo(RequestType.ROLLING_UPGRADE_PLAN);
    assertThat(world.decide(plan, "ann", "approve", 1).status()).isEqualTo(409);
    world.tellRollout(rolloutOf(plan), new RolloutEvent.Expired(plan));
    world.awaits(plan, "outcome", "applied");

    var trip = world.tripped(living(1));
    world.awaits(trip, "status", "expired");
    assertThat(world.told(ApprovalEvent.RequestExpired.class, trip.value()).type()).isEqualTo(RequestType.ROLLING_UPGRADE_CONTINUATION);
    world.tellRollout(rolloutOf(trip), new RolloutEvent.Aborted(trip, "expired", "system", null));
    world.awaits(trip, "outcome", "applied");
  }

  /// The policies are waited for, say, since the database is slow; and the sweep has not come by.
  @Test
  void an_approval_that_waited_until_the_life_was_over_is_refused() {
    var rollout = world.nextRollout();
    world.sql(db -> sweepLater(db, rollout));
    world.tellPlan(new PlanEvent.RevisionPlanned(rollout, world.header(rollout, 1, 20, living(6), "maker")));
    var id = world.appears(new RequestId(rollout + "-plan"));
    var end = (String) world.request(id).get("expires_at");
    var approved = new CompletableFuture<World.Reply>();
    world.sql(db -> db.doInTransaction(tx -> {
      tx.query("lock table intervention_policy in access exclusive mode");
      approved.completeAsync(() -> world.decide(id, "ann", "approve", 1), Thread::startVirtualThread);
      awaitWithin(tx, () -> !db.query(WAITING).iterator().next().getBoolean("granted"));
      awaitWithin(tx, () -> world.node.clock().instant().isAfter(Instant.parse(end)));
    }));
    assertThat(approved.join().body()).containsEntry("status", 409).containsEntry("expires_at", end);
  }

  /// However late the test comes: the sweep looks at the request of this rollout a minute after its end.
  private static void sweepLater(Db db, RolloutId rollout) {
    db.query("""
        create function sweep_later() returns trigger language plpgsql as $$
        begin
          new.sweep_at := new.sweep_at + interval '1 minute';
          return new;
        end $$""");
    db.query("create trigger sweep_later before insert on approval_request for each row when (new.rollout_id = '" + rollout
        + "') execute function sweep_later()");
  }

  private static void awaitWithin(Db.Tx tx, BooleanSupplier done) {
    await().pollInSameThread().atMost(World.LIMIT).until(() -> {
      tx.query("select 1"); // a transaction that says nothing is ended
      return done.getAsBoolean();
    });
  }

  private static final String WAITING = """
      select coalesce(bool_and(granted), true) as granted from pg_locks where relation = 'intervention_policy'::regclass
      """;

  @Test
  void many_lives_that_end_at_once_end_once_each_with_two_replicas() {
    var ids = new ArrayList<RequestId>();
    for (int i = 0; i < 40; i++) {
      var rollout = world.nextRollout();
      world.tellPlan(new PlanEvent.RevisionPlanned(rollout, world.header(rollout, 1, 20, living(1), "maker")));
      ids.add(new RequestId(rollout + "-plan"));
    }
    for (var id : ids) {
      world.told(ApprovalEvent.RequestExpired.class, id.value());
      assertThat(world.request(id).body()).containsEntry("status", "expired");
    }
    for (var id : ids)
      assertThat(world.count(ApprovalEvent.RequestExpired.class, id.value())).isEqualTo(1);
  }

  @Test
  void plans_of_two_modules_of_a_template_are_asked_side_by_side_and_answered_each_for_itself() {
    var nginx = world.planned(asks(1));
    var redis = world.planned(asks(1), "redis");
    for (var id : List.of(nginx, redis))
      assertThat(world.request(id).body()).containsEntry("status", "pending").containsEntry("template_id", "web");
    assertThat(world.request(redis).get("module_id")).isEqualTo("redis");
    assertThat(world.decide(redis, "ann", "reject", 1).body()).containsEntry("status", "rejected");
    assertThat(world.request(nginx).body()).containsEntry("status", "pending").containsEntry("module_id", "nginx");
    assertThat(world.decide(nginx, "ann", "approve", 1).body()).containsEntry("status", "approved");
    assertThat(world.request(redis).body()).containsEntry("status", "rejected");
  }

  @Test
  void a_trip_is_asked_with_its_consequences_in_numbers() {
    var id = world.tripped(asks(2));
    var asked = world.request(id);
    assertThat(asked.body()).containsEntry("type", "rolling_upgrade_continuation").containsEntry("status", "pending")
        .containsEntry("required_approvals", 2)
        .containsEntry("plan", null)
        .containsEntry("options", List.of("continue_anyway", "retry_failed", "rollback_completed_batches", "abort"));
    assertThat(asked.object("trip")).containsEntry("rule", "streak").containsEntry("failed_count", 2).containsEntry("batch_number", 1)
        .containsEntry("failed_instance_ids", List.of("i-1", "i-2"));
    @SuppressWarnings("unchecked")
    var consequences = (List<Map<String, Object>>) asked.object("trip").get("consequences");
    assertThat(consequences).extracting(c -> c.get("option") + " " + c.get("instances_going_on") + " " + c.get("instances_rolled_back"))
        .containsExactly("continue_anyway 40 0", "retry_failed 40 0", "rollback_completed_batches 0 10", "abort 0 0");

    assertThat(world.decide(id, "ann", "retry_failed", 1).body()).containsEntry("status", "pending");
    assertThat(world.decide(id, "bob", "continue_anyway", 1).body()).containsEntry("status", "pending");
    var decided = world.decide(id, "bob", "retry_failed", 1);
    assertThat(decided.body()).containsEntry("status", "approved").containsEntry("decision", "retry_failed");
    assertThat(decided.objects("votes")).extracting(v -> v.get("counts")).containsExactly(true, false, true);
    assertThat(world.told(ApprovalEvent.ContinuationDecided.class, id.value()).choice()).isEqualTo(Choice.RETRY_FAILED);
    world.tellRollout(rolloutOf(id), new RolloutEvent.ContinuationDecided(id, Choice.RETRY_FAILED, "bob", null));
    world.awaits(id, "outcome", "applied");
  }

  @Test
  void the_options_of_an_open_trip_count_as_it_is_now_and_of_a_decided_one_as_it_was() {
    var id = world.tripped(asks(1));
    assertThat(retry(world.request(id))).isEqualTo("2 that failed are tried again, then 40 more go on");
    assertThat(world.request(id).object("trip")).containsEntry("counted_at", world.request(id).get("created_at"));
    world.stakes.put(rolloutOf(id), new Ask.Stake(id, 9, 10, 1, 40));
    assertThat(retry(world.request(id))).isEqualTo("9 that failed are tried again, then 41 more go on");
    assertThat(world.request(id).object("trip")).containsEntry("failed_count", 2).doesNotContainEntry("counted_at",
        world.request(id).get("created_at"));
    var listed = world.get("/v1/approval-requests?rollout_id=" + rolloutOf(id) + "&type=rolling_upgrade_continuation");
    assertThat((List<?>) ((Map<?, ?>) listed.objects("approval_requests").getFirst().get("trip")).get("consequences"))
        .isEqualTo(world.request(id).object("trip").get("consequences"));
    assertThat(retry(world.decide(id, "ann", "abort", 1))).startsWith("2 that failed");
  }

  private static String retry(World.Reply request) {
    var consequences = (List<?>) request.object("trip").get("consequences");
    return (String) ((Map<?, ?>) consequences.get(1)).get("detail");
  }

  @Test
  void what_a_request_led_to_is_told_with_its_trace() {
    var plan = world.planned(asks(1));
    var trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    var sent = "00-" + trace + "-00f067aa0ba902b7-01";
    assertThat(world.send(world.replicas.getFirst(), "POST", "/v1/approval-requests/" + plan + "/decision",
        Map.of("decision", "approve", "revision", 1), Map.of("Authorization", "Bearer x", "traceparent", sent)).status()).isEqualTo(200);
    world.told(ApprovalEvent.PlanApproved.class, plan.value());
    assertThat(world.told).filteredOn(m -> m.event() instanceof ApprovalEvent.PlanApproved e && e.requestId().equals(plan)).singleElement()
        .satisfies(m -> assertThat(m.traceparent()).startsWith("00-" + trace + "-").endsWith("-01").isNotEqualTo(sent));
    // asked by what a service heard, not by a request of anybody
    assertThat(world.told).filteredOn(m -> m.event() instanceof ApprovalEvent.PlanRequested e && e.requestId().equals(plan)).singleElement()
        .satisfies(m -> assertThat(m.traceparent()).isNull());
  }

  @Test
  void the_question_after_a_trip_can_be_read_and_answered_as_soon_as_the_rollout_names_it() {
    var id = world.trips(asks(1));
    assertThat(world.request(id).body()).containsEntry("status", "pending").containsEntry("template_id", "web")
        .containsEntry("module_id", "nginx");
    assertThat(world.decide(world.trips(asks(1)), "ann", "abort", 1).body()).containsEntry("decision", "abort");
    assertThat(world.request(new RequestId("nobody-trip-1")).status()).isEqualTo(404);
  }

  @Test
  void one_person_suffices_to_roll_back() {
    var id = world.tripped(asks(3));
    assertThat(world.decide(id, "ann", "rollback_completed_batches", 1).body()).containsEntry("status", "approved");
    world.tellRollout(rolloutOf(id), new RolloutEvent.ContinuationDecided(id, Choice.ROLLBACK_COMPLETED_BATCHES, "ann", null));
    world.tellRollout(rolloutOf(id), new RolloutEvent.RollbackStarted(id, "ann", null, 0, 10, List.of()));
    world.awaits(id, "outcome", "applied");
  }

  @Test
  void what_the_rollout_did_otherwise_cancels_or_supersedes() {
    var open = world.tripped(asks(1));
    world.tellRollout(rolloutOf(open), new RolloutEvent.Aborted(open, "operator", "ann", "enough"));
    var cancelled = world.awaits(open, "status", "cancelled");
    assertThat(cancelled.body()).containsEntry("outcome", "superseded").containsEntry("decided_by", "ann").containsEntry("comment",
        "enough");

    var late = world.tripped(asks(1));
    assertThat(world.decide(late, "ann", "continue_anyway", 1).status()).isEqualTo(200);
    world.tellRollout(rolloutOf(late), new RolloutEvent.RollbackStarted(late, "bob", null, 0, 10, List.of()));
    assertThat(world.awaits(late, "outcome", "superseded").body()).containsEntry("status", "approved").containsEntry("decision",
        "continue_anyway");

    var plan = world.planned(asks(1));
    world.tellRollout(rolloutOf(plan), new RolloutEvent.Cancelled(null, "ann", "no need"));
    world.awaits(plan, "status", "cancelled");
    assertThat(world.decide(plan, "bob", "approve", 1).status()).isEqualTo(409);
  }

  @Test
  void lists_filter_and_page_newest_first() {
    var first = world.planned(asks(1));
    var second = world.planned(asks(1));
    assertThat(world.get("/v1/approval-requests?rollout_id=" + rolloutOf(first)).objects("approval_requests")).extracting(r -> r.get("id"))
        .containsExactly(first.value());
    var page = world.get("/v1/approval-requests?status=pending&type=rolling_upgrade_plan&limit=1");
    assertThat(page.objects("approval_requests")).extracting(r -> r.get("id")).containsExactly(second.value());
    var next = world.get("/v1/approval-requests?status=pending&type=rolling_upgrade_plan&limit=1&cursor=" + page.get("next_cursor"));
    assertThat(next.objects("approval_requests")).extracting(r -> r.get("id")).containsExactly(first.value());
    assertThat(world.get("/v1/approval-requests?rollout_id=none").body()).containsEntry("next_cursor", null)
        .containsEntry("approval_requests", List.of());
  }

  @Test
  void bad_input_is_refused_all_faults_at_once() {
    var id = world.planned(asks(1));
    var path = "/v1/approval-requests/" + id;
    assertThat(world.send("POST", path + "/decision", Map.of("decision", "maybe", "revision", "1", "why", 1), "ann").objects("errors"))
        .extracting(e -> e.get("field")).containsExactlyInAnyOrder("decision", "revision", "why");
    assertThat(
        world.send("POST", path + "/decision", "{\"decision\":\"approve\",\"revision\":1,\"comment\":\"a\\u0000b\"}", "ann").status())
        .isEqualTo(400);
    assertThat(world.send("POST", path + "/decision", "{", "ann").status()).isEqualTo(400);
    assertThat(world.decide(id, "ann", "abort", 1).objects("errors")).extracting(e -> e.get("field")).containsExactly("decision");
    assertThat(world.edit(id, Map.of("revision", 1, "batch_pct", 0, "template_id", "db", "dry_run", true)).objects("errors"))
        .extracting(e -> e.get("field")).containsExactlyInAnyOrder("batch_pct", "template_id", "dry_run");
    assertThat(world.get("/v1/approval-requests?status=open&limit=0&cursor=x").objects("errors")).hasSize(3);
    assertThat(world.get("/v1/approval-requests/none").status()).isEqualTo(404);
    assertThat(world.get("/v1/approval-requests/%00").status()).isEqualTo(404);
    assertThat(world.decide(new RequestId("none"), "ann", "approve", 1).status()).isEqualTo(404);
    assertThat(world.edit(new RequestId("none"), Map.of("revision", 1)).status()).isEqualTo(404);
    assertThat(world.send(world.replicas.getFirst(), "GET", path, null, Map.of()).status()).isEqualTo(401);
    assertThat(world.request(id).body()).containsEntry("status", "pending");
  }

  @Test
  void a_repeated_post_answers_as_it_did_first() {
    var id = world.planned(asks(1));
    var headers = Map.of("Authorization", "Bearer x", "X-Sluice-Actor", "ann", "Idempotency-Key", "once");
    var vote = Map.of("decision", "approve", "revision", 1);
    for (var replica : world.replicas)
      assertThat(world.send(replica, "POST", "/v1/approval-requests/" + id + "/decision", vote, headers).body()).containsEntry("status",
          "approved");
  }

  @Test
  void another_body_under_the_same_key_is_409_and_a_nameless_caller_is_the_operator() {
    var id = world.planned(asks(2));
    var path = "/v1/approval-requests/" + id + "/decision";
    var headers = Map.of("Authorization", "Bearer x", "Idempotency-Key", "key-of-" + id);
    var approve = Map.of("decision", "approve", "revision", 1);
    assertThat(world.send(world.replicas.getFirst(), "POST", path, approve, headers).objects("votes")).extracting(v -> v.get("actor"))
        .containsExactly("operator");
    var other = world.send(world.replicas.getLast(), "POST", path, Map.of("decision", "reject", "revision", 1), headers);
    assertThat(other.status()).isEqualTo(409);
    assertThat(world.request(id).body()).containsEntry("status", "pending");
  }

  @Test
  void revisions_and_decisions_of_another_kind_are_refused_at_their_field() {
    var path = "/v1/approval-requests/" + world.planned(asks(1));
    for (var revision : List.of("null", "\"1\"", "1.5", "0", "-1", "1e400", "99999999999", "[1]")) {
      assertThat(world.send("POST", path + "/decision", "{\"decision\":\"approve\",\"revision\":" + revision + "}", "ann")
          .objects("errors")).as(revision).extracting(e -> e.get("field")).containsExactly("revision");
      assertThat(world.send("PATCH", path, "{\"batch_pct\":10,\"revision\":" + revision + "}", "ann").objects("errors")).as(revision)
          .extracting(e -> e.get("field")).containsExactly("revision");
    }
    assertThat(world.send("POST", path + "/decision", Map.of(), "ann").objects("errors")).extracting(e -> e.get("field"))
        .containsExactlyInAnyOrder("decision", "revision");
    assertThat(world.send("POST", path + "/decision", "{\"decision\":\"approve\",\"revision\":1,\"comment\":\"half \\ud800\"}", "ann")
        .objects("errors")).extracting(e -> e.get("field")).containsExactly("comment");
  }

  @Test
  void says_its_document_and_its_readiness_without_credentials() throws Exception {
    var replica = world.replicas.getFirst();
    await().atMost(World.LIMIT).until(() -> world.send(replica, "GET", "/readyz", null, Map.of()).status() == 200);
    assertThat(world.send(replica, "GET", "/healthz", null, Map.of()).status()).isEqualTo(200);
    assertThat(world.text(replica, "/openapi.yaml")).contains("openapi: 3.1.0", "operationId: decideApprovalRequest");
  }

  @Test
  void an_edit_without_a_planner_is_503_and_changes_nothing() {
    var id = world.planned(asks(1));
    world.plannerGone();
    try {
      var answer = world.edit(id, Map.of("revision", 1, "batch_pct", 10));
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.headers()).containsKey("retry-after");
      assertThat(world.request(id).body()).containsEntry("revision", 1).containsEntry("status", "pending");
      var ready = world.get("/readyz");
      assertThat(ready.status()).isEqualTo(503);
      assertThat(ready.body().get("away").toString()).contains("planner-service").doesNotContain("postgresql");
    } finally {
      world.plannerAnswers();
    }
    await().atMost(World.LIMIT).until(() -> world.get("/readyz").status() == 200);
    assertThat(world.edit(id, Map.of("revision", 1, "batch_pct", 10)).body()).containsEntry("revision", 2);
  }
}
