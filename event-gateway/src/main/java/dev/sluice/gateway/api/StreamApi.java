package dev.sluice.gateway.api;

import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.contract.Problem;
import dev.sluice.gateway.store.Event;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.regex.Pattern;

/// `/v1/events/stream`: the live feed as a WebSocket or as server-sent events.
public final class StreamApi {
  private static final Pattern CURSOR = Pattern.compile("\\d{1,18}");
  /// The offered subprotocol that carries the credentials; `sluice.v1` is offered beside it and agreed on.
  private static final String BEARER_PROTOCOL = "bearer.";
  /// What a token is made of; anything else is none, nor can it be a header.
  private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");
  private final LiveFeed feed;
  private final Duration stall;
  private final Duration heartbeat;

  /// @param stall     how long a connection may take nothing
  /// @param heartbeat between signs of life
  public StreamApi(LiveFeed feed, Duration stall, Duration heartbeat) {
    this.feed = feed;
    this.stall = stall;
    this.heartbeat = heartbeat;
  }

  /// Lets a browser in, which can set no header on a socket: takes the bearer token from an offered subprotocol `bearer.<token>` or from the parameter
  /// `access_token`, where there is no `Authorization`. Goes before the checks.
  public static void admit(RoutingContext context) {
    if (Call.bearer(context).isEmpty()) {
      var token = context.queryParams().get("access_token");
      for (var offered : context.request().headers().getAll("Sec-WebSocket-Protocol"))
        for (var protocol : offered.split(","))
          if (protocol.strip().startsWith(BEARER_PROTOCOL)) token = protocol.strip().substring(BEARER_PROTOCOL.length());
      var given = token == null ? "" : token.strip();
      if (TOKEN.matcher(given).matches()) context.request().headers().set(HttpHeaders.AUTHORIZATION, "Bearer " + given);
    }
    context.next();
  }

  /// Opens a stream; on the event loop.
  public void open(RoutingContext context) {
    var request = context.request();
    boolean socket = request.canUpgradeToWebSocket();
    var accept = request.getHeader(HttpHeaders.ACCEPT);
    if (!socket && accept != null && !accept.contains("text/event-stream") && !accept.contains("*/*")) {
      Http.problem(context, Problem.invalid("Accept", "must be text/event-stream, where the call is no WebSocket", accept));
      return;
    }
    if (socket && !Http.handshake(context)) return;
    if (feed.full()) {
      Http.problem(context, Problem.unavailable("too many follow the events here; try again"));
      return;
    }
    var last = request.getHeader("Last-Event-ID");
    boolean resumes = !socket && last != null && !last.isEmpty();
    if (resumes && !CURSOR.matcher(last).matches()) {
      Http.problem(context, Problem.invalid("Last-Event-ID", "must be the id of an event", last));
      return;
    }
    var given = resumes ? last : text(context, "after");
    var filter = new Event.Filter(text(context, "kind_prefix"), text(context, "rollout_id"));
    reached(context, resumes ? "Last-Event-ID" : "after", cursor(given), () -> {
      if (socket) openSocket(context, filter, given);
      else
        openEvents(context, filter, given);
    });
  }

  /// Goes on where the log goes as far as the cursor. This replica may not have read the log so far yet: then the log itself is asked.
  private void reached(RoutingContext context, String name, long cursor, Runnable then) {
    if (cursor <= feed.head()) {
      then.run();
      return;
    }
    var loop = Vertx.currentContext();
    context.request().pause();
    feed.last((last, outage) -> loop.runOnContext(_ -> {
      if (context.response().closed()) return; // nobody would tell a reader that he has gone
      if (outage != null) Http.problem(context, Problem.unavailable(String.valueOf(outage.getMessage())));
      else if (cursor > last) Http.problem(context, EventsApi.ahead(name, cursor, last));
      else
        then.run();
    }));
  }

  private void openEvents(RoutingContext context, Event.Filter filter, String after) {
    var sse = new SseSink(context, heartbeat);
    long cursor = cursor(after);
    sse.open(cursor);
    start(filter, cursor, sse, sse::onClose, Vertx.currentContext());
  }

  private void openSocket(RoutingContext context, Event.Filter filter, String after) {
    var loop = Vertx.currentContext();
    var _ = Http.socket(context.request()).onSuccess(socket -> {
      var sink = new SocketSink(socket, loop, heartbeat);
      long cursor = cursor(after);
      if (after == null) sink.greet(cursor);
      start(filter, cursor, sink, sink::onClose, loop);
    });
  }

  /// Without a cursor a reader begins at the newest event; it is told which, so that it can come back there.
  private long cursor(String given) { return given == null ? feed.head() : Long.parseLong(given); }

  private interface Closing {
    void onClose(Runnable then);
  }

  private void start(Event.Filter filter, long cursor, Reader.Sink sink, Closing closing, Context loop) {
    var reader = new Reader(feed, filter, cursor, sink, stall, loop);
    closing.onClose(reader::end);
    reader.start();
  }

  private static String text(RoutingContext context, String name) { return Http.query(context, name).map(Object::toString).orElse(null); }
}
