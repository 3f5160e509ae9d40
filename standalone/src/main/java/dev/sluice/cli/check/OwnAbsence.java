package dev.sluice.cli.check;

import java.util.Set;

/// What is visible of it: no deadline is judged before its whole time, whatever was added to it.
final class OwnAbsence extends Check {
  private static final Set<String> TIMEOUTS = Set.of("never_handed_out", "silent", "health_timeout");
  private static final double MILLISECOND = 1e-3;

  OwnAbsence(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_health_check") || e.healthy() || e.reason() == null || !TIMEOUTS.contains(e.reason())) return;
    premise();
    int whole = plan.input("health_timeout_sec", 0);
    require(e.seconds() + MILLISECOND >= whole, e,
        e.instance() + " failed as " + e.reason() + " after " + e.seconds() + " s; it had " + whole + " s");
  }
}
