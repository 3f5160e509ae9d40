package dev.sluice.cli.check;

import dev.sluice.cli.check.Course.Fate;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Newest batch first, each to the version that it had; at the end of the way back nobody who was instructed is left, but for who is gone.
final class RollbackOwn extends Check {
  private final Map<String, Member> members;
  private int batch = Integer.MAX_VALUE;

  RollbackOwn(History history) {
    super(history);
    members = history.members().stream().collect(Collectors.toMap(Member::instance, Function.identity(), (one, _) -> one));
  }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "rollback_started" -> batch = Integer.MAX_VALUE;
      case "instance_rolled_back" -> {
        premise();
        var own = members.containsKey(e.instance()) ? members.get(e.instance()).from() : null;
        require(Objects.equals(e.version(), own), e, e.instance() + " went back to " + e.version() + "; its own version before is " + own);
        require(course.of(e.instance()).instructed(), e, e.instance() + " went back and was never instructed");
        require(e.batch() <= batch, e, batch(e.batch()) + " went back after " + batch(batch) + "; the newest goes first");
        batch = e.batch();
      }
      case "rolled_back" -> {
        for (var one : plan.batchOf().keySet())
          require(!course.of(one).instructed() || returned(course.of(one), course), e,
              one + " was instructed and was left as it was when the rollout had gone back");
      }
      default -> {
        // goes nowhere
      }
    }
  }

  /// Gone ones are skipped; who was skipped by an abort and is there goes back too.
  private static boolean returned(Fate fate, Course course) {
    return switch (fate.state) {
      case ROLLED_BACK, ROLLBACK_FAILED -> true;
      case SKIPPED -> "decommissioned".equals(fate.reason) || fate.way == course.ways;
      case PENDING, IN_FLIGHT, HEALTHY, FAILED -> false;
    };
  }
}
