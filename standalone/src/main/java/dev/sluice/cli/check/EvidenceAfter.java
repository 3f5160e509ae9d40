package dev.sluice.cli.check;

/// A verdict follows its instruction in the stream and in time, is of its generation, and its evidence is not older than the hand-out that the member shows.
final class EvidenceAfter extends Check {
  EvidenceAfter(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_health_check") && !e.is("instance_rolled_back")) return;
    premise();
    var told = course.of(e.instance()).told;
    require(told != null, e, e.instance() + " was judged before it was instructed");
    if (told == null) return;
    boolean own = e.is("instance_rolled_back") ? e.generation() > told.generation() : course.back() || e.generation() == told.generation();
    require(own || e.generation() == 0, e,
        e.instance() + " was judged by evidence of generation " + e.generation() + "; it was instructed with " + told.generation());
    require(!e.at().isBefore(told.at()), e, e.instance() + " was judged at " + e.at() + " and instructed at " + told.at());
    require(e.seconds() >= 0, e, e.instance() + " was judged " + -e.seconds() + " s before its instruction");
  }

  @Override
  void end(Course course) {
    for (var m : standing())
      if (m.state().equals("healthy") || m.state().equals("rolled_back"))
        require(m.handedOutAt() == null || m.verdictAt() == null || !m.verdictAt().isBefore(m.handedOutAt()), null,
            m.instance() + " is " + m.state() + " by evidence of " + m.verdictAt() + "; it was handed its instruction at "
                + m.handedOutAt());
  }
}
