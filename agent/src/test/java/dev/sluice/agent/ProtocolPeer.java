package dev.sluice.agent;

import static org.awaitility.Awaitility.await;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The server's side of the agent's protocol, as `api.md` has it, over real HTTP: enrolment, heartbeats, the long poll, artifacts.
final class ProtocolPeer implements AutoCloseable {
  static final String MODULE = "nginx";
  static final Duration PATIENCE = Duration.ofSeconds(100);
  final List<JsonObject> heartbeats = new CopyOnWriteArrayList<>();
  final List<JsonObject> enrolments = new CopyOnWriteArrayList<>();
  final List<String> requests = new CopyOnWriteArrayList<>();
  final Map<String, byte[]> artifacts = new ConcurrentHashMap<>();
  /// Is told which artifact is asked for.
  volatile Consumer<String> asked = digest -> {};
  /// Sent in place of an answer to heartbeats, while it is not 0.
  volatile int refuseWith;
  /// Heartbeats that come while it is set are taken and never answered.
  volatile boolean mute;
  /// What a refusal asks to wait, in seconds.
  volatile int retryAfter = 1;
  /// Where artifacts are said to be instead, while it is not empty.
  volatile String location = "";
  /// Artifacts end after so many bytes, the connection with them; 0 sends them whole.
  volatile int dropAfter;
  /// Whether polls are held; else each is answered at once, with what is desired.
  volatile boolean holds = true;
  volatile double interval = 0.2;
  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private volatile JsonObject desired = new JsonObject();
  private volatile long generation;
  private volatile int since;

  ProtocolPeer() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/", this::handle);
    http.start();
  }

  URI uri() { return URI.create("http://127.0.0.1:" + http.getAddress().getPort()); }

  /// Keeps an archive, and makes it desired with the next generation.
  String desire(String version, byte[] archive) {
    String digest = Tarball.digest(archive);
    artifacts.put(digest, archive);
    return desire(version, digest, "/v1/artifacts/" + digest);
  }

  String desire(String version, String digest, String url) { return desire(version, digest, url, generation + 1); }

  String desire(String version, String digest, String url, long newGeneration) {
    forget();
    var json = new JsonObject();
    json.putAll(Map.of("version", version, "digest", digest, "generation", newGeneration, "artifact_url", url));
    desired = json;
    generation = newGeneration;
    return digest;
  }

  long generation() { return generation; }

  /// Waits for a heartbeat, later than the newest desired version, that says this of it.
  JsonObject awaitState(String state) {
    return awaitHeartbeat(since, heartbeat -> {
      JsonObject status = status(heartbeat);
      return status.getLong("generation") == generation && state.equals(status.getString("state"));
    });
  }

  /// Waits for such a heartbeat, from now on.
  JsonObject awaitHeartbeat(Predicate<JsonObject> wanted) { return awaitHeartbeat(heartbeats.size(), wanted); }

  /// What was heard so far counts no more.
  void forget() { since = heartbeats.size(); }

  /// Those heard after so many; more may come meanwhile.
  List<JsonObject> heardAfter(int count) { return heartbeats.stream().skip(count).toList(); }

  private JsonObject awaitHeartbeat(int from, Predicate<JsonObject> wanted) {
    return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20))
        .until(() -> heartbeats.stream().skip(from).filter(wanted).findFirst(), found -> found.isPresent()).orElseThrow();
  }

  static JsonObject status(JsonObject heartbeat) {
    return heartbeat.getObject("module_status").getObject(MODULE, new JsonObject());
  }

  /// The digest that a heartbeat claims; empty where it claims none, `untold` where it says nothing of digests.
  static String claim(JsonObject heartbeat) {
    JsonObject digests = heartbeat.getObject("running_module_digests");
    return digests == null ? "untold" : digests.getString(MODULE, "");
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    long known = generation;
    requests.add(exchange.getRequestMethod() + " " + path + " " + exchange.getRequestHeaders().getFirst("Authorization") + " "
        + exchange.getRequestHeaders().getFirst("Range"));
    try (exchange) {
      if (path.equals("/v1/instances")) enrol(exchange);
      else if (path.endsWith("/heartbeats")) heartbeat(exchange);
      else if (path.endsWith("/desired")) longPoll(exchange, known);
      else if (path.startsWith("/v1/artifacts/")) artifact(exchange, path.substring("/v1/artifacts/".length()));
      else
        send(exchange, 404, "{}");
    } catch (JsonParserException e) {
      send(exchange, 400, "{}");
    }
  }

  private void enrol(HttpExchange exchange) throws IOException, JsonParserException {
    JsonObject body = body(exchange);
    enrolments.add(body);
    send(exchange, 201, "{\"id\":\"" + body.getString("id", "i-1") + "\",\"token\":\"secret\",\"heartbeat_interval_sec\":1}");
  }

  private void heartbeat(HttpExchange exchange) throws IOException, JsonParserException {
    JsonObject body = body(exchange);
    if (mute) LockSupport.parkNanos(PATIENCE.toNanos());
    if (refuseWith != 0) {
      exchange.getResponseHeaders().add("Retry-After", Integer.toString(retryAfter));
      send(exchange, refuseWith, "{\"detail\":\"the instance was decommissioned\"}");
      return;
    }
    String answer = answer(status(body).getLong("generation", 0) < generation);
    heartbeats.add(body); // who sees it there knows that its answer is made
    send(exchange, 200, answer);
  }

  private void longPoll(HttpExchange exchange, long known) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    while (holds && generation == known && System.nanoTime() < end)
      LockSupport.parkNanos(20_000_000);
    send(exchange, 200, answer(!holds || generation != known));
  }

  private String answer(boolean withDesired) {
    var json = new JsonObject();
    json.put("next_heartbeat_sec", interval);
    var all = new JsonObject();
    if (withDesired) all.put(MODULE, desired);
    if (withDesired) all.put("not-configured-here", desired);
    json.put("desired", all);
    return JsonWriter.string(json);
  }

  private void artifact(HttpExchange exchange, String digest) throws IOException {
    asked.accept(digest);
    if (!location.isEmpty()) {
      exchange.getResponseHeaders().add("Location", location);
      send(exchange, 302, "");
      return;
    }
    byte[] content = artifacts.get(digest);
    if (content == null) {
      send(exchange, 404, "{}");
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    if (from >= content.length) {
      send(exchange, 416, "");
      return;
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, content.length - from);
    int length = dropAfter > 0 ? Math.min(dropAfter, content.length - from) : content.length - from;
    exchange.getResponseBody().write(content, from, length);
    exchange.getResponseBody().flush();
  }

  private static JsonObject body(HttpExchange exchange) throws IOException, JsonParserException {
    return JsonParser.object().from(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
