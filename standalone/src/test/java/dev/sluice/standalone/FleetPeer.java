package dev.sluice.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.sluice.chassis.Ids;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/// The server's side of the agent's protocol for a whole fleet: the same version is desired of all.
final class FleetPeer implements AutoCloseable {
  static final String MODULE = "nginx";
  final Set<String> enrolled = ConcurrentHashMap.newKeySet();
  /// Whom it does not take, of many at a time.
  final Set<String> unwanted = ConcurrentHashMap.newKeySet();
  private final Map<String, byte[]> answered = new ConcurrentHashMap<>();
  private volatile boolean cuts;
  private final Map<String, JsonNode> last = new ConcurrentHashMap<>();
  private final AtomicLong heartbeats = new AtomicLong();
  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile byte[] archive = {};
  private volatile long generation;

  FleetPeer() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
    http.setExecutor(threads);
    http.createContext("/", this::handle);
    http.start();
  }

  URI uri() { return URI.create("http://127.0.0.1:" + http.getAddress().getPort()); }

  /// @return its digest
  String desire(byte[] newArchive) {
    archive = newArchive;
    generation++;
    return digest();
  }

  /// The instances whose last heartbeat says this of the newest generation.
  Set<String> saying(String state) {
    return last.entrySet().stream().filter(e -> {
      var status = e.getValue().at("/module_status/" + MODULE);
      return status.path("generation").asLong() == generation && status.path("state").asText().equals(state);
    }).map(Map.Entry::getKey).collect(Collectors.toSet());
  }

  /// The digest that an instance claimed last.
  String claim(String id) { return last.get(id).at("/running_module_digests/" + MODULE).asText(); }

  /// Takes the next bulk call, and closes its connection without a word.
  void cutsOff() { cuts = true; }

  long heartbeats() { return heartbeats.get(); }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }

  private String digest() { return "sha256:" + Ids.hex(Ids.sha256().digest(archive)); }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      var words = exchange.getRequestURI().getPath().split("/");
      var body = exchange.getRequestBody().readAllBytes();
      var answer = switch (words[words.length - 1]) {
        case "instances" -> enrol(Json.mapper().readTree(body));
        case "bulk" -> bulk(exchange.getRequestHeaders().getFirst("Idempotency-Key"), new String(body, StandardCharsets.UTF_8));
        case "heartbeats" -> heard(words[words.length - 2], Json.mapper().readTree(body));
        case "desired" -> null;
        default -> archive;
      };
      if (cuts && words[words.length - 1].equals("bulk")) {
        cuts = false;
        return;
      }
      exchange.sendResponseHeaders(answer == null ? 404 : 200, answer == null ? -1 : answer.length);
      if (answer != null) exchange.getResponseBody().write(answer);
    }
  }

  private byte[] enrol(JsonNode wish) {
    enrolled.add(wish.path("id").asText());
    return Json.text(Map.of("id", wish.path("id").asText(), "token", "t", "heartbeat_interval_sec", 1)).getBytes(StandardCharsets.UTF_8);
  }

  /// A token is told once, and again only under the key that it was asked by.
  private byte[] bulk(String key, String lines) throws IOException {
    var before = key == null ? null : answered.get(key);
    if (before != null) return before;
    var answer = new StringBuilder();
    for (var line : lines.split("\n")) {
      var wish = Json.mapper().readTree(line);
      var id = wish.path("id").asText();
      boolean refused = unwanted.contains(id) || enrolled.contains(id);
      answer
          .append(
              refused ? Json.text(Map.of("problem", Map.of("status", 409, "detail", id))) : new String(enrol(wish), StandardCharsets.UTF_8))
          .append('\n');
    }
    var bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
    if (key != null) answered.put(key, bytes);
    return bytes;
  }

  private byte[] heard(String id, JsonNode heartbeat) {
    last.put(id, heartbeat);
    heartbeats.incrementAndGet();
    boolean news = heartbeat.at("/module_status/" + MODULE + "/generation").asLong() < generation;
    var desired = Map.of("version", "v" + generation, "digest", digest(), "generation", generation, "artifact_url",
        "/v1/artifacts/" + digest());
    return Json.text(Map.of("next_heartbeat_sec", 2, "desired", news ? Map.of(MODULE, desired) : Map.of()))
        .getBytes(StandardCharsets.UTF_8);
  }
}
