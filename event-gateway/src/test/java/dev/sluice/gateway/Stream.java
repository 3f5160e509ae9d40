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
  final List<JsonNode> frames = new CopyOnWriteArrayList<>();
  final CompletableFuture<Integer> closed = new CompletableFuture<>();
  private final StringBuilder parts = new StringBuilder();
  private WebSocket socket;

  static Stream open(HttpClient client, int port, String query) {
    var stream = new Stream();
    stream.socket = client.newWebSocketBuilder().header("Authorization", "Bearer test")
        .buildAsync(URI.create("ws://127.0.0.1:" + port + "/v1/events/stream" + query), stream).orTimeout(10, TimeUnit.SECONDS).join();
    return stream;
  }

  List<JsonNode> events() { return frames.stream().flatMap(f -> f.path("events").valueStream()).toList(); }

  List<Long> ids() { return events().stream().map(e -> e.path("id").asLong()).toList(); }

  @Override
  public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
    parts.append(data);
    if (last) {
      try {
        frames.add(Json.mapper().readTree(parts.toString()));
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
    closed.complete(status);
    return null;
  }

  @Override
  public void onError(WebSocket webSocket, Throwable error) { closed.completeExceptionally(error); }

  @Override
  public void close() { socket.abort(); }
}
