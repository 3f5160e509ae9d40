package dev.sluice.cli.check;

import dev.sluice.cli.check.Course.State;

/// Batches open in order, each when the one before has ended and the rollout runs; one ends when each of its members has its verdict or was skipped.
final class BatchGate extends Check {
  BatchGate(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "batch_started" -> {
        premise();
        require(e.batch() == course.batch + 1, e, batch(e.batch()) + " opened behind " + batch(course.batch));
        require(!course.open, e, batch(e.batch()) + " opened before " + batch(course.batch) + " had ended");
        require(course.state.equals("running"), e, batch(e.batch()) + " opened while the rollout was " + course.state);
      }
      case "batch_completed" -> {
        var waiting = plan.batch(e.batch()).stream().filter(m -> waits(course.of(m).state)).toList();
        require(waiting.isEmpty(), e, batch(e.batch()) + " ended though " + String.join(", ", waiting) + " had no verdict");
        require(e.batch() == course.batch && course.open, e, batch(e.batch()) + " ended though it was not open");
      }
      default -> {
        // opens and ends nothing
      }
    }
  }

  private static boolean waits(State state) { return state == State.PENDING || state == State.IN_FLIGHT; }
}
