package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/// A caller of the public surface, as a script would be: one address, JSON in and out.
final class Api {
  /// An answer. `body` is missing where there was none.
  record Reply(int status, JsonNode body, HttpResponse<String> raw) {
    Reply expect(int wanted) {
      assertThat(status).as(() -> raw.request().method() + " " + raw.request().uri() + " answered " + raw.body()).isEqualTo(wanted);
      return this;
    }

    JsonNode at(String pointer) { return body.at(pointer); }

    String text(String field) { return body.path(field).asText(); }
  }

  private static final Duration PATIENCE = Duration.ofSeconds(150);
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5))
      .build();
  private final URI origin;
  private final String actor;
  private final boolean patient;

  Api(URI origin, String actor) { this(origin, actor, false); }

  private Api(URI origin, String actor, boolean patient) {
    this.origin = origin;
    this.actor = actor;
    this.patient = patient;
  }

  /// The same caller, who asks again, with the same `Idempotency-Key`, where the answer is 503 or none, as `Retry-After` tells him to.
  Api patient() { return new Api(origin, actor, true); }

  URI origin() { return origin; }

  Reply get(String path) { return send("GET", path, null, Map.of()); }

  Reply post(String path, Object body) {
    return send("POST", path, body, patient ? Map.of("Idempotency-Key", UUID.randomUUID().toString()) : Map.of());
  }

  Reply put(String path, Object body) { return send("PUT", path, body, Map.of()); }

  Reply patch(String path, Object body) { return send("PATCH", path, body, Map.of()); }

  Reply delete(String path) { return send("DELETE", path, null, Map.of()); }

  Reply send(String method, String path, Object body, Map<String, String> headers) {
    long began = System.nanoTime();
    while (patient && System.nanoTime() - began < PATIENCE.toNanos()) {
      try {
        var reply = once(method, path, body, headers);
        if (reply.status() != 503) return reply;
      } catch (java.io.UncheckedIOException e) {
        // it is away: again
      }
      LockSupport.parkNanos(200_000_000);
    }
    return once(method, path, body, headers);
  }

  private Reply once(String method, String path, Object body, Map<String, String> headers) {
    var publisher = body == null
        ? HttpRequest.BodyPublishers.noBody()
        : HttpRequest.BodyPublishers.ofString(body instanceof String s ? s : Json.text(body));
    var request = HttpRequest.newBuilder(origin.resolve(path)).timeout(Duration.ofSeconds(70)).method(method, publisher)
        .header("Authorization", "Bearer test")
        .header("X-Sluice-Actor", actor);
    if (body != null) request.header("Content-Type", "application/json");
    headers.forEach(request::setHeader);
    try {
      var response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      var type = response.headers().firstValue("Content-Type").orElse("");
      return new Reply(response.statusCode(),
          type.contains("json") && !response.body().isEmpty() ? Json.mapper().readTree(response.body()) : MissingNode.getInstance(),
          response);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// Reads until what is read is as wished.
  ///
  /// @throws AssertionError with the last answer after `limit`
  JsonNode until(String path, Duration limit, Predicate<JsonNode> wished) {
    long end = System.nanoTime() + limit.toNanos();
    Reply last;
    do {
      last = get(path);
      if (last.status() == 200 && wished.test(last.body())) return last.body();
      LockSupport.parkNanos(200_000_000);
    } while (System.nanoTime() < end);
    throw new AssertionError("not within " + limit + ": GET " + path + " answers " + last.status() + " " + last.body().toPrettyString());
  }
}
