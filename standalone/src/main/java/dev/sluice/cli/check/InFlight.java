package dev.sluice.cli.check;

import dev.sluice.cli.check.Course.State;

/// Who is instructed and has no end is in flight: `max_in_flight` of them at most, or the whole batch.
final class InFlight extends Check {
  InFlight(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_started")) return;
    premise();
    int now = course.inFlight + (course.of(e.instance()).state == State.IN_FLIGHT ? 0 : 1);
    int allowed = plan.input("max_in_flight", plan.batch(course.batch).size());
    require(now <= allowed, e, e.instance() + " was instructed as number " + now + " in flight; " + allowed + " are allowed");
  }
}
