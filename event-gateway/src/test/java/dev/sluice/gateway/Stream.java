package dev.sluice.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/// A live reader: what it saw, frame by frame, and how it ended.
final class Stream implements WebSocket.Listener, AutoCloseable {
  private static final int TOO_SLOW = 1008;
  final List<JsonNode> frames = new CopyOnWriteArrayList<>();
  final CompletableFuture<Integer> closed = new CompletableFuture<>();
  private final StringBuilder parts = new StringBuilder();
  private final HttpClient client;
  private final String address;
  private final boolean comesBack;
  private volatile String cursor;
  private volatile WebSocket socket;
  private volatile boolean left;

  private Stream(HttpClient client, String address, String cursor, boolean comesBack) {
    this.client = client;
    this.address = address;
    this.cursor = cursor;
    this.comesBack = comesBack;
    connect().orTimeout(60, TimeUnit.SECONDS).join();
  }

  static Stream open(HttpClient client, int port, String query) { return new Stream(client, address(port) + query, "", false); }

  /// A reader that comes back at its cursor where it was too slow, as any may be on a machine that stands still.
  ///
  /// @param query ends with `after=`
  static Stream following(HttpClient client, int port, String query, String cursor) {
    return new Stream(client, address(port) + query, cursor, true);
  }

  private static String address(int port) { return "ws://127.0.0.1:" + port + "/v1/events/stream"; }

  private CompletableFuture<Void> connect() {
    var uri = URI.create(comesBack ? address + cursor : address);
    return client.newWebSocketBuilder().header("Authorization", "Bearer test").buildAsync(uri, this).thenAccept(opened -> {
      socket = opened;
      if (left) opened.abort();
    });
  }

  List<JsonNode> events() { return frames.stream().flatMap(f -> f.path("events").valueStream()).toList(); }

  List<Long> ids() { return events().stream().map(e -> e.path("id").asLong()).toList(); }

  @Override
  public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
    parts.append(data);
    if (last) {
      try {
        var frame = Json.mapper().readTree(parts.toString());
        cursor = frame.path("cursor").asText();
        if (!comesBack || !frame.has("error")) frames.add(frame);
      } catch (JsonProcessingException e) {
        closed.completeExceptionally(e);
      }
      parts.setLength(0);
    }
    webSocket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket webSocket, int status, String reason) {
    if (comesBack && status == TOO_SLOW) {
      var _ = connect().whenComplete((_, failure) -> {
        if (failure != null) closed.completeExceptionally(failure);
      });
    } else
      closed.complete(status);
    return null;
  }

  @Override
  public void onError(WebSocket webSocket, Throwable error) { closed.completeExceptionally(error); }

  @Override
  public void close() {
    left = true;
    socket.abort();
  }
}
