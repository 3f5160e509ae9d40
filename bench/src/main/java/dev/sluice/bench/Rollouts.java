package dev.sluice.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.standalone.World;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.ConcurrentHashMap;
import org.HdrHistogram.ConcurrentHistogram;

/// How long a rollout takes where every instance answers at once, and how long from the last verdict of a batch to the first instruction of the next. The
/// instances speak the real protocol over HTTP: told of their instruction by the event stream, one asks by a heartbeat, gets its desired version, and reports it.
final class Rollouts implements AutoCloseable {
  private final PrintStream out;
  private final World world;
  private final int healthPort;
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http;
  /// Held, since a client that nobody holds is closed with its socket.
  private final WebSocketClient sockets;
  private final AtomicIntegerArray sequence;
  private final String[] tokens;
  private final Client client;
  private final Map<String, String> versions;
  private final ConcurrentHistogram betweenBatchesMicros = new ConcurrentHistogram(3);
  private final Map<Integer, AtomicLong> lastReported = new ConcurrentHashMap<>();
  private final Map<Integer, Integer> batchOf = new ConcurrentHashMap<>();

  Rollouts(PrintStream out, World world, int healthPort, int instances) {
    this.out = out;
    this.world = world;
    this.healthPort = healthPort;
    this.http = vertx.createHttpClient(new HttpClientOptions().setKeepAlive(true).setPipelining(true),
        new PoolOptions().setHttp1MaxSize(64));
    this.sockets = vertx.createWebSocketClient(new WebSocketClientOptions().setMaxFrameSize(16 << 20).setMaxMessageSize(64 << 20));
    this.sequence = new AtomicIntegerArray(instances);
    this.client = new Client(world.gateway(), world.token());
    this.versions = client.catalog();
    this.tokens = client.enrol(instances);
  }

  void run() throws InterruptedException {
    for (int i = 0; i < tokens.length; i++)
      beat(i, "1.24.0", 1, false);
    await("/v1/fleet-summary?template_id=web", s -> s.path("reporting").asInt() == tokens.length);
    listen();
    var five = rollout("1.26.0", 20);
    out.printf("%,d instances in 5 batches              %6.2f s from started to completed%n", tokens.length, five);
    betweenBatchesMicros.reset();
    var many = rollout("1.24.0", 1);
    out.printf("%,d instances in 100 batches            %6.2f s%n", tokens.length, many);
    out.printf(
        "last evidence of a batch sent to first instruction of the next received: p50 %.1f ms, p99 %.1f ms, most %.1f ms (%d transitions)%n",
        betweenBatchesMicros.getValueAtPercentile(50) / 1e3, betweenBatchesMicros.getValueAtPercentile(99) / 1e3,
        betweenBatchesMicros.getMaxValue() / 1e3,
        betweenBatchesMicros.getTotalCount());
    out.println(Machine.line());
  }

  private double rollout(String version, int batchPct) throws InterruptedException {
    lastReported.clear();
    batchOf.clear();
    var plan = client.post("/v1/plans",
        Map.of("template_id", "web", "module_id", "nginx", "target_version_id", versions.get(version), "batch_pct", batchPct));
    var rollout = plan.path("rollout_id").asText();
    client.post("/v1/approval-requests/" + plan.path("approval_request_id").asText() + "/decision",
        Map.of("decision", "approve", "revision", 1));
    var done = await("/v1/rollouts/" + rollout, r -> r.path("state").asText().startsWith("completed"));
    return java.time.Duration
        .between(java.time.Instant.parse(done.path("started_at").asText()), java.time.Instant.parse(done.path("ended_at").asText()))
        .toMillis() / 1e3;
  }

  private JsonNode await(String path, java.util.function.Predicate<JsonNode> wished) throws InterruptedException {
    for (int i = 0; i < 1_200; i++) {
      var read = client.get(path);
      if (wished.test(read)) return read;
      Thread.sleep(100);
    }
    throw new IllegalStateException("not within 120 s: " + client.get(path));
  }

  private void listen() {
    var options = new WebSocketConnectOptions().setHost("127.0.0.1").setPort(world.gateway().getPort())
        .setURI("/v1/events/stream?kind_prefix=module.upgrade.instance_started")
        .addHeader("Authorization", "Bearer " + world.token());
    sockets.connect(options)
        .onSuccess(socket -> socket.textMessageHandler(this::told)).toCompletionStage().toCompletableFuture().join();
  }

  private void told(String frame) {
    try {
      for (var event : Json.mapper().readTree(frame).path("events")) {
        int i = Integer.parseInt(event.path("instance_id").asText().substring(1));
        batchOf.put(i, event.path("batch_index").asInt());
        beat(i, null, event.path("generation").asLong(), true);
      }
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A heartbeat; with `ask` it says nothing of what runs, and what is desired is then reported as running and healthy.
  private void beat(int i, String version, long generation, boolean ask) {
    var digests = version == null
        ? ""
        : ",\"running_module_digests\":{\"nginx\":\"" + Client.digest(version)
            + "\"},\"module_status\":{\"nginx\":{\"state\":\"healthy\",\"generation\":"
            + generation + "}}";
    var body = Buffer.buffer("{\"boot_id\":\"b\",\"sequence\":" + sequence.incrementAndGet(i) + digests + "}");
    http.request(HttpMethod.POST, healthPort, "127.0.0.1", "/v1/instances/i" + i + "/heartbeats")
        .compose(request -> request.putHeader("Authorization", "Bearer " + tokens[i]).putHeader("Content-Type", "application/json")
            .send(body).compose(answer -> answer.body()))
        .onSuccess(answer -> {
          if (ask) answered(i, answer);
        }).onFailure(_ -> beat(i, version, generation, ask));
  }

  private void answered(int i, Buffer answer) {
    try {
      var desired = Json.mapper().readTree(answer.getBytes()).path("desired").path("nginx");
      if (desired.isMissingNode()) {
        beat(i, null, 0, true);
        return;
      }
      int batch = batchOf.get(i);
      var before = lastReported.get(batch - 1);
      if (lastReported.putIfAbsent(batch, new AtomicLong()) == null && before != null)
        betweenBatchesMicros.recordValue(Math.max(1, (System.nanoTime() - before.get()) / 1_000));
      lastReported.get(batch).set(System.nanoTime());
      beat(i, desired.path("version").asText(), desired.path("generation").asLong(), false);
    } catch (java.io.IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() { vertx.close().toCompletionStage().toCompletableFuture().join(); }
}
