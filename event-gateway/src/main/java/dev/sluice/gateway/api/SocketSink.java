package dev.sluice.gateway.api;

import dev.sluice.chassis.Http;
import dev.sluice.gateway.store.Event;
import io.vertx.core.Context;
import io.vertx.core.http.ServerWebSocket;
import java.time.Duration;
import java.util.List;

/// A WebSocket that shows events in text frames `{events: [...], cursor}`.
final class SocketSink implements Reader.Sink {
  private static final short POLICY = 1008;
  private static final short TRY_AGAIN_LATER = 1013;
  private final ServerWebSocket socket;
  private final Context loop;
  private final long pings;

  SocketSink(ServerWebSocket socket, Context loop, Duration heartbeat) {
    this.socket = socket;
    this.loop = loop;
    this.pings = loop.owner().setPeriodic(heartbeat.toMillis(), _ -> Http.ping(socket));
    socket.exceptionHandler(_ -> {});
  }

  void onClose(Runnable then) {
    socket.closeHandler(_ -> {
      loop.owner().cancelTimer(pings);
      then.run();
    });
  }

  void greet(long cursor) { socket.writeTextMessage(Event.page(List.of(), "cursor", cursor)); }

  @Override
  public void send(List<Event> events) { socket.writeTextMessage(Event.page(events, "cursor", events.getLast().id())); }

  @Override
  public boolean full(Runnable drained) {
    if (socket.isClosed()) return true;
    if (!socket.writeQueueFull()) return false;
    socket.drainHandler(_ -> {
      socket.drainHandler(null);
      drained.run();
    });
    return true;
  }

  @Override
  public void fail(String error, long cursor) {
    socket.writeTextMessage("{\"error\":\"" + error + "\",\"cursor\":\"" + cursor + "\"}");
    socket.close(error.equals("too_slow") ? POLICY : TRY_AGAIN_LATER, error);
  }
}
