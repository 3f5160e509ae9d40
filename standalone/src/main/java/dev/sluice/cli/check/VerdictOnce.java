package dev.sluice.cli.check;

/// An attempt begins with its instruction, or with the way back, and is judged once; on the way up or back as the rollout goes then.
final class VerdictOnce extends Check {
  VerdictOnce(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_health_check") && !e.is("instance_rolled_back")) return;
    premise();
    require(!course.of(e.instance()).judged, e, e.instance() + " was judged twice in one attempt");
    boolean up = e.is("instance_health_check") && (e.healthy() || !course.back());
    require(up != course.back(), e,
        e.instance() + " was judged on the way " + (up ? "up" : "back") + " while the rollout was " + course.state);
  }
}
