package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Message;
import dev.sluice.contract.Ask;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a plan that the other services do not take in time.
class WithdrawalTest {
  private static World world;

  @BeforeAll
  static void start() { world = new World(); }

  @AfterAll
  static void stop() throws Exception { world.close(); }

  @BeforeEach
  void fleet() {
    world.fifty();
  }

  @Test
  void a_plan_that_is_not_taken_in_time_is_withdrawn_and_leaves_nothing() {
    world.rolloutHears = false;
    var late = world.plan();
    assertThat(late.status()).isEqualTo(503);
    assertThat(late.header("Retry-After")).isEqualTo("1");
    await().atMost(World.LIMIT).until(() -> world.told.stream().anyMatch(m -> m.event() instanceof PlanEvent.PlanWithdrawn));
    var withdrawn = world.told.stream().filter(m -> m.event() instanceof PlanEvent.PlanWithdrawn).toList();
    assertThat(withdrawn).singleElement().satisfies(m -> assertThat(world.get("/v1/plans/" + m.stream()).status()).isEqualTo(404));

    // somebody may have approved it in these seconds
    var next = world.plan();
    assertThat(next.status()).isEqualTo(503);
    assertThat(next.text("detail")).contains("was withdrawn, and the rollout-service has not let go of it yet");
    world.rolloutHears = true;
    world.tellRollout(withdrawn.getFirst().stream(), new RolloutEvent.Released());
    world.planned();
  }

  @Test
  void a_plan_whose_maker_died_before_it_was_known_is_withdrawn() {
    var id = world.planned();
    world.sql("update plan set opened = false where rollout_id = '" + id + "'");
    world.madeLongAgo(id);
    // who has just begun forgets nobody
    await().atMost(World.LIMIT.multipliedBy(3)).until(() -> world.get("/v1/plans/" + id).status() == 404);
    world.planned(); // the pair is free
  }

  @Test
  void who_has_approved_a_plan_knows_it() {
    world.approvalHears = false;
    try {
      var plan = CompletableFuture.supplyAsync(() -> world.plan(), Thread::startVirtualThread);
      var id = beingMade();
      world.tellRollout(id, new RolloutEvent.Approved(new RequestId(id + "-plan"), 1, "policy", null));
      assertThat(plan.join().status()).isEqualTo(201);
    } finally {
      world.approvalHears = true;
    }
  }

  /// The one who would have told this service so has died, say; the fact comes when another one reads in its place.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_plan_by_which_instances_are_upgraded_already_is_not_withdrawn(boolean tripped) {
    world.rolloutHears = false;
    try {
      var plan = CompletableFuture.supplyAsync(() -> world.plan(), Thread::startVirtualThread);
      var id = beingMade();
      world.delivered = new Ask.Delivery(new RolloutId(id), tripped ? null : Purpose.UPGRADE, 9);
      assertThat(plan.join().status()).isEqualTo(201);
      assertThat(world.get("/v1/plans/" + id).status()).isEqualTo(200);
      // when it has ended, and no word of it has come here yet, nobody takes it for one that its maker has forgotten
      assertThat(world.known(id)).isTrue();
    } finally {
      world.delivered = null;
      world.rolloutHears = true;
    }
  }

  @Test
  void a_plan_that_somebody_else_has_withdrawn_is_not_answered_as_made() {
    world.rolloutHears = false;
    try {
      var plan = CompletableFuture.supplyAsync(() -> world.plan(), Thread::startVirtualThread);
      var id = beingMade();
      world.sql("update claim set open = false, held = false where rollout_id = '" + id + "'");
      world.sql("update plan set withdrawn_at = now() where rollout_id = '" + id + "'");
      assertThat(plan.join().status()).isEqualTo(503);
    } finally {
      world.rolloutHears = true;
    }
  }

  /// The id of the plan for the present template that was just told of.
  private static String beingMade() {
    return await().atMost(World.LIMIT).until(() -> world.told.stream()
        .filter(
            m -> m.event() instanceof PlanEvent.RevisionPlanned(_, var plan) && plan.inputs().templateId().value().equals(world.template))
        .map(Message::stream).findFirst(), Optional::isPresent).orElseThrow();
  }
}
