package dev.sluice.gateway.api;

import dev.sluice.chassis.Outage;
import dev.sluice.gateway.store.Event;
import io.vertx.core.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// One reader of the live feed. It keeps a cursor of its own and takes what is behind it: from the log until it has caught up with what the feed holds in
/// memory, from then on from memory. So nothing is queued for it but what its connection has not sent yet.
///
/// Its promises: each event that the filter takes, once, in the order of ids. Who does not read for `stall`, or is left behind by the feed's memory after having
/// caught up, is told its last cursor and let go. Lives on one event loop and never waits.
final class Reader {
  /// The connection behind a reader.
  interface Sink {
    /// @param events not empty, oldest first
    void send(List<Event> events);

    /// Whether more has been sent than the connection takes now; it then tells `drained` once.
    boolean full(Runnable drained);

    /// Says why it ends and where to go on from, and closes.
    ///
    /// @param error `too_slow` or `unavailable`
    void fail(String error, long cursor);
  }

  private static final int PAGE = 500;
  private static final int FRAME_EVENTS = 200;
  /// JSON characters of one frame, unless one event has more: WebSocket clients commonly take 64 KB.
  private static final int FRAME_CHARS = 40_000;
  private final LiveFeed feed;
  private final Event.Filter filter;
  private final Sink sink;
  private final Duration stall;
  private final Context loop;
  private final Runnable wake = this::wake;
  private final AtomicBoolean woken = new AtomicBoolean();
  private long cursor;
  private long told;
  private boolean live;
  private boolean waiting;
  private boolean ended;

  /// @param cursor the last event that the reader has
  Reader(LiveFeed feed, Event.Filter filter, long cursor, Sink sink, Duration stall, Context loop) {
    this.feed = feed;
    this.filter = filter;
    this.cursor = cursor;
    this.told = cursor;
    this.sink = sink;
    this.stall = stall;
    this.loop = loop;
  }

  void start() {
    feed.join(wake);
    pump();
  }

  /// The connection is gone.
  void end() {
    ended = true;
    feed.leave(wake);
  }

  private void wake() {
    if (woken.compareAndSet(false, true)) loop.runOnContext(_ -> {
      woken.set(false);
      pump();
    });
  }

  private void pump() {
    while (!ended && !waiting) {
      if (full()) return;
      long head = feed.head();
      if (cursor >= head) {
        live = true;
        return;
      }
      if (!take(head)) {
        if (live) fail("too_slow");
        else
          catchUp();
      }
    }
  }

  /// Takes one frame from memory.
  ///
  /// @return false where the next event is held no more
  private boolean take(long head) {
    var frame = new ArrayList<Event>();
    int chars = 0;
    while (cursor < head && frame.size() < FRAME_EVENTS && chars < FRAME_CHARS) {
      var event = feed.held(cursor + 1);
      if (event == null) break;
      cursor++;
      if (!filter.takes(event)) continue;
      frame.add(event);
      chars += event.json().length();
    }
    boolean gone = cursor < head && frame.size() < FRAME_EVENTS && chars < FRAME_CHARS;
    send(frame);
    return !gone;
  }

  private void catchUp() {
    waiting = true;
    long head = feed.head();
    feed.read(cursor, filter, PAGE, (events, outage) -> loop.runOnContext(_ -> caughtUp(events, outage, head)));
  }

  private void caughtUp(List<Event> events, Outage outage, long head) {
    waiting = false;
    if (ended) return;
    if (outage != null) {
      fail("unavailable");
      return;
    }
    for (int from = 0; from < events.size();) {
      int to = from;
      for (int chars = 0; to < events.size() && to - from < FRAME_EVENTS && chars < FRAME_CHARS; to++)
        chars += events.get(to).json().length();
      send(events.subList(from, to));
      from = to;
    }
    // a page that is not full shows that there was nothing more up to the head that was known before it was read
    cursor = events.size() == PAGE ? told : Math.max(told, Math.max(cursor, head));
    pump();
  }

  private void send(List<Event> frame) {
    if (frame.isEmpty()) return;
    sink.send(frame);
    told = frame.getLast().id();
  }

  private boolean full() {
    var timer = new long[1];
    boolean full = sink.full(() -> {
      loop.owner().cancelTimer(timer[0]);
      waiting = false;
      pump();
    });
    if (!full) return false;
    waiting = true;
    timer[0] = loop.owner().setTimer(stall.toMillis(), _ -> {
      if (!ended) fail("too_slow");
    });
    return true;
  }

  private void fail(String error) {
    end();
    sink.fail(error, told);
  }
}
