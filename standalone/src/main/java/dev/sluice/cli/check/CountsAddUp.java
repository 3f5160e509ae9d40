package dev.sluice.cli.check;

import dev.sluice.cli.check.Course.State;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/// The counts of the view are those of its members and add up to the plan's; those of each end are what the events before it tell of.
final class CountsAddUp extends Check {
  CountsAddUp(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "batch_completed" -> up(e, course, plan.batch(e.batch()), batch(e.batch()));
      case "completed" -> up(e, course, List.copyOf(plan.batchOf().keySet()), "the rollout");
      case "rolled_back" -> {
        premise();
        var all = List.copyOf(plan.batchOf().keySet());
        same(e, "healthy_count", course.count(all, State.ROLLED_BACK), "the way back");
        same(e, "failed_count", course.count(all, State.ROLLBACK_FAILED), "the way back");
      }
      default -> {
        // counts nothing
      }
    }
  }

  private void up(Event e, Course course, List<String> members, String what) {
    premise();
    same(e, "healthy_count", course.count(members, State.HEALTHY), what);
    same(e, "failed_count", course.count(members, State.FAILED), what);
    same(e, "skipped_count", course.count(members, State.SKIPPED), what);
    int sum = e.number("healthy_count") + e.number("failed_count") + e.number("skipped_count");
    require(sum == members.size(), e, "the counts of " + what + " add up to " + sum + " of " + members.size());
  }

  private void same(Event e, String field, int wanted, String what) {
    require(e.number(field) == wanted, e, what + " ended with " + field + " " + e.number(field) + "; the events before tell of " + wanted);
  }

  @Override
  void end(Course course) {
    var counts = history.rollout().path("counts");
    int total = counts.path("total").asInt();
    int sum = counts.properties().stream().filter(c -> !c.getKey().equals("total")).mapToInt(c -> c.getValue().asInt()).sum();
    premise();
    require(sum == total, null, "the counts of the rollout add up to " + sum + "; its total is " + total);
    require(total == plan.total(), null, "the rollout counts " + total + " members; the plan has " + plan.total());
    var batches = history.rollout().path("batches");
    int inBatches = StreamSupport.stream(batches.spliterator(), false).mapToInt(b -> b.path("instance_count").asInt()).sum();
    require(inBatches == total, null, "the batches count " + inBatches + " members; the rollout counts " + total);
    if (!history.settled()) return;
    var byState = history.members().stream().collect(Collectors.groupingBy(Member::state, Collectors.counting()));
    counts.properties().stream().filter(c -> !c.getKey().equals("total")).forEach(c -> require(
        byState.getOrDefault(c.getKey(), 0L) == c.getValue().asLong(), null,
        "the rollout counts " + c.getValue() + " " + c.getKey() + "; " + byState.getOrDefault(c.getKey(), 0L) + " members are"));
  }
}
