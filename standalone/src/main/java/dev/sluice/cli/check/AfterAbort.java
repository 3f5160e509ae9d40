package dev.sluice.cli.check;

/// Behind an end, and on the way back, nobody is told to go up.
final class AfterAbort extends Check {
  AfterAbort(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    switch (e.kind()) {
      case "instance_started", "batch_started" -> {
        var who = e.instance() == null ? batch(e.batch()) : e.instance();
        require(!course.ended(), e, who + " was told to go when the rollout was " + course.state);
        require(course.ways == 0, e, who + " was told to go up when the rollout went back");
      }
      case "aborted", "completed", "rolled_back" -> premise();
      default -> {
        // neither ends nor instructs
      }
    }
  }
}
