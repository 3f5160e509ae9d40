package dev.sluice.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/// Calls to a gateway over HTTP.
final class Calls {
  static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

  private Calls() {}

  /// A call with a bearer token.
  static HttpRequest.Builder to(int port, String path) { return anonymous(port, path).header("Authorization", "Bearer test"); }

  static HttpRequest.Builder anonymous(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(Duration.ofSeconds(60));
  }

  static HttpResponse<String> send(HttpRequest.Builder call) { return send(call, BodyHandlers.ofString()); }

  static <T> HttpResponse<T> send(HttpRequest.Builder call, HttpResponse.BodyHandler<T> body) {
    try {
      return CLIENT.send(call.build(), body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(HttpResponse<String> answer) {
    try {
      return Json.mapper().readTree(answer.body());
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The body of a call that is answered 200.
  static JsonNode get(int port, String path) {
    var answer = send(to(port, path));
    if (answer.statusCode() != 200) throw new AssertionError(answer.statusCode() + " " + answer.body());
    return json(answer);
  }
}
