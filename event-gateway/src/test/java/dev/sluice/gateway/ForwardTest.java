package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Ids;
import dev.sluice.chassis.Node;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// One origin: what is passed on, to whom and how. Behind the gateway stand small servers that say what they were asked.
class ForwardTest {
  private static final Node NODE = Node.alone();
  private static final String HEARTBEATS = "/v1/instances/i-1/heartbeats";
  /// How long who is refused in the middle of an upload may send on.
  private static final Duration LAST_WORDS = Duration.ofSeconds(5);
  /// Takes what it is told, and never answers.
  private static final ServerSocket SILENT = silent();
  private static final URI MUTE = URI.create("http://127.0.0.1:" + SILENT.getLocalPort());
  private static final URI NOBODY = URI.create("http://127.0.0.1:9");
  private static HttpServer planner;
  private static HttpServer approval;
  private static HttpServer rollout;
  private static HttpServer health;
  private static GatewayService gateway;
  private static int port;

  /// Not with the class: the gateway looks at the servers while it starts, and who asks a class that is being made waits for it.
  @BeforeAll
  static void start() {
    planner = server("planner");
    approval = server("approval");
    rollout = server("rollout");
    health = server("health");
    gateway = GatewayService.start(NODE, new GatewayConfig(Real.fresh().gatewayService(), List.of(address(planner)),
        List.of(NOBODY, address(approval)), List.of(address(rollout)), List.of(address(health)), 1_024, 1, 1, 1));
    port = gateway.port();
  }

  @AfterAll
  static void close() throws IOException {
    gateway.close();
    SILENT.close();
    NODE.close();
  }

