package dev.sluice.gateway.api;

import dev.sluice.chassis.Http;
import dev.sluice.gateway.store.Event;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.List;

/// Server-sent events (WHATWG HTML, 9.2): one message for each event, with its id, and a comment now and then as a sign of life.
final class SseSink implements Reader.Sink {
  private static final Duration LAST_WORDS = Duration.ofSeconds(10);
  private final HttpConnection connection;
  private final HttpServerResponse response;
  private final Vertx vertx;
  private final long comments;

  SseSink(RoutingContext context, Duration heartbeat) {
    this.connection = context.request().connection();
    this.response = context.response();
    this.vertx = context.vertx();
    this.comments = vertx.setPeriodic(heartbeat.toMillis(), _ -> {
      if (!response.writeQueueFull()) response.write(": alive\n\n");
    });
    response.exceptionHandler(_ -> {});
  }

  /// @param cursor where the stream begins: an id without data, so that the reader comes back there even if nothing happens until then
  void open(long cursor) {
    response.setChunked(true).putHeader("Content-Type", "text/event-stream; charset=utf-8").putHeader("Connection", "close")
        .putHeader("Cache-Control", "no-cache, no-transform")
        .putHeader("Content-Encoding", "identity").putHeader("X-Accel-Buffering", "no").write("retry: 1000\nid: " + cursor + "\n\n");
  }

  void onClose(Runnable then) {
    response.closeHandler(_ -> {
      vertx.cancelTimer(comments);
      then.run();
    });
  }

  @Override
  public void send(List<Event> events) {
    var text = new StringBuilder();
    for (var event : events)
      text.append("id: ").append(event.id()).append("\ndata: ").append(event.json()).append("\n\n");
    response.write(text.toString());
  }

  @Override
  public boolean full(Runnable drained) {
    if (!response.writeQueueFull()) return false;
    response.drainHandler(_ -> {
      response.drainHandler(null);
      drained.run();
    });
    return true;
  }

  @Override
  public void fail(String error, long cursor) {
    vertx.cancelTimer(comments);
    var said = response.end("event: " + error + "\ndata: {\"error\":\"" + error + "\",\"cursor\":\"" + cursor + "\"}\n\n")
        .onSuccess(_ -> connection.close());
    vertx.setTimer(LAST_WORDS.toMillis(), _ -> {
      if (!said.isComplete()) Http.cut(connection);
    });
  }
}
