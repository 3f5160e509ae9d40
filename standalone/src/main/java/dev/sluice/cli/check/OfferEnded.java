package dev.sluice.cli.check;

/// An instruction that was not handed out is taken back when its instance is failed or skipped, or the rollout ends: it is handed out no more.
final class OfferEnded extends Check {
  OfferEnded(History history) { super(history); }

  @Override
  void end(Course course) {
    var over = Member.time(history.rollout(), "ended_at");
    for (var m : standing()) {
      var fate = course.of(m.instance());
      var ended = fate.ended != null && fate.judged ? fate.ended.at() : over;
      if (!m.goesUp() || ended == null || fate.state == Course.State.HEALTHY) continue;
      if (fate.instructed() && (m.handedOutAt() == null || m.handedOutAt().isAfter(ended))) premise();
      require(m.handedOutAt() == null || !m.handedOutAt().isAfter(ended.plus(Withheld.LEASE)), fate.ended,
          m.instance() + " was handed " + m.to() + " at " + m.handedOutAt() + "; it was offered until " + ended);
    }
  }
}
