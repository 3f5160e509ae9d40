package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.sluice.chassis.Json;
import dev.sluice.cli.Spaced;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/// Goes through every operation of every service's OpenAPI document with made-up input: wrong types, nulls, unknown fields, huge values, wrong media types, broken
/// JSON, wrong ids. While everything is up, each answer is a plain one or a refusal that says what does not fit: never 5xx.
@Order(1)
class EveryOperationTest {
  private static final Set<String> PERMISSIONS = Set.of("fleet.read", "fleet.enroll", "catalog.write", "catalog.promote", "rollout.plan",
      "approval.decide", "rollout.operate", "policy.write", "event.read", "admin");
  /// What an instance's own token serves; `api.md`, Permissions.
  private static final Set<String> OF_INSTANCES = Set.of("heartbeat", "desired", "agentSocket", "getArtifact", "headArtifact");
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head");
  /// Values that are wrong somewhere, as JSON.
  private static final List<String> ODD = List.of("null", "true", "\"\"", "\"20\"", "\"abc\"", "20.5", "-1", "0", "2147483648",
      "9223372036854775808", "1e400", "[]", "{}", "[null]", "[[]]", "{\"a\":{\"b\":[1]}}", "\"\\u0000\"", "\"\\ud800\"", "\"a/b c\"",
      "\"" + "x".repeat(20_000) + "\"");
  private static final List<String> ODD_TEXTS = List.of("", "abc", "-1", "20.5", "99999999999999999999", "null", "%00", "%20", "a%2Fb",
      "'%3B--", "%F0%9F%98%80", "%FF", "x".repeat(300));
  private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final long SEED = System.nanoTime();
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static World world;
  private static Api api;
  private static String instance;
  private static String token;
  private static final List<Operation> OPERATIONS = new ArrayList<>();
  private static final Map<String, String> REAL = new LinkedHashMap<>();

  /// @param base where its service listens itself
  /// @param path in the notation of the document, `/v1/rollouts/{id}`
  /// @param body the schema of a JSON body; missing where there is none
  /// @param type the media type of the body; empty where there is none
  record Operation(URI base, String id, String method, String path, String permission, List<JsonNode> parameters, JsonNode body,
      String type) {
    boolean stream() { return id.equals("streamEvents") || id.equals("agentSocket"); }

    List<String> query() {
      return parameters.stream().filter(p -> p.path("in").asText().equals("query")).map(p -> p.path("name").asText()).toList();
    }

    @Override
    public String toString() { return method + " " + path; }
  }

  /// An answer. `body` is missing where there is none, or none that is JSON.
  record Reply(int status, JsonNode body, HttpResponse<?> raw) {}

  @BeforeAll
  static void up() throws Exception {
    int port = Ports.block(10);
    world = World.start(folder.resolve("data"), port, Map.of(), _ -> {});
    api = new Api(world.gateway(), "anna").patient();
    for (int offset = 0; offset < 5; offset++)
      operations(URI.create("http://127.0.0.1:" + (port + offset)));
    real();
  }

  @AfterAll
  static void down() {
    if (world != null) world.close();
  }

  private static void operations(URI base) throws Exception {
    var answer = CLIENT.send(HttpRequest.newBuilder(base.resolve("/openapi.yaml")).build(), HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).as("%s/openapi.yaml", base).isEqualTo(200);
    var root = Json.mapper().valueToTree(new YAMLMapper().readValue(answer.body(), new TypeReference<Map<String, Object>>() {
    }));
    JsonNode document = (JsonNode) root;
    assertThat(document.path("openapi").asText()).isEqualTo("3.1.0");
    document.path("paths").properties().forEach(path -> path.getValue().properties().stream().filter(m -> METHODS.contains(m.getKey()))
        .forEach(method -> OPERATIONS.add(operation(base, document, path.getKey(), path.getValue(), method.getKey(), method.getValue()))));
  }

  private static Operation operation(URI base, JsonNode document, String path, JsonNode item, String method, JsonNode operation) {
    var parameters = new ArrayList<JsonNode>();
    for (var list : List.of(item.path("parameters"), operation.path("parameters")))
      list.forEach(p -> parameters.add(resolved(document, p)));
    var content = resolved(document, operation.path("requestBody")).path("content");
    var type = content.isEmpty() ? "" : content.fieldNames().next();
    var schema = type.equals("application/json") ? resolved(document, content.path(type).path("schema")) : MissingNode.getInstance();
    return new Operation(base, operation.path("operationId").asText(), method.toUpperCase(java.util.Locale.ROOT), path,
        operation.path("x-permission").asText(), parameters, schema, type);
  }

