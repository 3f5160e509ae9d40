package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The live feed. What was seen last is remembered, so that a connection that is cut off, or told that it is too slow, goes on with no gap and no repeat.
final class EventStream {
  private static final int RETRIES = 60;
  private static final int QUEUE = 256;
  private static final int LOOK_SEC = 5;
  /// The server pings three times in it.
  private static final Duration DEAD = Duration.ofMinutes(1);
  private static final String PATH = "/v1/events/stream";
  private final Api api;
  private final Map<String, Object> query;
  private final Consumer<JsonNode> show;
  private final Consumer<String> note;
  /// Behind what was shown last, however the connection ended that brought it.
  private String cursor;

  EventStream(Api api, Map<String, Object> query, Consumer<JsonNode> show, Consumer<String> note) {
    this.api = api;
    this.query = query;
    this.show = show;
    this.note = note;
  }

  /// Shows all that comes after a cursor; ends only by a failure or an interrupt.
  ///
  /// @throws Failure.Unreachable where the server stays away for a minute
  void follow(String after) throws InterruptedException {
    cursor = after;
    int failures = 0;
    while (true) {
      try {
        connection();
        failures = 0;
      } catch (Failure.Unreachable away) {
        if (++failures > RETRIES) throw away;
        if (failures == 1) note.accept("The connection is lost; trying again for a minute.");
      }
      TimeUnit.SECONDS.sleep(1);
    }
  }

  /// One connection until it ends.
  private void connection() throws InterruptedException {
    var from = new LinkedHashMap<>(query);
    from.put("after", cursor);
    var frames = new Frames();
    var socket = opened(from, frames);
    try {
      for (var text = frames.next(); !text.isEmpty(); text = frames.next()) {
        var frame = Json.mapper().readTree(text);
        frame.path("events").forEach(show);
        if (frame.hasNonNull("cursor")) cursor = Text.of(frame, "cursor");
      }
    } catch (JsonProcessingException e) {
      throw new Failure.Unreachable("the event stream sends what is no JSON: " + e.getOriginalMessage());
    } finally {
      socket.abort();
    }
  }

  /// A handshake that is refused does not say why; the same question in another form does.
  private WebSocket opened(Map<String, Object> from, Frames frames) {
    try {
      return api.socket(PATH, from, frames);
    } catch (Failure.Refused refused) {
      api.get("/v1/events", from);
      throw refused;
    }
  }

  /// Whole frames, one after the other; an empty one is the end. Asks for more only where there is room.
  private static final class Frames implements WebSocket.Listener {
    private final LinkedBlockingQueue<String> whole = new LinkedBlockingQueue<>(QUEUE);
    private final StringBuilder parts = new StringBuilder();
    private volatile long heardNanos = System.nanoTime();

    /// Empty too where nothing came for so long, not even a ping, that the way must be dead.
    String next() throws InterruptedException {
      while (true) {
        var next = whole.poll(LOOK_SEC, TimeUnit.SECONDS);
        if (next != null) return next;
        if (System.nanoTime() - heardNanos > DEAD.toNanos()) return "";
      }
    }

    @Override
    public CompletionStage<?> onPing(WebSocket socket, ByteBuffer message) {
      heardNanos = System.nanoTime();
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      heardNanos = System.nanoTime();
      parts.append(data);
      if (last) {
        put(parts.toString());
        parts.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      put("");
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) { put(""); }

    private void put(String text) {
      try {
        whole.put(text);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
