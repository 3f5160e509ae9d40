package dev.sluice.cli.check;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// From a trip to its answer, and from a pause to its end, nothing is instructed; and nobody was handed an instruction in that time, but for the
/// moment in which the health-service may not have heard of it.
final class Withheld extends Check {
  /// The default of `delivery_lease_sec`: the longest that it hands out without a word of the rollout-service.
  static final Duration LEASE = Duration.ofSeconds(10);

  /// How far the clocks of two services may be apart.
  private static final Duration SKEW = Duration.ofSeconds(1);

  private record Window(Event from, Instant to) {}

  private final List<Window> closed = new ArrayList<>();
  private Event since;

  Withheld(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    boolean withheld = course.trip != null || course.paused();
    switch (e.kind()) {
      case "instance_started", "batch_started" ->
        require(!withheld, e,
            (e.instance() == null ? batch(e.batch()) : e.instance()) + " was told to go while the rollout was " + course.state);
      case "circuit_breaker_tripped", "paused" -> {
        premise();
        if (since == null) since = e;
      }
      case "resumed", "continuation_decided", "rollback_started" -> {
        if (since != null) closed.add(new Window(since, e.at().minus(SKEW)));
        since = null;
      }
      default -> {
        // neither withholds nor lets go
      }
    }
  }

  @Override
  void end(Course course) {
    if (since != null) closed.add(new Window(since, Instant.MAX));
    for (var window : closed)
      for (var m : standing())
        require(
            m.handedOutAt() == null || m.handedOutAt().isBefore(window.from().at().plus(LEASE)) || !m.handedOutAt().isBefore(window.to()),
            window.from(), m.instance() + " was handed its instruction at " + m.handedOutAt() + ", which was withheld since "
                + window.from().at());
  }
}
