package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.Ask;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Choice;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Trip;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What the planner does while a rollout runs and ends.
@ResourceLock(OneWorld.NAME)
@ExtendWith(OneWorld.class)
class CourseTest {
  private static World world;
  private String rollout;

  @BeforeAll
  static void start(World one) { world = one; }

  @BeforeEach
  void plan() {
    world.fifty();
    rollout = world.planned();
  }

  private void tell(RolloutEvent... events) { world.tellRollout(rollout, events); }

  private void begin() {
    tell(new RolloutEvent.Approved(new RequestId(rollout + "-plan"), 1, "bob", null),
        new RolloutEvent.Started(50, "1.26.0", world.node.clock().instant()), new RolloutEvent.BatchStarted(0, 10));
  }

  private RolloutEvent finish(VersionRef to) {
    return new RolloutEvent.FinishAsked(new TemplateId(world.template), new ModuleId("nginx"), to);
  }

  private static RolloutEvent.Verdict verdict(int i, boolean healthy, double seconds) {
    return new RolloutEvent.Verdict(i, new InstanceId("i" + i), 0, 2, healthy, healthy ? null : Reason.HEALTH_TIMEOUT, null, seconds,
        "1.26.0",
        Instant.EPOCH);
  }

  private void templateIs(String version) {
    await().atMost(World.LIMIT).until(() -> world.get("/v1/templates/" + world.template).objects("modules").getFirst().get("version_id")
        .equals(version));
  }

  private List<Object> phases() { return world.get("/v1/plans/" + rollout).objects("batches").stream().map(b -> b.get("phase")).toList(); }

  @Test
  void the_plan_shows_how_far_its_rollout_has_come() {
    begin();
    world.awaits(rollout, "state", "running");
    var trip = new Trip(1, 1, BreakerRule.STREAK, List.of(), 2, 20, 30, "two in a row");
    tell(new RolloutEvent.BatchCompleted(0, 10, 0, 0), new RolloutEvent.BatchStarted(1, 10),
        new RolloutEvent.BreakerTripped(new RequestId(rollout + "-trip-1"), trip));
    world.awaits(rollout, "state", "awaiting_decision");
    assertThat(phases()).containsExactly("completed", "tripped", "pending", "pending", "pending");
    tell(new RolloutEvent.Aborted(null, "decision", "bob", null));
    world.awaits(rollout, "state", "aborted");
    assertThat(phases()).containsExactly("completed", "tripped", "not_started", "not_started", "not_started");
  }