  private static ServerSocket silent() {
    try {
      return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static URI address(HttpServer server) { return URI.create("http://127.0.0.1:" + server.actualPort()); }

  private static HttpServer server(String name) {
    var options = new HttpServerOptions().setHost("127.0.0.1").setCompressionSupported(true);
    return Await.on(NODE.vertx().createHttpServer(options).requestHandler(request -> answer(name, request)).listen(0),
        Duration.ofSeconds(10), "a server");
  }

  private static void answer(String name, HttpServerRequest request) {
    switch (request.path()) {
      case "/v1/agents" -> agents(request);
      case "/v1/instances/bulk" -> {
        request.response().setChunked(true);
        var _ = request.pipeTo(request.response());
      }
      case HEARTBEATS -> {
        if (name.equals("says that it is well")) return;
        request.response().setStatusCode(name.equals("busy") ? 503 : 200);
        request.response().putHeader("X-Token", request.getHeader("Authorization"));
        request.body().onSuccess(request.response()::end);
      }
      case "/v1/artifacts/digest" ->
        request.body().onSuccess(body -> request.response().end(Ids.hex(Ids.sha256().digest(body.getBytes()))));
      case "/v1/artifacts/zeros" -> request.response().putHeader("Content-Encoding", "identity").end(Buffer.buffer(new byte[8 << 20]));
      case "/v1/artifacts/early" -> request.response().setStatusCode(413).putHeader("Connection", "close").end("too large");
      case "/v1/artifacts/broken" -> {
        request.response().putHeader("Content-Length", "100").write("half");
        request.connection().close();
      }
      case "/v1/artifacts/204" -> request.response().setStatusCode(204).end();
      default ->
        request.response().setStatusCode(201).setStatusMessage("Made").putHeader("Location", "/v1/x").putHeader("X-Request-Id", "theirs")
            .putHeader("Connection", "keep-alive, X-Secret").putHeader("X-Secret", "of this connection")
            .putHeader("Content-Type", "application/json")
            .end(new JsonObject().put("service", name).put("method", request.method().name()).put("uri", request.uri())
                .put("headers", headers(request)).toBuffer());
    }
  }

  private static JsonObject headers(HttpServerRequest request) {
    var headers = new JsonObject();
    request.headers().forEach((key, value) -> headers.put(key.toLowerCase(Locale.ROOT), value));
    return headers;
  }

  private static void agents(HttpServerRequest request) {
    if (!"Bearer agent".equals(request.getHeader("Authorization")))
      request.response().setStatusCode(401).putHeader("Content-Type", "application/problem+json").end("{\"status\":401}");
    else
      request.toWebSocket().onSuccess(socket -> socket.textMessageHandler(text -> socket.writeTextMessage(text + "!")));
  }

  @Test
  void a_replica_that_never_answers_is_passed_over_and_a_heartbeat_told_to_another_one_within_half_an_interval() {
    var config = new GatewayConfig(Real.fresh().gatewayService(), List.of(address(planner)), List.of(address(approval)),
        List.of(MUTE, address(rollout)), List.of(NOBODY, address(server("says that it is well")), address(server("busy")), address(health)),
        1_024, 1, 1, 1);
    try (var gateway = GatewayService.start(NODE, config)) {
      for (int i = 0; i < 9; i++) {
        var answer = Calls.send(Calls.to(gateway.port(), HEARTBEATS).POST(BodyPublishers.ofString("heartbeat " + i))
            .timeout(Duration.ofSeconds(30)));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("heartbeat " + i);
        assertThat(answer.headers().firstValue("X-Token")).hasValue("Bearer test");
      }
      int answered = 0;
      for (int i = 0; i < 30 && answered < 6; i++) {
        try {
          Calls.send(Calls.to(gateway.port(), "/v1/rollouts").timeout(Duration.ofSeconds(2)));
          answered++;
        } catch (UncheckedIOException e) {
          answered = 0;
        }
      }
      assertThat(answered).as("in a row").isEqualTo(6);
    }
  }

  @Test
  void each_path_goes_to_its_owner() {
    var owners = Map.of("planner", List.of("modules", "module-versions", "templates", "plans", "skills", "artifacts", "learnings"),
        "approval",
        List.of("approval-requests", "intervention-policies"), "rollout", List.of("rollouts", "reconciler"), "health",
        List.of("instances", "fleet-summary", "drift-report"));
    owners.forEach((owner, paths) -> {
      for (var path : paths) {
        assertThat(Calls.json(Calls.send(Calls.to(port, "/v1/" + path))).path("service").asText()).isEqualTo(owner);
        assertThat(Calls.json(Calls.send(Calls.to(port, "/v1/" + path + "/a/b"))).path("service").asText()).isEqualTo(owner);
      }
    });
    for (var path : List.of("/v1/nothing", "/v1", "/v1/modulesx", "/v2/modules", "/other")) {
      var answer = Calls.send(Calls.to(port, path));
      assertThat(answer.statusCode()).as(path).isEqualTo(404);
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }
  }

  @Test
  void a_request_goes_through_with_its_query_and_headers_but_those_of_one_connection() {
    var answer = Calls.send(Calls.to(port, "/v1/modules/a%2Fb?q=%20x&q=y").header("X-Sluice-Actor", "anna").header("Idempotency-Key", "k1")
        .header("X-Request-Id", "r-1").header("TE", "trailers").method("PATCH", BodyPublishers.ofString("{}")));
    assertThat(answer.statusCode()).isEqualTo(201);
    assertThat(answer.headers().firstValue("Location")).hasValue("/v1/x");
    assertThat(answer.headers().allValues("X-Request-Id")).containsExactly("r-1");
    assertThat(answer.headers().firstValue("X-Secret")).isEmpty();
    var seen = Calls.json(answer);
    assertThat(seen.path("method").asText()).isEqualTo("PATCH");
    assertThat(seen.path("uri").asText()).isEqualTo("/v1/modules/a%2Fb?q=%20x&q=y");
    var headers = seen.path("headers");
    assertThat(headers.path("authorization").asText()).isEqualTo("Bearer test");
    assertThat(headers.path("x-sluice-actor").asText()).isEqualTo("anna");
    assertThat(headers.path("idempotency-key").asText()).isEqualTo("k1");
    assertThat(headers.path("x-request-id").asText()).isEqualTo("r-1");
    assertThat(headers.path("host").asText()).isEqualTo(address(planner).getAuthority());
    assertThat(headers.has("te")).isFalse();
  }

  @Test
  void an_answer_without_a_body_goes_through() {
    assertThat(Calls.send(Calls.to(port, "/v1/artifacts/204").DELETE()).statusCode()).isEqualTo(204);
    assertThat(Calls.send(Calls.to(port, "/v1/modules").HEAD()).statusCode()).isEqualTo(201);
  }

  @Test
  void large_bodies_go_through_whole_in_both_directions() {
    var bytes = new byte[8 << 20];
    for (int i = 0; i < bytes.length; i++)
      bytes[i] = (byte) (i * 31 >> 3);
    var digest = Ids.hex(Ids.sha256().digest(bytes));
    var up = Calls.send(Calls.to(port, "/v1/artifacts/digest").PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes))));
    assertThat(up.body()).isEqualTo(digest);
    var down = Calls.send(Calls.to(port, "/v1/artifacts/zeros").header("Accept-Encoding", "gzip"), BodyHandlers.ofByteArray());
    assertThat(down.headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(down.headers().firstValueAsLong("Content-Length")).hasValue(bytes.length);
    assertThat(down.body()).isEqualTo(new byte[bytes.length]);
  }

