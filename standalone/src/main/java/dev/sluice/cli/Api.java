package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sluice.chassis.Json;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// The REST interface of one server as one caller sees it. Every wait has an end. Answers are trees: a field that is new passes through.
final class Api {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final Duration UPLOAD = Duration.ofMinutes(15);
  private static final int PAGE = 1000;
  /// How long a part that is away is waited for, where the server says that it may be there again.
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  /// What is away now may be there in a moment.
  private static final Set<Integer> AWAY = Set.of(502, 503, 504);
  private static final int NO_CONTENT = 204;
  /// What may be sent twice: a POST has a key, and a PATCH or DELETE that was done would be refused.
  private static final Set<String> REPEATABLE = Set.of("GET", "PUT", "POST");
  private final URI server;
  private final String token;
  private final String actor;
  private final Path tokenFile;
  private final Consumer<String> waits;
  private final HttpClient http = HttpClient.newBuilder().version(Version.HTTP_1_1).connectTimeout(CONNECT).build();

  /// @param waits told once for each request that has to wait for a part that is away: what it waits for
  Api(URI server, String token, String actor, Consumer<String> waits) { this(server, token, actor, null, waits); }

  /// @param tokenFile where the token was read, to be named again; null where it was not said
  Api(URI server, String token, String actor, Path tokenFile, Consumer<String> waits) {
    this.server = URI.create(server.toString().replaceFirst("/+$", ""));
    this.token = token;
    this.actor = actor;
    this.tokenFile = tokenFile;
    this.waits = waits;
  }

  /// What a person types next: a command that goes to the same server as it stands.
  String again(String command) {
    return Sluice.self() + " " + command + (server.toString().equals(Remote.unsaid()) ? "" : " --server " + server)
        + (tokenFile == null ? "" : " --token-file " + Sluice.quoted(tokenFile.toString()));
  }

  URI server() { return server; }

  /// @throws Failure where the server refuses or cannot be reached
  JsonNode get(String path) { return get(path, ANSWER); }

  /// @param most how long it may take, where the usual patience is longer
  JsonNode get(String path, Duration most) {
    return json(send("GET", path, BodyPublishers.noBody(), null, least(most, ANSWER)));
  }

  /// @param query null values are left out
  JsonNode get(String path, Map<String, ?> query) { return get(path + query(query)); }

  JsonNode post(String path, Object body) { return post(path, body, ANSWER); }

  /// @param limit how long the answer may take
  JsonNode post(String path, Object body, Duration limit) { return json(send("POST", path, json(body), "application/json", limit)); }

  JsonNode patch(String path, Object body) { return json(send("PATCH", path, json(body), "application/json", ANSWER)); }

  JsonNode put(String path, Object body) { return json(send("PUT", path, json(body), "application/json", ANSWER)); }

  JsonNode delete(String path) { return json(send("DELETE", path, BodyPublishers.noBody(), null, ANSWER)); }

  /// Sends a file as it is.
  JsonNode upload(String path, Path file) {
    try {
      return json(send("PUT", path, BodyPublishers.ofFile(file), "application/octet-stream", UPLOAD));
    } catch (FileNotFoundException e) {
      throw new Failure.Usage("cannot read " + file + ": " + Text.why(e));
    }
  }

  /// All items of a list, page after page, at most `limit`. The answer has the items under `items`, as a single page would.
  ObjectNode list(String path, String items, Map<String, ?> query, int limit) {
    var all = Json.mapper().createObjectNode();
    ArrayNode into = all.putArray(items);
    String cursor = null;
    do {
      var page = new java.util.LinkedHashMap<String, Object>(query);
      page.put("limit", Math.min(PAGE, limit - into.size()));
      page.put("cursor", cursor);
      var answer = get(path, page);
      answer.path(items).forEach(into::add);
      answer.properties().forEach(field -> all.putIfAbsent(field.getKey(), field.getValue()));
      cursor = answer.hasNonNull("next_cursor") && !answer.path(items).isEmpty() ? answer.get("next_cursor").asText() : null;
    } while (cursor != null && into.size() < limit);
    return all.put("next_cursor", cursor);
  }

