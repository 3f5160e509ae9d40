package dev.sluice.cli.check;

import java.util.List;

/// Places from 1 without a gap and ids that grow, up to where the rollout stands; and what is read again from other cursors is the same.
final class StreamWhole extends Check {
  private long last;
  private long id;

  StreamWhole(History history) { super(history); }

  @Override
  void event(Event e, Course course) {
    premise();
    require(e.seq() == last + 1, e, "place " + e.seq() + " of the stream came behind place " + last);
    require(e.id() > id, e, "event " + e.id() + " came behind event " + id);
    last = e.seq();
    id = e.id();
  }

  @Override
  void end(Course course) {
    require(last == history.asOfSeq(), null,
        "the events end at place " + last + " of the stream; the rollout stands at " + history.asOfSeq());
    var ids = history.events().stream().map(Event::id).toList();
    for (var part : history.again())
      require(part.ids().equals(expected(part, ids)), null,
          part.after() < 0
              ? "the newest events are others than at the end of all"
              : "behind cursor " + part.after() + " other events came than at first");
  }

  private static List<Long> expected(History.Again part, List<Long> ids) {
    int size = part.ids().size();
    if (part.after() < 0) return ids.subList(Math.max(0, ids.size() - size), ids.size()).reversed();
    int from = ids.indexOf(part.after()) + 1;
    int wanted = Math.min(Reading.AGAIN, ids.size() - from);
    return ids.subList(from, from + wanted);
  }
}
