package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import org.junit.jupiter.api.Test;

/// What the planner does when it comes back.
class PlannerRestartTest {
  @Test
  void a_plan_of_which_it_has_not_heard_while_it_was_down_is_not_withdrawn() throws Exception {
    try (var world = new World()) {
      world.fleet.running(50);
      var rollout = world.planned();
      var plan = world.header(rollout);
      world.down(() -> {
        world.sql("update plan set requested = false, opened = false where rollout_id = '" + rollout + "'");
        world.madeLongAgo(rollout);
        world.tellRollout(rollout, new RolloutEvent.Planned(plan));
        world.tellRollout(rollout, new RolloutEvent.Approved(new RequestId(rollout + "-plan"), 1, "bob", null));
      });
      world.awaits(rollout, "state", "approved");
      assertThat(world.told(PlanEvent.PlanWithdrawn.class, rollout)).isEmpty();
    }
  }
}