  private static JsonNode resolved(JsonNode document, JsonNode node) {
    return node.has("$ref") ? resolved(document, document.at(node.path("$ref").asText().substring(1))) : node;
  }

  /// A module, a template, an instance that reports, a rollout that waits for approval: so that made-up input also meets what is there.
  private static void real() {
    var digest = "sha256:" + "ab".repeat(32);
    api.post("/v1/modules", Map.of("id", "m", "name", "m")).expect(201);
    for (var version : List.of("1", "2")) {
      api.post("/v1/modules/m/versions", Map.of("id", "v" + version, "version", version, "digest", digest.replace("ab", "a" + version)))
          .expect(201);
      for (var to : List.of("staging", "blessed"))
        api.post("/v1/module-versions/v" + version + "/promote", Map.of("to", to)).expect(200);
    }
    api.post("/v1/templates", Map.of("id", "t", "name", "t", "modules", List.of(Map.of("module_id", "m", "version_id", "v1")))).expect(201);
    var enrolled = api.post("/v1/instances", Map.of("id", "i", "template_id", "t")).expect(201);
    instance = enrolled.text("id");
    token = enrolled.text("token");
    api.send("POST", "/v1/instances/i/heartbeats", Map.of("boot_id", "b", "sequence", 1, "running_module_digests", Map.of("m", digest)),
        Map.of("Authorization", "Bearer " + token)).expect(200);
    var plan = api.post("/v1/plans", Map.of("template_id", "t", "module_id", "m", "target_version_id", "v2")).expect(201);
    var learning = api.post("/v1/learnings", Map.of("title", "t", "content", "c", "category", "discovery")).expect(201);
    REAL.putAll(Map.of("{module_id}", "m", "{action}", "system.fleet_rolling_upgrade", "{template_id}", "t", "{rollout_id}",
        plan.text("rollout_id"), "{digest}", digest));
    REAL.put("/v1/modules/{id}", "m");
    REAL.put("/v1/module-versions/{id}", "v2");
    REAL.put("/v1/templates/{id}", "t");
    REAL.put("/v1/learnings/{id}", learning.text("id"));
    REAL.put("/v1/rollouts/{id}", plan.text("rollout_id"));
    REAL.put("/v1/approval-requests/{id}", plan.text("approval_request_id"));
    REAL.put("/v1/instances/{id}", instance);
  }

  /// A path with ids that are there.
  private static String realPath(Operation operation) {
    var path = operation.path();
    for (var known : REAL.entrySet())
      path = known.getKey().startsWith("{")
          ? path.replace(known.getKey(), known.getValue())
          : path.startsWith(known.getKey()) ? path.replace("{id}", known.getValue()) : path;
    assertThat(path).as("a real id for each parameter").doesNotContain("{");
    return path;
  }

  /// What must be refused is not let through: only operations that change nothing, or change only what the test made up, are called with real ids.
  private static String path(Operation operation) {
    return operation.method().equals("DELETE") ? operation.path().replaceAll("\\{\\w+}", "nobody") : realPath(operation);
  }

