package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.check.Course.State;
import java.util.Set;

/// In the rollout: a member stands in one batch and has one attempt at a time, each of a higher generation. Beside it: no other rollout of its template and
/// module was open at the same time; an instance has one template.
final class OneClaim extends Check {
  OneClaim(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_started")) return;
    premise();
    var fate = course.of(e.instance());
    require(fate.state != State.IN_FLIGHT, e, e.instance() + " was instructed while its attempt before had no verdict");
    require(!fate.instructed() || e.generation() > fate.told.generation(), e,
        e.instance() + " was instructed with generation " + e.generation() + (fate.instructed() ? " after " + fate.told.generation() : ""));
  }

  @Override
  void end(Course course) {
    require(plan.batchOf().size() == plan.total(), null, "an instance stands twice in the plan");
    var own = history.rollouts().stream().filter(this::own).findFirst().orElse(history.rollout());
    for (var other : history.rollouts())
      require(own(other) || idle(own) || idle(other) || apart(own, other) || apart(other, own), null,
          "rollout " + other.path("id").asText() + " of the same template and module was open at the same time");
  }

  private boolean own(JsonNode rollout) { return rollout.path("id").asText().equals(history.id()); }

  /// Whether it ended before it began, and so had claimed no instance: a plan that is withdrawn leaves its pair at once, and its rollout is closed when that is heard
  /// of.
  private static boolean idle(JsonNode rollout) { return Set.of("cancelled", "expired").contains(rollout.path("state").asText()); }

  /// Whether one had ended when the other was made.
  private static boolean apart(JsonNode one, JsonNode other) {
    var ended = Member.time(one, "ended_at");
    return ended != null && !Member.time(other, "created_at").isBefore(ended);
  }
}
