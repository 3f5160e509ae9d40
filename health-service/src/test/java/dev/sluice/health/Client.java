package dev.sluice.health;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/// A caller over HTTP.
record Client(String base) {
  static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  record Reply(int status, JsonNode body, HttpResponse<String> raw) {}

  Reply get(String path) { return send(request(path, "admin").GET()); }

  Reply get(String path, String token) { return send(request(path, token).GET()); }

  Reply delete(String path) { return send(request(path, "admin").DELETE()); }

  Reply post(String path, String json) { return post(path, json, "admin"); }

  Reply post(String path, String json, String token) {
    return send(request(path, token).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  HttpRequest.Builder request(String path, String token) {
    var request = HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(70));
    return token == null ? request : request.header("Authorization", "Bearer " + token);
  }

  static Reply send(HttpRequest.Builder request) {
    try {
      var response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      var type = response.headers().firstValue("Content-Type").orElse("");
      boolean json = type.startsWith("application/json") || type.startsWith("application/problem+json");
      return new Reply(response.statusCode(), json ? Json.mapper().readTree(response.body()) : MissingNode.getInstance(), response);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// Enrols an instance of the template `web`.
  Agent enrol(String id) { return enrol(id, "web"); }

  Agent enrol(String id, String template) {
    var reply = post("/v1/instances", "{\"id\":\"" + id + "\",\"template_id\":\"" + template + "\",\"labels\":{\"zone\":\"a\"}}");
    if (reply.status() != 201) throw new IllegalStateException(reply.raw().body());
    return new Agent(this, id, reply.body().path("token").asText());
  }

  /// One that reports and knows its first version.
  Agent settled(String id) {
    var agent = enrol(id);
    agent.desired();
    agent.says("healthy", 1).beat();
    return agent;
  }
}
