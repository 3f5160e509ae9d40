package dev.sluice.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What a benchmark asks of a running world over its REST.
final class Client {
  private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI origin;
  private final String token;

  Client(URI origin, String token) {
    this.origin = origin;
    this.token = token;
  }

  JsonNode get(String path) { return send("GET", path, null, "application/json"); }

  JsonNode post(String path, Object body) { return send("POST", path, Json.text(body), "application/json"); }

  private JsonNode send(String method, String path, String body, String type) {
    try {
      return Json.mapper().readTree(text(method, path, body, type));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException(method + " " + path + " did not answer JSON", e);
    }
  }

  private String text(String method, String path, String body, String type) {
    var request = HttpRequest.newBuilder(origin.resolve(path)).timeout(Duration.ofSeconds(120)).header("Authorization", "Bearer " + token)
        .header("Content-Type", type)
        .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).build();
    try {
      var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() >= 300)
        throw new IllegalStateException(method + " " + path + " answered " + answer.statusCode() + " " + answer.body());
      return answer.body();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// A module `nginx` with two live versions, and a template `web` on the first.
  ///
  /// @return the version ids by version
  Map<String, String> catalog() {
    var ids = new LinkedHashMap<String, String>();
    post("/v1/modules", Map.of("id", "nginx", "name", "nginx"));
    for (var version : List.of("1.24.0", "1.26.0")) {
      var id = post("/v1/modules/nginx/versions", Map.of("version", version, "digest", digest(version))).path("id").asText();
      for (var to : List.of("staging", "blessed", "live"))
        post("/v1/module-versions/" + id + "/promote", Map.of("to", to));
      ids.put(version, id);
    }
    post("/v1/templates",
        Map.of("id", "web", "name", "web", "modules", List.of(Map.of("module_id", "nginx", "version_id", ids.get("1.24.0")))));
    return ids;
  }

  static String digest(String version) {
    return "sha256:"
        + dev.sluice.chassis.Ids.hex(dev.sluice.chassis.Ids.sha256().digest(version.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  /// Enrols `i0`, `i1`, ... under `web`.
  ///
  /// @return the tokens in order
  String[] enrol(int instances) {
    var tokens = new String[instances];
    for (int from = 0; from < instances; from += 5_000) {
      var lines = IntStream.range(from, Math.min(instances, from + 5_000))
          .mapToObj(i -> "{\"id\":\"i" + i + "\",\"template_id\":\"web\",\"labels\":{\"zone\":\"z" + i % 3 + "\"}}")
          .collect(Collectors.joining("\n", "", "\n"));
      for (var line : text("POST", "/v1/instances/bulk", lines, "application/x-ndjson").split("\n")) {
        var enrolled = Json.map(line);
        tokens[Integer.parseInt(enrolled.get("id").toString().substring(1))] = enrolled.get("token").toString();
      }
    }
    return tokens;
  }
}
