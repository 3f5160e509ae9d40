package dev.sluice.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Ids;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// The tutorial's catalog: nginx 1.24.0, 1.26.0 and a broken 1.26.0, as real archives, and a template whose instances run the first.
final class Fixture {
  static final Duration SOON = Duration.ofSeconds(60);
  final Api api;
  final String module;
  final String template;
  final Map<String, String> versions = new LinkedHashMap<>();

  private Fixture(Api api, String name) {
    this.api = api;
    this.module = "nginx-" + name;
    this.template = "web-" + name;
  }

  /// Publishes the versions under names of their own, so that tests share one world.
  static Fixture create(Api api, URI origin, String name) {
    var fixture = new Fixture(api, name);
    api.post("/v1/modules", Map.of("name", fixture.module)).expect(201);
    for (var version : List.of("1.24.0", "1.26.0", "1.26.0-broken"))
      fixture.publish(origin, version, version.endsWith("broken") ? 1 : 0);
    api.post("/v1/templates", Map.of("id", fixture.template, "name", fixture.template, "modules",
        List.of(Map.of("module_id", fixture.module, "version_id", fixture.versions.get("1.24.0"))))).expect(201);
    return fixture;
  }

  private void publish(URI origin, String version, int health) {
    var archive = archive(module, version, health);
    var digest = "sha256:" + Ids.hex(Ids.sha256().digest(archive));
    try {
      var put = HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(origin.resolve("/v1/artifacts/" + digest)).timeout(SOON).header("Authorization", "Bearer test")
              .header("Content-Type", "application/octet-stream").PUT(HttpRequest.BodyPublishers.ofByteArray(archive)).build(),
              HttpResponse.BodyHandlers.ofString());
      if (put.statusCode() / 100 != 2) throw new AssertionError("PUT artifact: " + put.statusCode() + " " + put.body());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
    var id = api.post("/v1/modules/" + module + "/versions",
        Map.of("version", version, "digest", digest, "artifact_url", "/v1/artifacts/" + digest)).expect(201).text("id");
    for (var to : List.of("staging", "blessed", "live"))
      api.post("/v1/module-versions/" + id + "/promote", Map.of("to", to)).expect(200);
    versions.put(version, id);
  }

  static byte[] archive(String module, String version, int health) {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      add(tar, "VERSION", 0644, module + " " + version + "\n");
      add(tar, "bin/nginx", 0755, "#!/bin/sh\necho " + module + " " + version + "\n");
      add(tar, "bin/health", 0755, "#!/bin/sh\necho health of " + version + " is " + health + "\nexit " + health + "\n");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void add(TarArchiveOutputStream tar, String name, int mode, String text) throws IOException {
    var content = text.getBytes(StandardCharsets.UTF_8);
    var entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    entry.setMode(mode);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  /// Waits until so many instances are heard and run the template's versions.
  void awaitFleet(int instances) {
    api.until("/v1/drift-report?template_id=" + template, SOON,
        r -> !r.path("drift").asBoolean() && r.path("counts").path("converged").asInt() == instances);
  }

  /// Plans; the inputs are added to template, module and target.
  Api.Reply plan(String version, Map<String, Object> inputs) {
    var body = new LinkedHashMap<String, Object>(
        Map.of("template_id", template, "module_id", module, "target_version_id", versions.get(version)));
    body.putAll(inputs);
    return api.post("/v1/plans", body);
  }

  /// Plans and approves.
  ///
  /// @return the rollout's id
  String start(String version, Map<String, Object> inputs) {
    var plan = plan(version, inputs).expect(201);
    approve(plan.body());
    return plan.text("rollout_id");
  }

  void approve(JsonNode plan) {
    api.post("/v1/approval-requests/" + plan.path("approval_request_id").asText() + "/decision",
        Map.of("decision", "approve", "revision", plan.path("revision").asInt())).expect(200);
  }

  JsonNode untilState(String rollout, String... states) {
    return api.until("/v1/rollouts/" + rollout, SOON, r -> List.of(states).contains(r.path("state").asText()));
  }

  /// Answers the open question of a tripped rollout.
  void decide(String rollout, String decision) {
    var pending = "/v1/approval-requests?status=pending&rollout_id=" + rollout;
    var request = api.until(pending, SOON, r -> r.path("approval_requests").size() == 1).at("/approval_requests/0");
    api.post("/v1/approval-requests/" + request.path("id").asText() + "/decision",
        Map.of("decision", decision, "revision", request.path("revision").asInt())).expect(200);
  }

  /// All events of a rollout once the last one is of this kind, oldest first.
  List<JsonNode> eventsUntil(String rollout, String kind) {
    api.until("/v1/events?limit=1&rollout_id=" + rollout, SOON, r -> r.at("/events/0/kind").asText().equals(kind));
    return events(rollout);
  }

  /// All events of a rollout, oldest first.
  private List<JsonNode> events(String rollout) {
    var all = new java.util.ArrayList<JsonNode>();
    var cursor = "0";
    while (true) {
      var page = api.get("/v1/events?limit=1000&rollout_id=" + rollout + "&after=" + cursor).expect(200);
      page.at("/events").forEach(all::add);
      if (page.at("/events").size() < 1000) return all;
      cursor = page.text("next_cursor");
    }
  }
}
