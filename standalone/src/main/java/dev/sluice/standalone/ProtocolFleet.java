package dev.sluice.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.sluice.chassis.Json;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/// Instances that only speak the agent's protocol, thousands of them: they enrol, heartbeat at the server's interval and report what they are told to run as running
/// and healthy. Nothing is downloaded, run or proven, and there is no long poll: an instruction comes with a heartbeat. What a fault is: a silent one says nothing
/// more once it runs its first release, a slow one reports `applying` for a while, a flapping one leaves out heartbeats by turns.
public final class ProtocolFleet implements AutoCloseable {
  private static final Duration RETRY = Duration.ofSeconds(2);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
  private static final Duration FIRST_WITHIN = Duration.ofSeconds(2);
  private static final int PORTION = 1_000;
  private static final int CONNECTIONS = 64;
  private static final int BEATS_BETWEEN_FLAPS = 4;
  private static final List<String> ZONES = List.of("a", "b", "c");
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http;
  private final URI server;
  private final String boot = Long.toHexString(System.nanoTime());
  private final Random random;
  private final Duration slowApply;
  private final List<Instance> instances = new ArrayList<>();
  /// Who is due, each at most once; no more of them are under way than there are connections.
  private final Deque<Instance> due = new ArrayDeque<>();
  private int underWay;

  private ProtocolFleet(URI server, Faults faults) {
    this.server = server;
    this.random = new Random(faults.seed());
    this.slowApply = faults.slowApply();
    http = vertx.createHttpClient(new HttpClientOptions().setKeepAlive(true),
        new PoolOptions().setHttp1MaxSize(CONNECTIONS).setMaxWaitQueueSize(-1));
  }