  /// Opens a WebSocket.
  WebSocket socket(String path, Map<String, ?> query, WebSocket.Listener listener) {
    var uri = URI.create(server.toString().replaceFirst("^http", "ws") + path + query(query));
    try {
      return http.newWebSocketBuilder().connectTimeout(CONNECT).header("Authorization", "Bearer " + token).header("X-Sluice-Actor", actor)
          .buildAsync(uri, listener).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof java.net.http.WebSocketHandshakeException refused)
        throw refused(refused.getResponse().statusCode(), MissingNode.getInstance());
      throw unreachable(e.getCause());
    }
  }

  /// A part of a path.
  ///
  /// @throws Failure.Usage where there is nothing, or only dots: it would be another path
  static String part(String text) {
    if (text.equals(".") || text.equals("..")) throw new Failure.Usage("a name or an id must not be " + text);
    return encoded(named(text));
  }

  /// @throws Failure.Usage where there is nothing
  static String named(String text) {
    if (text.isBlank()) throw new Failure.Usage("a name or an id must not be empty");
    return text;
  }

  private static String encoded(String text) { return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20"); }

  private static String query(Map<String, ?> query) {
    var text = query.entrySet().stream().filter(e -> e.getValue() != null)
        .map(e -> e.getKey() + "=" + encoded(e.getValue().toString())).collect(Collectors.joining("&"));
    return text.isEmpty() ? "" : "?" + text;
  }

  private static BodyPublisher json(Object body) { return BodyPublishers.ofString(Json.text(body)); }

  private HttpResponse<String> send(String method, String path, BodyPublisher body, String type, Duration limit) {
    var request = HttpRequest.newBuilder(URI.create(server + path)).method(method, body).timeout(limit)
        .header("Authorization", "Bearer " + token).header("X-Sluice-Actor", actor).header("Accept", "application/json");
    if (type != null) request.header("Content-Type", type);
    if (method.equals("POST")) request.header("Idempotency-Key", UUID.randomUUID().toString());
    var built = request.build();
    try {
      try {
        return patiently(built, limit);
      } catch (ConnectException | HttpConnectTimeoutException e) {
        throw unreachable(e);
      } catch (HttpTimeoutException e) {
        throw method.equals("GET") ? unreachable(e) : unanswered();
      } catch (IOException e) {
        if (!REPEATABLE.contains(method)) throw unanswered();
        return patiently(built, limit); // cut off
      }
    } catch (IOException e) {
      throw unreachable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure.Unreachable("interrupted");
    }
  }

  /// What a server says is away for a moment is asked for again, as the same request under the same key.
  private HttpResponse<String> patiently(HttpRequest request, Duration limit) throws IOException, InterruptedException {
    long began = System.nanoTime();
    var patience = least(limit, PATIENCE);
    var response = answer(request, limit);
    for (boolean told = false; response.statusCode() == 503 && REPEATABLE.contains(request.method()); told = true) {
      var pause = retryAfter(response);
      if (pause.isEmpty() || System.nanoTime() - began + pause.get().toNanos() > patience.toNanos()) return response;
      if (!told)
        waits.accept(Text.of(problem(response.body()), "detail") + "; trying again for up to " + Text.duration(patience.toSeconds()));
      Thread.sleep(pause.get());
      response = answer(request, limit.minusNanos(System.nanoTime() - began));
    }
    return response;
  }

  private static Duration least(Duration one, Duration other) { return one.compareTo(other) < 0 ? one : other; }

  private static Optional<Duration> retryAfter(HttpResponse<String> response) {
    return response.headers().firstValue("Retry-After").filter(given -> given.matches("[1-9][0-9]{0,3}")).map(Long::valueOf)
        .map(Duration::ofSeconds);
  }

  /// The limit of a request counts until its answer begins; this one until its end.
  private HttpResponse<String> answer(HttpRequest request, Duration limit) throws IOException, InterruptedException {
    var coming = http.sendAsync(request, BodyHandlers.ofString());
    try {
      return coming.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new HttpTimeoutException("no end within " + limit);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    } finally {
      coming.cancel(true);
    }
  }

  private Failure unanswered() {
    return new Failure.Unreachable(server + " took it and gave no answer; look whether it was done before you try again (" + server
        + "/readyz names what is away)");
  }

  private Failure unreachable(Throwable cause) {
    var why = switch (cause) {
      case HttpConnectTimeoutException _ -> "no connection within " + CONNECT.toSeconds() + " s";
      case HttpTimeoutException _ -> "no answer in time";
      case ConnectException _ -> "connection refused";
      default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    };
    return new Failure.Unreachable(
        "nothing answers at " + server + " (" + why + "); " + start() + "name its address by --server or SLUICE_SERVER");
  }

  /// How it is started where the server should be: here, or nobody knows how.
  private String start() {
    if (!Set.of("127.0.0.1", "localhost").contains(String.valueOf(server.getHost())) || server.getPort() < 0) return "";
    var port = server.getPort() == URI.create(Remote.DEFAULT_SERVER).getPort() ? "" : " --port " + server.getPort();
    return "start Sluice by `" + Sluice.self() + " up --data data/sluice" + port + "`, or ";
  }

  private JsonNode json(HttpResponse<String> response) {
    if (response.statusCode() >= 400) throw refusal(response);
    if (response.statusCode() == NO_CONTENT) return Json.mapper().createObjectNode();
    if (response.statusCode() / 100 != 2 || response.body().isBlank()) throw another(response);
    try {
      return Json.mapper().readTree(response.body());
    } catch (JsonProcessingException e) {
      throw another(response);
    }
  }

  /// What a proxy, or quite another server, answers.
  private Failure another(HttpResponse<String> response) {
    return new Failure.Unreachable(server + " answers, but not as Sluice does (HTTP " + response.statusCode() + "); "
        + elsewhere(response).map(place -> "it sends everyone to " + place + ": give that address").orElse("name Sluice's address")
        + " by --server or SLUICE_SERVER");
  }

  /// The address of another server that this one sends to.
  private Optional<String> elsewhere(HttpResponse<String> response) {
    if (response.statusCode() / 100 != 3) return Optional.empty();
    try {
      return response.headers().firstValue("Location").map(response.uri()::resolve).filter(place -> place.getHost() != null)
          .map(place -> place.getScheme() + "://" + place.getRawAuthority()).filter(place -> !place.equals(server.toString()));
    } catch (IllegalArgumentException noAddress) {
      return Optional.empty();
    }
  }

  /// Sluice says in its body why; these are also what a proxy in front of it refuses.
  private Failure refusal(HttpResponse<String> response) {
    int status = response.statusCode();
    var problem = problem(response.body());
    boolean known = AWAY.contains(status) || Set.of(401, 403, 413, 429).contains(status) || problem.has("status");
    return known ? refused(status, problem) : another(response);
  }

  private static JsonNode problem(String body) {
    try {
      return Json.mapper().readTree(body);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  private Failure refused(int status, JsonNode problem) {
    var refused = Failure.Refused.of(status, problem);
    return AWAY.contains(status)
        ? new Failure.Unreachable(refused.getMessage() + "\n  try again in a moment; " + server + "/readyz names what is away")
        : refused;
  }
}
