package dev.sluice.cli.check;

/// Each instruction goes to a member of the plan, in its own batch, which is the newest that was opened.
final class MembersOnly extends Check {
  MembersOnly(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    if (!e.is("instance_started")) return;
    premise();
    int own = plan.batchOf(e.instance());
    require(own >= 0, e, e.instance() + " was instructed and is no member");
    require(own < 0 || own == e.batch(), e, e.instance() + " of " + batch(own) + " was instructed in " + batch(e.batch()));
    require(e.batch() == course.batch, e, e.instance() + " was instructed in " + batch(e.batch()) + ", which was not the open one");
  }
}
