package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.Ask;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who has a pair of a template and a module when its rollout has ended.
class ClaimTest {
  private static World world;
  private String rollout;

  @BeforeAll
  static void start() { world = new World(); }

  @AfterAll
  static void stop() throws Exception { world.close(); }

  @BeforeEach
  void plan() {
    world.fifty();
    rollout = world.planned();
  }

  private void tell(RolloutEvent... events) { world.tellRollout(rollout, events); }

  @Test
  void a_rollback_of_an_ended_rollout_takes_the_pair_again() {
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false), new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed");
    var id = new RolloutId(rollout);
    var until = world.ask(new Ask.ClaimForRollback(id)).until();
    assertThat(world.ask(new Ask.ClaimForRollback(id)).until()).isAfterOrEqualTo(until);
    assertThat(world.plan().text("rollout_id")).isEqualTo(rollout);
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()));
    world.awaits(rollout, "state", "rolling_back");
    assertThat(world.plan().status()).isEqualTo(409);
    tell(new RolloutEvent.RolledBack(50, 0), new RolloutEvent.Released());
    world.awaits(rollout, "state", "rolled_back");
    await().atMost(World.LIMIT).until(() -> world.plan().status() == 201);
    assertThatThrownBy(() -> world.ask(new Ask.ClaimForRollback(id))).hasMessageContaining("was made after it");
    assertThatThrownBy(() -> world.ask(new Ask.ClaimForRollback(new RolloutId("nope")))).hasMessageContaining("404");
  }

  @Test
  void a_late_release_does_not_free_a_pair_that_a_rollback_took() {
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false));
    world.awaits(rollout, "state", "completed");
    world.ask(new Ask.ClaimForRollback(new RolloutId(rollout)));
    tell(new RolloutEvent.Released(), new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()));
    world.awaits(rollout, "state", "rolling_back");
    assertThat(world.plan().status()).isEqualTo(409);
  }

  /// Its start is a fact that may be long on its way: this service was down, say.
  @Test
  void a_rollback_that_has_begun_keeps_its_pair_though_its_start_was_not_heard_in_time() {
    lapsed();
    world.rolloutSays = false;
    var unknown = world.plan();
    world.rolloutSays = true;
    assertThat(unknown.status()).as(unknown.text("detail")).isEqualTo(503);
    world.delivered = new Ask.Delivery(new RolloutId(rollout), Purpose.ROLLBACK, 9);
    try {
      assertThat(world.plan().body()).containsEntry("status", 409).containsEntry("rollout_id", rollout);
    } finally {
      world.delivered = null;
    }
    tell(new RolloutEvent.RollbackStarted(null, "bob", null, 4, 50, List.of()), new RolloutEvent.RolledBack(50, 0),
        new RolloutEvent.Released());
    world.awaits(rollout, "state", "rolled_back");
    await().atMost(World.LIMIT).until(() -> world.plan().status() == 201);
  }

  @Test
  void so_it_keeps_the_versions_that_it_goes_back_to() {
    rollout = world.plannedToItsOwn("late", "1.28.0", "f");
    lapsed();
    world.delivered = new Ask.Delivery(new RolloutId(rollout), Purpose.ROLLBACK, 9);
    try {
      assertThat(world.promote("late", "archived").body()).containsEntry("rollout_ids", List.of(rollout));
    } finally {
      world.delivered = null;
    }
    tell(new RolloutEvent.Aborted(null, "operator", "bob", null), new RolloutEvent.Released());
    await().atMost(World.LIMIT).until(() -> world.promote("late", "archived").status() == 200);
  }

  @Test
  void a_rollback_that_was_asked_for_and_never_began_lets_its_pair_fall() {
    lapsed();
    world.planned();
  }

  /// Its plan was not taken in time, and it had begun: what it handed out stands above what the one before would go back to.
  @Test
  void a_later_rollout_whose_plan_was_withdrawn_counts_where_it_had_begun() {
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false), new RolloutEvent.Released());
    world.awaits(rollout, "state", "completed");
    var later = world.planned();
    world.sql("update plan set withdrawn_at = now() where rollout_id = '" + later + "'");
    world.tellRollout(later, new RolloutEvent.Aborted(null, "operator", "bob", null), new RolloutEvent.Released());
    await().atMost(World.LIMIT).until(() -> world.plan("dry_run", true).status() == 200);
    var id = new RolloutId(rollout);
    world.ask(new Ask.ClaimForRollback(id));
    world.sql("update progress set started_at = now() where rollout_id = '" + later + "'");
    assertThatThrownBy(() -> world.ask(new Ask.ClaimForRollback(id))).hasMessageContaining("was made after it");
  }

  /// The rollout has ended, and its pair was taken for a rollback that was not heard to start within the time that it has for it.
  private void lapsed() {
    tell(new RolloutEvent.Completed(50, 0, 0, 9, false), new RolloutEvent.Released());
    await().atMost(World.LIMIT).until(() -> world.plan("dry_run", true).status() == 200);
    world.ask(new Ask.ClaimForRollback(new RolloutId(rollout)));
    world.sql("update claim set reclaimed_until = now() - interval '1 minute' where rollout_id = '" + rollout + "'");
  }
}
