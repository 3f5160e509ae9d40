package dev.sluice.cli.check;

import dev.sluice.cli.check.Course.Fate;
import dev.sluice.cli.check.Course.State;
import java.util.Objects;
import java.util.Set;

/// The events, folded, are the view: the state of the rollout and of each member, and what became of the approval.
final class EventChange extends Check {
  EventChange(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (e.instance() == null) return;
    require(plan.batchOf(e.instance()) >= 0 || e.is("instance_started"), e,
        e.kind() + " is told of " + e.instance() + ", which is no member");
    require(!e.is("instance_regressed") || course.of(e.instance()).state == State.HEALTHY, e,
        e.instance() + " is said to have regressed; it was " + word(course.of(e.instance()).state));
  }

  @Override
  void end(Course course) {
    premise();
    require(history.state().equals(course.state), null, "the rollout is " + history.state() + "; its events end with " + course.state);
    int current = history.rollout().path("current_batch_index").asInt(-1);
    require(current == course.batch, null, "the rollout stands in " + batch(current) + "; its events end in " + batch(course.batch));
    boolean asks = history.rollout().hasNonNull("continuation_request_id");
    require(asks == (course.trip != null), null,
        asks ? "the rollout asks and no trip is open" : "a trip is open and the rollout asks nothing");
    standing().forEach(m -> member(m, course));
  }

  private void member(Member m, Course course) {
    premise();
    var fate = course.of(m.instance());
    var allowed = allowed(fate, course);
    require(allowed.contains(m.state()), fate.ended,
        m.instance() + " is " + m.state() + "; its events end with " + String.join(" or ", allowed));
    boolean settled = fate.state == State.FAILED || fate.state == State.SKIPPED;
    require(!settled || !m.state().equals(word(fate.state)) || Objects.equals(m.reason(), fate.reason), fate.ended,
        m.instance() + " is " + m.state() + " by " + m.reason() + "; its events say " + fate.reason);
    require(!m.state().equals("healthy") || m.regressed() == fate.regressed, fate.ended,
        m.instance() + (m.regressed() ? " has regressed and no event says so" : " is said to have regressed and has not"));
  }

  private static Set<String> allowed(Fate fate, Course course) {
    if (fate.state == State.IN_FLIGHT && !course.back()) return Set.of("in_flight", "held");
    if (course.back() && fate.instructed() && !fate.judged)
      return course.paused() ? Set.of(word(fate.state), "rolling_back", "held") : Set.of(word(fate.state), "rolling_back");
    return Set.of(word(fate.state));
  }

  private static String word(State state) { return state.name().toLowerCase(java.util.Locale.ROOT); }
}