  @Test
  void a_line_comes_back_before_the_next_one_is_sent() throws IOException {
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      send(socket,
          "POST /v1/instances/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n");
      var back = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      assertThat(untilLine(back, "first")).startsWith("HTTP/1.1 200");
      send(socket, "7\r\nsecond\n\r\n");
      untilLine(back, "second");
      send(socket, "0\r\n\r\n");
      untilLine(back, "0");
    }
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
  }

  /// Reads up to a line; the first one that came.
  private static String untilLine(BufferedReader in, String wanted) throws IOException {
    var first = in.readLine();
    for (var line = first; !wanted.equals(line); line = in.readLine())
      assertThat(line).as("before " + wanted).isNotNull();
    return first;
  }

  @Test
  void a_body_goes_through_though_its_length_is_called_a_header_of_one_connection() throws IOException {
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      send(socket, "PUT /v1/artifacts/digest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: Content-Length\r\n"
          + "Content-Length: 4\r\n\r\nbody");
      var back = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      var answer = new StringBuilder();
      var digest = Ids.hex(Ids.sha256().digest("body".getBytes(StandardCharsets.UTF_8)));
      while (answer.indexOf(digest) < 0)
        answer.append((char) back.read());
      assertThat(answer.toString()).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void an_answer_that_breaks_off_breaks_off_here_too() {
    var answer = Calls.CLIENT.sendAsync(Calls.to(port, "/v1/artifacts/broken").build(), BodyHandlers.ofString());
    assertThat(answer.handle((_, e) -> e).orTimeout(60, TimeUnit.SECONDS).join()).hasRootCauseInstanceOf(IOException.class);
  }

  @Test
  void an_upload_that_is_refused_early_gets_the_refusal() {
    var answer = Calls.send(Calls.to(port, "/v1/artifacts/early").PUT(BodyPublishers.ofByteArray(new byte[100])));
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(answer.body()).isEqualTo("too large");
  }

  /// Refuses each upload as soon as it begins. One of `deaf` is not read from then on.
  private static NetServer refusing(CompletableFuture<Void> letGo) {
    return Await.on(NODE.vertx().createNetServer().connectHandler(socket -> socket.handler(part -> {
      if (!part.toString(StandardCharsets.ISO_8859_1).startsWith("PUT ")) return;
      socket.closeHandler(_ -> letGo.complete(null));
      if (part.toString(StandardCharsets.ISO_8859_1).contains("deaf")) socket.pause();
      socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    })).listen(0, "127.0.0.1"), Duration.ofSeconds(10), "a server");
  }

  @Test
  void an_upload_that_is_refused_early_holds_up_nobody() throws IOException {
    var letGo = new CompletableFuture<Void>();
    var planner = refusing(letGo);
    var config = new GatewayConfig(Real.fresh().gatewayService(), List.of(URI.create("http://127.0.0.1:" + planner.actualPort())),
        List.of(NOBODY), List.of(NOBODY), List.of(NOBODY), 1_024, 1, 1, 1);
    var half = new byte[16 << 20];
    try (var gateway = GatewayService.start(NODE, config)) {
      try (var socket = new Socket("127.0.0.1", gateway.port())) {
        socket.setSoTimeout(60_000);
        long begun = System.nanoTime();
        send(socket, upload("deaf", 2 * half.length));
        CompletableFuture.runAsync(() -> write(socket, half, begun), NODE.threads()).thenRun(() -> write(socket, half, begun))
            .orTimeout(60, TimeUnit.SECONDS).join();
        assertThat(untilItEnds(socket, begun)).startsWith("HTTP/1.1 413");
      }
      try (var socket = new Socket("127.0.0.1", gateway.port())) {
        socket.setSoTimeout(60_000);
        long begun = System.nanoTime();
        send(socket, upload("listens", 2 * half.length));
        write(socket, half, begun);
        var back = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        assertThat(untilLine(back, "")).startsWith("HTTP/1.1 413");
      }
      letGo.orTimeout(60, TimeUnit.SECONDS).join();
    }
  }

  private static String upload(String name, int bytes) {
    return "PUT /v1/artifacts/" + name + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: " + bytes + "\r\n\r\n";
  }

  private static void write(Socket socket, byte[] bytes, long begun) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      mayBeCut(begun, e);
    }
  }

  /// Reads to the end of the connection; the first line that came.
  private static String untilItEnds(Socket socket, long begun) throws IOException {
    var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    var first = in.readLine();
    try {
      for (var line = first; line != null;)
        line = in.readLine();
    } catch (SocketException e) {
      mayBeCut(begun, e);
    }
    return first;
  }

  /// Who still sends after so long, since the machine stood still, is cut off rightly.
  private static void mayBeCut(long begun, IOException e) {
    if (System.nanoTime() - begun < LAST_WORDS.toNanos()) throw new UncheckedIOException(e);
  }

  /// Collects what a socket says.
  private static final class Said implements WebSocket.Listener {
    private final CompletableFuture<String> text = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
      text.complete(data.toString());
      webSocket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
      closed.complete(statusCode);
      return null;
    }
  }

  @Test
  void a_socket_is_a_tunnel_and_its_refusal_comes_back_whole() {
    var uri = URI.create("ws://127.0.0.1:" + port + "/v1/agents");
    var said = new Said();
    var socket = Calls.CLIENT.newWebSocketBuilder().header("Authorization", "Bearer agent").buildAsync(uri, said)
        .orTimeout(60, TimeUnit.SECONDS).join();
    socket.sendText("hello", true).orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(said.text.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo("hello!");
    socket.sendClose(1000, "done").orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(said.closed.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(1000);
    var refused = Calls.CLIENT.newWebSocketBuilder().buildAsync(uri, new Said()).handle((_, e) -> ((CompletionException) e).getCause())
        .orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(refused).isInstanceOfSatisfying(WebSocketHandshakeException.class, e -> {
      HttpResponse<?> answer = e.getResponse();
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    });
  }

  @Test
  void a_replica_that_is_away_is_passed_over_and_a_service_that_is_away_is_503() {
    for (int i = 0; i < 4; i++)
      assertThat(Calls.send(Calls.to(port, "/v1/approval-requests").POST(BodyPublishers.ofString("{}"))).statusCode()).isEqualTo(201);
    try (var alone = GatewayService.start(NODE, Real.fresh().gateway())) {
      assertThat(Calls.send(Calls.to(alone.port(), HEARTBEATS).POST(BodyPublishers.ofString("{}"))).statusCode()).isEqualTo(503);
      var answer = Calls.send(Calls.to(alone.port(), "/v1/rollouts").POST(BodyPublishers.ofString("{}")));
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      assertThat(Calls.json(answer).path("detail").asText()).contains("rollout-service");
      var ready = Calls.send(Calls.anonymous(alone.port(), "/readyz"));
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(Calls.json(ready).path("away").properties()).extracting(Map.Entry::getKey).contains("planner-service", "approval-service",
          "rollout-service", "health-service");
      var refused = Calls.CLIENT.newWebSocketBuilder().buildAsync(URI.create("ws://127.0.0.1:" + alone.port() + "/v1/agents"), new Said())
          .handle((_, e) -> ((WebSocketHandshakeException) e.getCause()).getResponse().statusCode()).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(refused).isEqualTo(503);
    }
  }

  @Test
  void the_page_is_there_and_lets_nothing_foreign_in() {
    for (var place : List.of("/app/", "/app/approvals", "/app/system/operations", "/app/fleet", "/app/events")) {
      var page = Calls.send(Calls.anonymous(port, place));
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.body()).contains("<title>Sluice").doesNotContain("<style", "style=", "onclick", "http://", "https://");
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow()).contains("default-src 'none'", "script-src 'self'")
          .doesNotContain("unsafe");
      assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    }
    assertThat(Calls.send(Calls.anonymous(port, "/")).headers().firstValue("Location")).hasValue("/app/");
    assertThat(Calls.send(Calls.anonymous(port, "/app/assets/app.js")).headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/javascript");
  }

  @Test
  void there_is_no_model_context_protocol_yet() {
    assertThat(Calls.send(Calls.anonymous(port, "/mcp").POST(BodyPublishers.noBody())).statusCode()).isEqualTo(401);
    assertThat(Calls.send(Calls.to(port, "/mcp").POST(BodyPublishers.noBody())).statusCode()).isEqualTo(404);
  }
}