  /// A kept connection may end in the moment in which it is used again, above all after a body that was too large; what breaks connections breaks the next one too.
  private static HttpResponse<InputStream> answer(HttpRequest request) throws IOException, InterruptedException {
    try {
      return CLIENT.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (HttpTimeoutException e) {
      throw e;
    } catch (IOException e) {
      return CLIENT.send(request, HttpResponse.BodyHandlers.ofInputStream());
    }
  }

  private static Reply send(Operation operation, String path, byte[] body, String type, Map<String, String> headers) {
    // one half over the gateway, the other at the service itself: chosen by what is sent
    var base = (path.length() + (body == null ? 0 : body.length)) % 2 == 0 ? world.gateway() : operation.base();
    var request = HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(90)).method(operation.method(),
        body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    if (type != null) request.header("Content-Type", type);
    headers.forEach(request::header);
    try {
      var answer = answer(request.build());
      try (InputStream in = answer.body()) {
        var kind = answer.headers().firstValue("Content-Type").orElse("");
        return new Reply(answer.statusCode(), kind.contains("json") && !kind.contains("ndjson") && !operation.method().equals("HEAD")
            ? Json.mapper().readTree(in)
            : MissingNode.getInstance(), answer);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(operation + " as " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, String> bearer(Operation operation) {
    return Map.of("Authorization", "Bearer " + (operation.permission().equals("instance") ? token : "test"));
  }

  /// Something to send, and what is asked of the answer.
  private record Try(Operation operation, String path, byte[] body, String type, Map<String, String> headers, Set<Integer> wanted,
      String field) {
    static Try of(Operation o, String path, String body, Set<Integer> wanted, String field) {
      return new Try(o, path, body == null ? null : body.getBytes(StandardCharsets.UTF_8), body == null ? null : "application/json",
          bearer(o),
          wanted, field);
    }

    /// What is wrong with the answer; null if nothing.
    String fault() {
      var reply = send(operation, path, body, type, headers);
      for (int again = 0; reply.status() == 503 && again < 60; again++) { // beside other tests the world may be busy
        LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        reply = send(operation, path, body, type, headers);
      }
      var said = operation + " as " + shortened(path) + " with "
          + (body == null ? "no body" : shortened(new String(body, StandardCharsets.UTF_8)))
          + " answers " + reply.status() + " " + shortened(reply.body().toString()) + ": ";
      if (reply.status() >= 500) return said + "that is our fault";
      if (reply.raw().headers().firstValue("X-Request-Id").isEmpty()) return said + "no X-Request-Id";
      if (!wanted.isEmpty() && !wanted.contains(reply.status())) return said + "not one of " + wanted;
      if (reply.status() < 400 || operation.method().equals("HEAD")) return null;
      if (!reply.raw().headers().firstValue("Content-Type").orElse("").equals("application/problem+json")) return said + "no problem";
      if (reply.body().path("status").asInt() != reply.status() || reply.body().path("detail").asText().isBlank()
          || !reply.body().path("type").asText().contains("/problems/") || reply.body().path("title").asText().isBlank())
        return said + "an incomplete problem";
      if (reply.status() == 400 && reply.body().path("errors").isEmpty()) return said + "no errors";
      if (field != null && reply.status() == 400 && StreamSupport.stream(reply.body().path("errors").spliterator(), false)
          .noneMatch(e -> e.path("field").asText().startsWith(field)))
        return said + "does not name " + field;
      return null;
    }

    private static String shortened(String text) {
      return text.length() > 300 ? text.substring(0, 300) + "... (" + text.length() + ")" : text;
    }
  }

  private static void all(List<Try> tries) throws InterruptedException {
    assertThat(tries).isNotEmpty();
    var faults = new ConcurrentLinkedQueue<String>();
    try (var threads = Executors.newFixedThreadPool(8)) {
      for (var one : tries)
        threads.execute(() -> {
          try {
            var fault = one.fault();
            if (fault != null) faults.add(fault);
          } catch (RuntimeException e) {
            faults.add(one.operation() + " as " + one.path() + ": " + e + ", " + e.getCause());
          }
        });
      threads.shutdown();
      assertThat(threads.awaitTermination(3, TimeUnit.MINUTES)).isTrue();
    }
    assertThat(faults).isEmpty();
  }

  @Test
  void every_operation_names_a_permission_of_the_list() {
    assertThat(OPERATIONS).hasSizeGreaterThan(50);
    assertThat(OPERATIONS).allSatisfy(o -> {
      if (OF_INSTANCES.contains(o.id())) assertThat(o.permission()).as(o.id()).isEqualTo("instance");
      else
        assertThat(PERMISSIONS).as(o.id()).contains(o.permission());
    });
  }

  @Test
  void every_operation_wants_a_bearer() throws Exception {
    var tries = new ArrayList<Try>();
    for (var o : OPERATIONS)
      for (var headers : List.of(Map.<String, String>of(), Map.of("Authorization", "Basic YTpi"), Map.of("Authorization", "Bearer ")))
        tries.add(new Try(o, path(o), null, null, headers, Set.of(401), null));
    all(tries);
  }

  @Test
  void another_method_is_refused_naming_the_right_ones() throws Exception {
    var paths = OPERATIONS.stream().map(Operation::path).distinct().toList();
    for (var path : paths) {
      var there = OPERATIONS.stream().filter(o -> o.path().equals(path)).toList();
      var one = there.getFirst();
      for (var base : List.of(world.gateway(), one.base())) {
        var answer = CLIENT.send(HttpRequest.newBuilder(URI.create(base + realPath(one))).header("Authorization", "Bearer test")
            .method("OPTIONS", BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(path).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow").orElse("")).as(path)
            .contains(there.stream().map(Operation::method).toArray(String[]::new));
      }
    }
  }

  @Test
  void odd_ids_and_parameters_are_refused_or_not_found() throws Exception {
    var tries = new ArrayList<Try>();
    for (var o : OPERATIONS) {
      if (o.path().contains("{"))
        for (var odd : ODD_TEXTS)
        tries.add(Try.of(o, o.path().replaceAll("\\{\\w+}", odd), o.body().isMissingNode() ? null : "{}", Set.of(), null));
      tries.add(Try.of(o, path(o) + "?colour=red", null, Set.of(400, 404, 415), "colour"));
      for (var name : o.query()) {
        for (var odd : ODD_TEXTS)
          tries.add(Try.of(o, path(o) + "?" + name + "=" + odd, null, Set.of(), null));
        if (name.equals("limit"))
          for (var odd : List.of("0", "1001", "-1", "1.5", "x", "", "99999999999"))
          tries.add(Try.of(o, path(o) + "?limit=" + odd, null, Set.of(400), "limit"));
        if (name.equals("cursor"))
          for (var odd : List.of("", "%00", "x".repeat(300), "eyJ", "0", "-1"))
          tries.add(Try.of(o, path(o) + "?cursor=" + odd, null, Set.of(), null));
      }
    }
    tries.removeIf(t -> t.path().contains("/artifacts/") && t.operation().method().equals("PUT") && t.body() == null);
    all(tries);
  }

  @Test
  void bodies_that_are_no_json_object_of_the_right_media_type_are_refused() throws Exception {
    var tries = new ArrayList<Try>();
    for (var o : withBody()) {
      for (var broken : List.of("", "{", "{\"a\":", "{\"a\":1}}", "{\"a\":1} x", "nil", "[]", "null", "7", "\"x\"", "{'a':1}", "\u0000",
          "{a:1}",
          "[".repeat(3_000), "{\"a\":".repeat(3_000)))
        tries.add(Try.of(o, path(o), broken, broken.isEmpty() && optional(o) ? Set.of() : Set.of(400), null));
      tries.add(new Try(o, path(o), new byte[]{'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'}, "application/json", bearer(o),
          Set.of(400),
          null));
      for (var type : List.of("text/plain", "application/xml", "application/x-www-form-urlencoded", "json", ""))
        tries.add(new Try(o, path(o), "{\"a\":1}".getBytes(StandardCharsets.UTF_8), type, bearer(o), Set.of(400, 415), null));
      tries.add(
          new Try(o, path(o), ("{\"a\":\"" + "x".repeat(2 << 20) + "\"}").getBytes(StandardCharsets.UTF_8), "application/json", bearer(o),
              Set.of(413), null));
      if (o.method().equals("POST") && !o.permission().equals("instance")) {
        var headers = new LinkedHashMap<>(bearer(o));
        headers.put("Idempotency-Key", "k".repeat(200));
        tries.add(new Try(o, path(o), "{}".getBytes(StandardCharsets.UTF_8), "application/json", headers, Set.of(400), null));
      }
    }
    all(tries);
  }

  private static List<Operation> withBody() { return OPERATIONS.stream().filter(o -> o.type().equals("application/json")).toList(); }

  private static boolean optional(Operation o) { return o.body().path("required").isEmpty(); }

  @Test
  void odd_fields_are_refused_naming_them() throws Exception {
    var tries = new ArrayList<Try>();
    for (var o : withBody()) {
      if (!o.id().equals("heartbeat")) tries.add(Try.of(o, path(o), "{\"colour\":\"red\"}", Set.of(400), "colour"));
      for (var property : o.body().path("properties").properties())
        for (var odd : ODD)
          tries.add(Try.of(o, path(o), "{\"" + property.getKey() + "\":" + odd + "}", Set.of(), null));
      for (var required : o.body().path("required"))
        tries.add(Try.of(o, path(o), "{}", Set.of(400), required.asText()));
    }
    all(tries);
  }

  @Test
  void bodies_of_odd_and_right_fields_are_answered_plainly() throws Exception {
    System.out.println("EveryOperationTest seed " + SEED);
    var random = new Random(SEED);
    var tries = new ArrayList<Try>();
    for (var o : withBody())
      for (int i = 0; i < 15; i++)
        tries.add(Try.of(o, path(o), object(o.body(), random, 0), Set.of(), null));
    java.util.Collections.shuffle(tries, random);
    all(tries);
  }

  /// Mostly what the schema wants, so that one odd value gets deep.
  private static String object(JsonNode schema, Random random, int depth) {
    var fields = new ArrayList<String>();
    for (var property : schema.path("properties").properties())
      if (random.nextInt(3) > 0
          || StreamSupport.stream(schema.path("required").spliterator(), false).anyMatch(r -> r.asText().equals(property.getKey())))
        fields.add("\"" + property.getKey() + "\":"
            + (random.nextInt(6) == 0
                ? ODD.get(random.nextInt(ODD.size()))
                : value(property.getKey(),
                    property.getValue(), random, depth)));
    return "{" + String.join(",", fields) + "}";
  }

  private static String value(String name, JsonNode schema, Random random, int depth) {
    var known = Map.of("template_id", "t", "module_id", "m", "target_version_id", "v2", "version_id", "v1").get(name);
    if (known != null) return random.nextInt(4) == 0 ? "\"nobody\"" : "\"" + known + "\"";
    if (schema.has("enum")) return schema.path("enum").path(random.nextInt(schema.path("enum").size())).toString();
    return switch (schema.path("type").asText()) {
      case "integer" -> Long.toString(schema.path("minimum").asLong(1) + (random.nextBoolean() ? 0 : random.nextInt(2)));
      case "boolean" -> Boolean.toString(random.nextBoolean());
      case "array" -> depth > 2 ? "[]" : "[" + value("item", schema.path("items"), random, depth + 1) + "]";
      case "object" -> depth > 2 ? "{}" : object(schema, random, depth + 1);
      default -> random.nextInt(8) == 0 ? "\"\\u0000\"" : "\"x" + random.nextInt(5) + "\"";
    };
  }

  @Test
  void streams_of_bytes_are_checked_too() throws Exception {
    var tries = new ArrayList<Try>();
    for (var o : OPERATIONS.stream().filter(o -> o.id().equals("putArtifact") || o.id().equals("enrolInstances")).toList()) {
      for (var body : List.of("", "x", "{", "{}\n{}\n", "[1]\nnull\n\n\"x\"\n{\"template_id\":5}\n", "\u0000\n",
          "{\"template_id\":\"\\u0000\"}\n",
          "{\"template_id\":\"t\",\"labels\":{\"a\":\"\\u0000\"}}\n", "{\"template_id\":\"t\",\"name\":\"\\ud800\"}\n",
          "x".repeat(200_000)))
        for (var type : List.of(o.type(), "application/json", "text/plain"))
          tries.add(new Try(o, path(o), body.getBytes(StandardCharsets.UTF_8), type, bearer(o), Set.of(), null));
    }
    for (var range : List.of("bytes=0-", "bytes=9-1", "bytes=-0", "bytes=x", "lines=1-2", "bytes=99999999999999999999-", "bytes=0-0,2-3"))
      for (var o : OPERATIONS.stream().filter(o -> o.path().startsWith("/v1/artifacts/") && o.body().isMissingNode()).toList())
        if (!o.method().equals("PUT"))
          tries.add(new Try(o, path(o), null, null,
              Map.of("Authorization", "Bearer test", "Range", range, "If-None-Match", "\"", "If-Range", "x"),
              Set.of(), null));
    all(tries);
  }

  @Test
  void what_is_no_proper_request_is_refused_as_a_problem() throws Exception {
    for (var port : List.of(world.gateway().getPort(), OPERATIONS.getFirst().base().getPort())) {
      assertThat(raw(port, "GET /v1/modules/%zz HTTP/1.1\r\n")).startsWith("HTTP/1.1 400").contains("problem+json", "request-id");
      assertThat(raw(port, "GET /v1/modules?limit=%zz HTTP/1.1\r\n")).startsWith("HTTP/1.1 400").contains("problem+json", "request-id");
      assertThat(raw(port, "GET /v1/events/stream?after=%zz HTTP/1.1\r\n")).contains("problem+json", "request-id").doesNotContain(" 500 ");
      assertThat(raw(port, "GET /" + "x".repeat(10_000) + " HTTP/1.1\r\n")).contains(" 414 ", "problem+json",
          "request-id");
      assertThat(raw(port, "GET / HTTP/1.1\r\nX: " + "x".repeat(20_000) + "\r\n")).contains(" 431 ", "problem+json",
          "request-id");
      assertThat(raw(port, "GET /v1/nothing HTTP/1.1\r\n")).startsWith("HTTP/1.1 404").contains("problem+json", "request-id");
    }
  }

  private static String raw(int port, String head) throws IOException {
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream()
          .write((head + "Host: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).replace("Request-Id", "request-id");
    }
  }

  @Test
  void the_model_context_protocol_is_not_there_yet() throws Exception {
    var mcp = HttpRequest.newBuilder(world.gateway().resolve("/mcp")).POST(BodyPublishers.ofString("{}"));
    assertThat(CLIENT.send(mcp.build(), HttpResponse.BodyHandlers.discarding()).statusCode()).isEqualTo(401);
    assertThat(CLIENT.send(mcp.header("Authorization", "Bearer t").build(), HttpResponse.BodyHandlers.discarding()).statusCode())
        .isEqualTo(404);
  }

  @Test
  void every_service_says_how_it_is_without_a_bearer() throws Exception {
    for (var base : OPERATIONS.stream().map(Operation::base).distinct().toList())
      for (var path : List.of("/healthz", "/readyz", "/metrics", "/openapi.yaml")) {
        var request = HttpRequest.newBuilder(base.resolve(path)).build();
        var answer = await().atMost(Fixture.SOON).until(() -> CLIENT.send(request, HttpResponse.BodyHandlers.ofString()),
            a -> a.statusCode() == 200);
        assertThat(answer.headers().firstValue("X-Request-Id")).as("%s%s", base, path).isPresent();
      }
  }

  /// A plan of its own for one instance that runs version 1 under a template.
  private static Api.Reply planned(String template, String name) {
    // made-up input may have set a policy and paused the reconciler
    api.delete("/v1/intervention-policies/" + REAL.get("{action}"));
    api.post("/v1/reconciler/resume", Map.of()).expect(200);
    api.post("/v1/templates", Map.of("id", template, "name", name, "modules", List.of(Map.of("module_id", "m", "version_id", "v1"))))
        .expect(201);
    var enrolled = api.post("/v1/instances", Map.of("template_id", template)).expect(201);
    api.send("POST", "/v1/instances/" + enrolled.text("id") + "/heartbeats",
        Map.of("boot_id", "b", "sequence", 1, "running_module_digests", Map.of("m", "sha256:" + "a1".repeat(32))),
        Map.of("Authorization", "Bearer " + enrolled.text("token"))).expect(200);
    var plan = api.post("/v1/plans", Map.of("template_id", template, "module_id", "m", "target_version_id", "v2")).expect(201);
    untilState(plan.text("rollout_id"), "awaiting_approval");
    return plan;
  }

  private static void untilState(String rollout, String state) {
    api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.path("state").asText().equals(state));
  }

  @Test
  void each_transition_of_a_rollout_is_one_structured_line_of_the_log() {
    var lines = new ConcurrentLinkedQueue<ILoggingEvent>();
    var appender = new AppenderBase<ILoggingEvent>() {
      @Override
      protected void append(ILoggingEvent line) { lines.add(line); }
    };
    appender.start();
    var logger = (Logger) LoggerFactory.getLogger("dev.sluice.rollout");
    logger.addAppender(appender);
    try {
      var plan = planned("logged", "logged");
      var rollout = plan.text("rollout_id");
      api.post("/v1/approval-requests/" + plan.text("approval_request_id") + "/decision", Map.of("decision", "approve", "revision", 1))
          .expect(200);
      untilState(rollout, "running");
      api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
      api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200);
      api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200);
      // a line is written behind the commit that it tells of
      for (var transition : List.of("planned", "approved", "started", "batch started", "paused", "resumed", "aborted"))
        await().atMost(Fixture.SOON)
            .untilAsserted(() -> assertThat(lines.stream().filter(line -> line.getFormattedMessage().equals("Rollout: " + transition))
                .filter(line -> line.getKeyValuePairs().stream()
                    .anyMatch(pair -> pair.key.equals("rollout") && pair.value.toString().equals(rollout))))
                .as(transition).singleElement().extracting(ILoggingEvent::getLevel).isEqualTo(Level.INFO));
    } finally {
      logger.detachAppender(appender);
    }
  }
}
