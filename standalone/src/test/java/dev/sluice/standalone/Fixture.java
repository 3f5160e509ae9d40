package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.agent.Link;
import dev.sluice.chassis.Ids;
import dev.sluice.cli.DecisionRecord;
import dev.sluice.cli.check.Finding;
import dev.sluice.cli.check.Judge;
import dev.sluice.cli.check.Reading;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// The tutorial's catalog: nginx 1.24.0, 1.26.0 and a broken 1.26.0, as real archives, a template whose instances run the first, and its real agents.
///
/// An instance can be made [#sick(String)]: there the health command of every version but 1.24.0 fails.
final class Fixture implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(120);
  private final Path folder;
  private RealFleet agents;
  final Api api;
  final String module;
  final String template;
  final Map<String, String> versions = new LinkedHashMap<>();

  private Fixture(Api api, Path folder, String name) {
    this.api = api;
    this.folder = folder;
    this.module = "nginx-" + name;
    this.template = "web-" + name;
  }

  /// Publishes the versions under names of their own, so that tests share one world.
  ///
  /// @param folder for the agents
  static Fixture create(Api api, Path folder, String name) throws IOException {
    var fixture = new Fixture(api, Files.createDirectories(folder.resolve(name)), name);
    Files.createDirectories(fixture.sickness());
    api.post("/v1/modules", Map.of("name", fixture.module)).expect(201);
    for (var version : List.of("1.24.0", "1.26.0", "1.26.0-broken"))
      fixture.publish(version);
    api.post("/v1/templates", Map.of("id", fixture.template, "name", fixture.template, "modules",
        List.of(Map.of("module_id", fixture.module, "version_id", fixture.versions.get("1.24.0"))))).expect(201);
    return fixture;
  }

  /// The same with so many agents, each of which runs 1.24.0 when this returns.
  static Fixture fleet(Api api, Path folder, String name, int instances) throws IOException {
    var fixture = create(api, folder, name);
    fixture.startAgents(instances);
    fixture.awaitFleet(instances);
    return fixture;
  }

  void startAgents(int instances) throws IOException {
    agents = RealFleet.start(api.origin(), "test", agentsFolder(), instances, template, List.of(module), Faults.NONE);
  }

  void stopAgents() { agents.close(); }

  /// The agents' folders, by instance id.
  Path agentsFolder() { return folder.resolve("agents"); }

  /// The connection of an agent, to cut and restore it.
  Link link(String instance) { return agents.link(instance); }

  void sick(String instance) throws IOException { Files.createFile(sickness().resolve(instance)); }

  void healAll() throws IOException {
    try (var all = Files.list(sickness())) {
      for (var one : all.toList())
        Files.delete(one);
    }
  }

  private Path sickness() { return folder.resolve("sick"); }

  @Override
  public void close() {
    if (agents != null) agents.close();
  }

  /// Publishes a version, up to live.
  void publish(String version) {
    var archive = archive(module, version, health(version));
    var digest = "sha256:" + Ids.hex(Ids.sha256().digest(archive));
    var put = HttpRequest.newBuilder(api.origin().resolve("/v1/artifacts/" + digest)).timeout(SOON).header("Authorization", "Bearer test")
        .header("Content-Type", "application/octet-stream").PUT(HttpRequest.BodyPublishers.ofByteArray(archive)).build();
    try (var http = HttpClient.newHttpClient()) {
      var answer = await().atMost(SOON).ignoreExceptionsMatching(IOException.class::isInstance)
          .until(() -> http.send(put, HttpResponse.BodyHandlers.ofString()), one -> one.statusCode() != 503);
      assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
    }
    var id = api.post("/v1/modules/" + module + "/versions",
        Map.of("version", version, "digest", digest, "artifact_url", "/v1/artifacts/" + digest)).expect(201).text("id");
    for (var to : List.of("staging", "blessed", "live"))
      api.post("/v1/module-versions/" + id + "/promote", Map.of("to", to)).expect(200);
    versions.put(version, id);
  }

  private String health(String version) {
    if (version.equals("1.24.0")) return "exit 0";
    if (version.endsWith("broken")) return "echo it is broken; exit 1";
    return "for one in '" + sickness() + "'/*; do case \"$PWD\" in */\"${one##*/}\"/*) echo it is sick; exit 1;; esac; done";
  }

  static byte[] archive(String module, String version, String health) {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      add(tar, "VERSION", 0644, module + " " + version + "\n");
      add(tar, "bin/nginx", 0755, "#!/bin/sh\necho " + module + " " + version + "\n");
      add(tar, "bin/health", 0755, "#!/bin/sh\n" + health + "\n");
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

  /// The same, once the planner has heard that the last rollout freed the pair.
  String startWhenFree(String version, Map<String, Object> inputs) {
    var plan = planWhenFree(version, inputs);
    approve(plan);
    return plan.path("rollout_id").asText();
  }

  /// Plans once the planner has heard that the last rollout freed the pair.
  JsonNode planWhenFree(String version, Map<String, Object> inputs) {
    var plan = plan(version, inputs);
    for (long end = System.nanoTime() + SOON.toNanos(); plan.status() == 409 && System.nanoTime() < end;) {
      LockSupport.parkNanos(100_000_000);
      plan = plan(version, inputs);
    }
    return plan.expect(201).body();
  }

  /// The instances of a batch of a plan, in plan order.
  static List<String> members(JsonNode plan, int batch) {
    return StreamSupport.stream(plan.at("/batches/" + batch + "/instance_ids").spliterator(), false).map(JsonNode::asText).toList();
  }

  /// What the rollout-service shows of each instance, by id.
  Map<String, JsonNode> instances(String rollout) {
    var all = new LinkedHashMap<String, JsonNode>();
    api.get("/v1/rollouts/" + rollout + "/instances?limit=1000").expect(200).at("/instances")
        .forEach(one -> all.put(one.path("instance_id").asText(), one));
    return all;
  }

  /// What `diagnose` says, once the rollout is blocked on this.
  String diagnosis(String rollout, String blockedOn) {
    return api.until("/v1/rollouts/" + rollout + "/diagnosis", SOON, d -> d.path("blocked_on").asText().equals(blockedOn)).path("detail")
        .asText();
  }

  JsonNode drift() { return api.get("/v1/drift-report?limit=1000&template_id=" + template).expect(200).body(); }

  String templateVersion() { return api.get("/v1/templates/" + template).expect(200).at("/modules/0/version_id").asText(); }

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

  /// Whether what must hold of every rollout holds of all that were made of the template, as they stand.
  void breaksNothing() {
    for (var rollout : api.get("/v1/rollouts?limit=1000&template_id=" + template).expect(200).at("/rollouts")) {
      var id = rollout.path("id").asText();
      // one of a slow moment may have expired before it was withdrawn
      boolean withdrawn = List.of("cancelled", "expired").contains(rollout.path("state").asText())
          && api.get("/v1/plans/" + id).status() == 404;
      if (!withdrawn) breaksNothing(id);
    }
  }

  /// The same of one rollout.
  void breaksNothing(String rollout) {
    assertThat(DecisionRecord.check(rollout, path -> api.get(path).expect(200).body(), null)).as(rollout)
        .satisfies(r -> assertThat(r.head().position()).isPositive(), r -> assertThat(r.broken()).isEmpty(),
            r -> assertThat(r.differs()).isEmpty());
    assertThat(findings(rollout)).as("rollout %s", rollout).isNotEmpty()
        .allSatisfy(f -> assertThat(f.breaches()).as(f.invariant().word()).isEmpty());
  }

  /// What the checker finds of a rollout.
  List<Finding> findings(String rollout) {
    return Judge.of(new Reading(path -> api.get(path).expect(200).body(), _ -> {}, SOON).of(rollout));
  }

  /// All events of a rollout, oldest first.
  List<JsonNode> events(String rollout) {
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
