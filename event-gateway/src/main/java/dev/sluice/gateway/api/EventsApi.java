package dev.sluice.gateway.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Problem;
import dev.sluice.gateway.store.Event;
import dev.sluice.gateway.store.EventLog;
import io.vertx.core.buffer.Buffer;
import java.util.Map;

/// `GET /v1/events`: oldest first behind a cursor, newest first without one. The answer's cursor is the newest event seen, in either case: whoever goes on
/// from there misses nothing. A cursor that the log does not reach is refused: it is of another log, or of one that a restore has shortened.
public final class EventsApi {
  private final EventLog log;

  public EventsApi(EventLog log) {
    this.log = log;
  }

  public Answer list(Call call) {
    var filter = new Event.Filter(call.query("kind_prefix").orElse(null), call.query("rollout_id").orElse(null));
    var after = call.query("after").map(Long::parseLong);
    if (after.isPresent()) {
      var events = log.after(after.get(), filter, call.limit());
      long last = events.isEmpty() ? log.last() : after.get();
      if (after.get() > last) throw new ProblemException(ahead("after", after.get(), last));
      return answer(Event.page(events, "next_cursor", events.isEmpty() ? after.get() : events.getLast().id()));
    }
    long last = log.last();
    var events = log.newest(filter, call.limit());
    return answer(Event.page(events, "next_cursor", events.isEmpty() ? last : Math.max(last, events.getFirst().id())));
  }

  static Problem ahead(String name, long cursor, long last) {
    return Problem.invalid(name, "must be of this log, whose newest event is " + last + "; begin anew", Long.toString(cursor));
  }

  private static Answer answer(String json) { return new Answer(200, Buffer.buffer(json), Map.of()); }
}