  /// Enrols instances as `<template>-000001` and so on, and lets them heartbeat. Blocks until all are enrolled.
  ///
  /// @param token   the bearer that may enrol
  /// @param folder  keeps their tokens (0600); those that an earlier fleet left there are used again, and what it did not hear the answer to is asked again
  /// @param modules module ids; instructions for others are ignored
  public static ProtocolFleet start(URI server, String token, Path folder, int count, String template, List<String> modules, Faults faults)
      throws IOException {
    var fleet = new ProtocolFleet(server, faults);
    try {
      var drawn = faults.draw(count);
      var tokens = fleet.enrolled(token, folder, count, template);
      for (int i = 0; i < count; i++)
        fleet.instances.add(fleet.new Instance(id(template, i), tokens.get(id(template, i)), List.copyOf(modules), drawn.get(i)));
      fleet.instances.forEach(instance -> instance.after(fleet.within(FIRST_WITHIN)));
      return fleet;
    } catch (IOException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  static String id(String template, int index) { return template + "-" + "%06d".formatted(index + 1); }

  private Map<String, String> enrolled(String token, Path folder, int count, String template) throws IOException {
    Files.createDirectories(folder);
    var file = folder.resolve("tokens-" + template);
    if (!Files.exists(file))
      Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Map<String, String> tokens = new HashMap<>();
    for (var line : Files.readAllLines(file)) {
      var words = line.split(" ");
      if (words.length == 2) tokens.put(words[0], words[1]);
    }
    var portion = folder.resolve("enrolling-" + template);
    // an earlier fleet never heard what became of it
    if (Files.exists(portion)) enrol(token, portion, file, tokens);
    var missing = new ArrayList<Integer>();
    for (int i = 0; i < count; i++)
      if (!tokens.containsKey(id(template, i))) missing.add(i);
    for (int from = 0; from < missing.size(); from += PORTION) {
      write(portion, UUID.randomUUID() + "\n" + lines(template, missing.subList(from, Math.min(missing.size(), from + PORTION))));
      enrol(token, portion, file, tokens);
    }
    return tokens;
  }

  private static String lines(String template, List<Integer> indexes) {
    return indexes.stream()
        .map(i -> Json.text(Map.of("id", id(template, i), "name", id(template, i), "template_id", template, "labels",
            Map.of("zone", ZONES.get(i % ZONES.size())))))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  /// Whole or not at all.
  private static void write(Path file, String text) throws IOException {
    var beside = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(beside, text);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /// Sends a portion as it is written: an Idempotency-Key, then the lines. It stays until each line has a token or a refusal that will not change: a token is
  /// told once, and again only under the same key.
  private void enrol(String token, Path portion, Path file, Map<String, String> tokens) throws IOException {
    var written = Files.readString(portion).split("\n", 2);
    Buffer answers;
    try {
      answers = send("/v1/instances/bulk", token, written[0], "application/x-ndjson", Buffer.buffer(written[1])).toCompletionStage()
          .toCompletableFuture().join();
    } catch (CompletionException failure) {
      throw new IOException("cannot enrol: " + failure.getCause().getMessage(), failure);
    }
    Map<String, String> fresh = new LinkedHashMap<>();
    var refused = new ArrayList<JsonNode>();
    for (var line : answers.toString().split("\n")) {
      var answer = read(line);
      if (answer.path("token").asText().isEmpty()) refused.add(answer);
      else
        fresh.put(answer.path("id").asText(), answer.path("token").asText());
    }
    // a line of its own, also behind one that a kill has cut off
    Files.writeString(file,
        fresh.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).collect(Collectors.joining("\n", "\n", "\n")),
        StandardOpenOption.APPEND);
    tokens.putAll(fresh);
    if (refused.stream().allMatch(answer -> answer.at("/problem/status").asInt() / 100 == 4)) Files.delete(portion);
    if (!refused.isEmpty()) throw new IOException("cannot enrol: " + refused.getFirst());
  }

  private static JsonNode read(String line) {
    try {
      return Json.mapper().readTree(line);
    } catch (IOException noJson) {
      return TextNode.valueOf(line);
    }
  }

  /// @param key an Idempotency-Key; null: none
  private Future<Buffer> send(String path, String token, String key, String type, Buffer body) {
    var options = new RequestOptions().setMethod(HttpMethod.POST).setHost(server.getHost()).setPort(port())
        .setSsl("https".equals(server.getScheme()))
        .setURI(path).setTimeout(ANSWER_WITHIN.toMillis()).putHeader("Authorization", "Bearer " + token).putHeader("Content-Type", type);
    if (key != null) options.putHeader("Idempotency-Key", key);
    return http.request(options)
        .compose(request -> request.send(body).compose(answer -> answer.body().compose(said -> answer.statusCode() / 100 == 2
            ? Future.succeededFuture(said)
            : Future.failedFuture(path + " answers " + answer.statusCode() + " " + said))));
  }

  private int port() {
    if (server.getPort() >= 0) return server.getPort();
    return "https".equals(server.getScheme()) ? 443 : 80;
  }

  private void due(Instance instance) {
    synchronized (due) {
      due.add(instance);
    }
    next();
  }

  private void next() {
    while (true) {
      Instance first;
      synchronized (due) {
        if (underWay == CONNECTIONS || due.isEmpty()) return;
        underWay++;
        first = due.poll();
      }
      first.beat();
    }
  }

  private void over() {
    synchronized (due) {
      underWay--;
    }
  }

  private synchronized Duration within(Duration most) { return Duration.ofMillis(1 + random.nextLong(most.toMillis())); }

  @Override
  public void close() { vertx.close().toCompletionStage().toCompletableFuture().join(); }

  /// One of them: one heartbeat under way at a time.
  private final class Instance {
    private final String id;
    private final String token;
    private final List<String> modules;
    private final Faults.Fault fault;
    private final Map<String, JsonNode> told = new HashMap<>();
    private final Map<String, Long> readyAt = new HashMap<>();
    private long sequence;
    private long beats;

    Instance(String id, String token, List<String> modules, Faults.Fault fault) {
      this.id = id;
      this.token = token;
      this.modules = modules;
      this.fault = fault;
    }

    void after(Duration wait) { vertx.setTimer(Math.max(1, wait.toMillis()), _ -> due(this)); }

    synchronized void beat() {
      boolean away = fault == Faults.Fault.FLAPPING && beats++ / BEATS_BETWEEN_FLAPS % 2 == 1;
      if (away) {
        after(RETRY);
        over();
        return;
      }
      boolean last = fault == Faults.Fault.SILENT && modules.stream().allMatch(told::containsKey);
      send("/v1/instances/" + id + "/heartbeats", token, null, "application/json", Buffer.buffer(report())).onComplete(answer -> {
        if (!last || answer.failed()) after(answer.succeeded() ? hear(answer.result()) : RETRY.plus(within(RETRY)));
        over();
        next();
      });
    }

    /// Says nothing of what runs before it is told anything: an earlier fleet said it.
    private String report() {
      var digests = new HashMap<String, Object>();
      var status = new HashMap<String, Object>();
      told.forEach((module, desired) -> {
        boolean ready = System.nanoTime() - readyAt.get(module) >= 0;
        if (ready) digests.put(module, desired.path("digest").asText());
        status.put(module, Map.of("state", ready ? "healthy" : "applying", "generation", desired.path("generation").asLong()));
      });
      var heartbeat = new LinkedHashMap<String, Object>(Map.of("boot_id", boot, "sequence", ++sequence, "agent_version", "protocol-only"));
      if (!told.isEmpty()) heartbeat.putAll(Map.of("running_module_digests", digests, "module_status", status));
      return Json.text(heartbeat);
    }

    /// @return until the next heartbeat; at once where there is something new to say
    private synchronized Duration hear(Buffer body) {
      JsonNode answer;
      try {
        answer = Json.mapper().readTree(body.getBytes());
      } catch (IOException noJson) {
        return RETRY;
      }
      boolean news = false;
      for (var module : modules) {
        var desired = answer.path("desired").path(module);
        long before = told.containsKey(module) ? told.get(module).path("generation").asLong() : 0;
        if (desired.path("generation").asLong() <= before) continue;
        boolean slow = fault == Faults.Fault.SLOW;
        readyAt.put(module, System.nanoTime() + (slow ? slowApply.toNanos() : 0));
        told.put(module, desired);
        if (slow) vertx.setTimer(slowApply.toMillis() + 1, _ -> ready());
        news = true;
      }
      return news ? Duration.ZERO : Duration.ofSeconds(Math.max(1, answer.path("next_heartbeat_sec").asLong(1)));
    }

    /// What a slow one has applied is reported with a heartbeat of its own, which begins no second series of them.
    private synchronized void ready() {
      send("/v1/instances/" + id + "/heartbeats", token, null, "application/json", Buffer.buffer(report()));
    }
  }
}