  @Test
  void an_abort_ends_the_batch_that_runs() {
    begin();
    tell(new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    assertThat(phases()).containsExactly("completed", "not_started", "not_started", "not_started", "not_started");
  }

  /// Nobody of the batch that ran had met the target.
  @Test
  void a_way_back_of_nobody_ends_the_batch_that_ran() {
    begin();
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 0, 0, List.of()), new RolloutEvent.RolledBack(0, 0));
    world.awaits(rollout, "state", "rolled_back");
    assertThat(phases()).containsExactly("completed", "not_started", "not_started", "not_started", "not_started");
  }

  @Test
  void a_way_back_after_the_end_teaches_what_it_came_to_itself() {
    begin();
    tell(new RolloutEvent.VerdictsRecorded(List.of(verdict(0, false, 300))), new RolloutEvent.Completed(50, 0, 0, 9, false),
        new RolloutEvent.RollbackStarted(null, "bob", null, 0, 1, List.of()),
        new RolloutEvent.RollbackVerdictsRecorded(List.of(verdict(0, false, 300))), new RolloutEvent.RolledBack(0, 1));
    world.awaits(rollout, "state", "rolled_back_with_failures");
    assertThat(world.get("/v1/learnings?module_id=nginx&tag=rolled_back_with_failures").objects("learnings"))
        .filteredOn(l -> l.get("template_id").equals(world.template)).singleElement()
        .satisfies(l -> assertThat((String) l.get("content")).contains("Failed: 1 health_timeout."));
  }

  @Test
  void the_template_moves_when_the_rollout_ends_and_that_is_told() {
    begin();
    tell(finish(Played.V2));
    templateIs("v2");
    await().atMost(World.LIMIT).until(() -> !world.told(PlanEvent.TemplateMoved.class, rollout).isEmpty());
    assertThat(world.told(PlanEvent.TemplateMoved.class, rollout)).containsExactly(
        new PlanEvent.TemplateMoved(new RolloutId(rollout), new TemplateId(world.template), new ModuleId("nginx"), Played.V2));
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false), new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed");
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    templateIs("v2");
  }

  @Test
  void an_abort_after_the_finish_was_asked_sets_the_template_back() {
    begin();
    tell(finish(Played.V2), new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    templateIs("v1");
    await().atMost(World.LIMIT).until(() -> world.told(PlanEvent.TemplateMoved.class, rollout).size() == 2);
  }

  @Test
  void a_trip_or_a_pause_after_the_finish_was_asked_sets_the_template_back_until_it_is_asked_again() {
    begin();
    tell(finish(Played.V2));
    templateIs("v2");
    var trip = new Trip(4, 4, BreakerRule.STREAK, List.of(), 2, 20, 30, "two in a row");
    tell(new RolloutEvent.BreakerTripped(new RequestId(rollout + "-trip-1"), trip));
    templateIs("v1");
    tell(new RolloutEvent.ContinuationDecided(new RequestId(rollout + "-trip-1"), Choice.CONTINUE_ANYWAY, "bob", null),
        finish(Played.V2));
    templateIs("v2");
    tell(new RolloutEvent.Paused("bob", null));
    templateIs("v1");
    tell(new RolloutEvent.Resumed("bob", null), finish(Played.V2));
    templateIs("v2");
  }

  @Test
  void what_was_set_back_once_stays_where_somebody_had_put_it_meanwhile() {
    world.post("/v1/modules/nginx/versions", Map.of("id", rollout, "version", rollout, "digest", "sha256:" + "d".repeat(64)));
    List.of("staging", "blessed").forEach(to -> world.promote(rollout, to));
    begin();
    world.send("PATCH", "/v1/templates/" + world.template,
        Map.of("modules", List.of(Map.of("module_id", "nginx", "version_id", rollout))));
    tell(finish(Played.V2));
    templateIs("v2");
    tell(new RolloutEvent.Paused("bob", null));
    templateIs(rollout);
    tell(new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    templateIs(rollout);
  }

  @Test
  void an_abort_after_the_way_back_has_set_the_template_back_leaves_it_there() {
    begin();
    tell(finish(Played.V2), new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), finish(Played.V1),
        new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    templateIs("v1");
  }

  @Test
  void so_does_one_of_a_rollout_that_had_completed() {
    begin();
    tell(finish(Played.V2), new RolloutEvent.Completed(50, 0, 0, 9, false), new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed");
    world.ask(new Ask.ClaimForRollback(new RolloutId(rollout)));
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), finish(Played.V1),
        new RolloutEvent.Aborted(null, "operator", "bob", null));
    world.awaits(rollout, "state", "aborted");
    templateIs("v1");
  }

  /// A policy let it start before its planner gave it up.
  @Test
  void what_a_withdrawn_plan_did_can_be_rolled_back() {
    begin();
    world.sql("update plan set withdrawn_at = now() where rollout_id = '" + rollout + "'");
    tell(new RolloutEvent.Aborted(null, "plan_withdrawn", "planner", null), new RolloutEvent.Released());
    await().atMost(World.LIMIT).untilAsserted(() -> world.ask(new Ask.ClaimForRollback(new RolloutId(rollout))));
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), finish(Played.V1));
    await().atMost(World.LIMIT).until(() -> !world.told(PlanEvent.TemplateMoved.class, rollout).isEmpty());
  }

  @Test
  void a_version_whose_rollout_has_just_ended_can_be_archived() {
    rollout = world.plannedToItsOwn("brief", "1.27.0", "e");
    assertThat(world.promote("brief", "archived").body()).containsEntry("rollout_ids", List.of(rollout));
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false));
    world.awaits(rollout, "state", "completed");
    var archived = CompletableFuture.supplyAsync(() -> world.promote("brief", "archived"), Thread::startVirtualThread);
    tell(new RolloutEvent.Released());
    assertThat(archived.join().body()).containsEntry("lifecycle_state", "archived");
  }

  @Test
  void a_rollback_may_take_the_templates_module_away() {
    tell(finish(null));
    await().atMost(World.LIMIT).until(() -> world.get("/v1/templates/" + world.template).objects("modules").isEmpty());
  }

  @Test
  void what_was_measured_is_shown_with_later_plans_and_twins_make_one_learning() {
    world.post("/v1/modules", Map.of("name", "nginx-unused"));
    int before = (int) history().get("rollouts");
    begin();
    tell(new RolloutEvent.VerdictsRecorded(List.of(verdict(0, true, 2), verdict(1, true, 4), verdict(2, false, 300))),
        new RolloutEvent.BreakerTripped(new RequestId("q"), new Trip(1, 0, BreakerRule.STREAK, List.of(), 1, 3, 40, "")),
        new RolloutEvent.Completed(2, 1, 47, 9, true), new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed_with_failures");
    assertThat(history().get("rollouts")).isEqualTo(before + 1);
    assertThat((double) history().get("p95_sec")).isBetween(4.0, 4.2);
    var first = learning();
    assertThat(first).containsEntry("category", "failure_mode").containsEntry("source", "rollout").containsEntry("rollouts", 1);
    assertThat((String) first.get("content")).contains("1 trip", "1 health_timeout");

    await().atMost(World.LIMIT).until(() -> {
      var next = world.plan();
      if (next.status() == 201) rollout = next.text("rollout_id");
      return next.status() == 201;
    });
    begin();
    tell(new RolloutEvent.VerdictsRecorded(List.of(verdict(0, false, 300))), new RolloutEvent.Completed(0, 1, 49, 9, true),
        new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed_with_failures");
    assertThat(learning()).containsEntry("id", first.get("id")).containsEntry("rollouts", 2);
    assertThat((String) learning().get("content")).contains("2 rollouts", "2 health_timeout");
    assertThat(world.plan("dry_run", true).objects("learnings")).extracting(l -> l.get("id")).contains(first.get("id"));
  }

  /// What a plan of the module would show, asked for a template that nobody rolls out on.
  private static Map<String, Object> history() { return world.plan("dry_run", true, "template_id", "web").object("history"); }

  private static Map<String, Object> learning() {
    var found = world.get("/v1/learnings?module_id=nginx&tag=completed_with_failures").objects("learnings");
    assertThat(found).hasSize(1);
    return found.getFirst();
  }
}
