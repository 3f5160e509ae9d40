package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// The calls of an agent to its server, as `api.md` describes them. None blocks. They fail with [Dismissed] where the server is done with
/// this agent (401, 403, 410), with [Unavailable] where it asks to wait, with [Denied] where it refuses, else with an IOException.
final class Server {
  static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
  private static final Duration DEFAULT_RETRY = Duration.ofSeconds(5);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(10);
  private final HttpClient http;
  private final Link link;
  private final URI base;
  private volatile Identity identity = Identity.NONE;

  /// What the server says to a heartbeat or a poll.
  ///
  /// @param nextHeartbeat until the next heartbeat; zero where it did not say
  /// @param desired       by module id; empty where there is nothing new
  record Answer(Duration nextHeartbeat, Map<String, Instruction> desired) {}

  Server(HttpClient http, Link link, URI base) {
    this.http = http;
    this.link = link;
    this.base = base.getPath().endsWith("/") ? base : URI.create(base + "/");
  }

  void identify(Identity newIdentity) { identity = newIdentity; }

  CompletableFuture<Identity> enrol(AgentConfig.Enrolment enrolment, String idempotencyKey) {
    HttpRequest.Builder request = post("v1/instances", enrolment.json()).header("Idempotency-Key", idempotencyKey);
    if (!enrolment.token().isEmpty()) request.header("Authorization", "Bearer " + enrolment.token());
    return call(request, ANSWER_WITHIN).thenApply(Identity::of);
  }

  CompletableFuture<Answer> heartbeat(JsonObject heartbeat, Duration within) {
    return call(authorized(post("v1/instances/" + identity.id() + "/heartbeats", heartbeat)), within).thenApply(Server::answer);
  }

  CompletableFuture<Answer> poll(Duration wait) {
    URI uri = base.resolve("v1/instances/" + identity.id() + "/desired?wait_sec=" + wait.toSeconds());
    return call(authorized(HttpRequest.newBuilder(uri)), wait.plus(ANSWER_WITHIN)).thenApply(Server::answer);
  }

  /// An address of an artifact, absolute.
  ///
  /// @throws Denied where it is no address, of another scheme than http and https, or of no host there can be
  URI resolve(String url) throws Denied {
    try {
      return reachable(base.resolve(url));
    } catch (IllegalArgumentException e) {
      throw new Denied("artifact_url is no address: " + url);
    }
  }

  static URI reachable(URI uri) throws Denied {
    if (!"http".equals(uri.getScheme()) && !"https".equals(uri.getScheme()))
      throw new Denied("artifact_url is neither http nor https: " + uri);
    if (uri.getHost() == null || uri.getPort() > 65_535) throw new Denied("artifact_url names no host that there can be: " + uri);
    return uri;
  }

  /// Adds the token, if the address is of this server.
  void authorize(HttpRequest.Builder request, URI to) {
    boolean ours = base.getScheme().equals(to.getScheme()) && base.getHost().equalsIgnoreCase(to.getHost()) && port(base) == port(to);
    if (ours) authorized(request);
  }

  /// The failure that a 503 or 429 stands for. A wait beyond [#LONGEST_RETRY] is taken for a slip.
  static Unavailable unavailable(HttpResponse<?> response) {
    String seconds = response.headers().firstValue("Retry-After").orElse("");
    Duration wait = seconds.matches("\\d{1,5}") ? Duration.ofSeconds(Long.parseLong(seconds)) : DEFAULT_RETRY;
    return new Unavailable(response.statusCode(), wait.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : wait);
  }

  private HttpRequest.Builder post(String path, JsonObject body) {
    return HttpRequest.newBuilder(base.resolve(path)).header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(JsonWriter.string(body)));
  }

  private HttpRequest.Builder authorized(HttpRequest.Builder request) {
    return request.header("Authorization", "Bearer " + identity.token());
  }

  private CompletableFuture<JsonObject> call(HttpRequest.Builder builder, Duration within) {
    HttpRequest request = builder.header("Accept", "application/json").timeout(within).build();
    return link.send(http, request, SmallBody::of).orTimeout(within.toMillis() + 1000, TimeUnit.MILLISECONDS)
        .thenCompose(response -> parsed(request.uri(), response));
  }

  private static CompletableFuture<JsonObject> parsed(URI uri, HttpResponse<String> response) {
    int status = response.statusCode();
    String said = uri.getPath() + " answers " + status + " " + problem(response.body());
    if (status == 401 || status == 403 || status == 410) return CompletableFuture.failedFuture(new Dismissed(said));
    if (status == 503 || status == 429) return CompletableFuture.failedFuture(unavailable(response));
    if (status >= 500) return CompletableFuture.failedFuture(new IOException(said));
    if (status >= 300) return CompletableFuture.failedFuture(new Denied(said));
    try {
      return CompletableFuture.completedFuture(response.body().isEmpty() ? new JsonObject() : json(response.body()));
    } catch (JsonParserException e) {
      return CompletableFuture.failedFuture(new IOException(uri.getPath() + " answers no JSON: " + e.getMessage()));
    }
  }

  private static Answer answer(JsonObject json) {
    Map<String, Instruction> desired = new LinkedHashMap<>();
    JsonObject told = json.getObject("desired", new JsonObject());
    for (String module : told.keySet())
      if (told.getObject(module) != null) desired.put(module, Instruction.of(told.getObject(module)));
    return new Answer(Duration.ofMillis((long) (json.getDouble("next_heartbeat_sec", 0) * 1000)), desired);
  }

  private static String problem(String body) {
    try {
      return json(body).getString("detail", "");
    } catch (JsonParserException e) {
      return "";
    }
  }

  private static JsonObject json(String body) throws JsonParserException { return JsonParser.object().from(body); }

  private static int port(URI uri) {
    if (uri.getPort() >= 0) return uri.getPort();
    return "https".equals(uri.getScheme()) ? 443 : 80;
  }
}
