package dev.sluice.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Node;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What callers say that no client of ours would.
class ForwarderTest {
  private static final Node NODE = Node.alone();
  private static final Vertx VERTX = NODE.vertx();
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final AtomicInteger OPEN = new AtomicInteger();
  private static final List<String> ACTORS = new CopyOnWriteArrayList<>();
  private static Forwarder forwarder;
  private static int port;

  @BeforeAll
  static void start() {
    forwarder = new Forwarder(VERTX, Duration.ofSeconds(1));
    var there = listen(VERTX.createHttpServer(new HttpServerOptions().setHost("127.0.0.1")).connectionHandler(connection -> {
      OPEN.incrementAndGet();
      connection.closeHandler(_ -> OPEN.decrementAndGet());
    }).requestHandler(ForwarderTest::answer));
    var upstream = new Upstream("service", List.of(URI.create("http://127.0.0.1:" + there)));
    var router = Router.router(VERTX);
    router.route().handler(context -> {
      context.put("request_id", "r");
      if (context.request().path().endsWith("/heartbeats")) forwarder.forwardTwice(context, upstream, Duration.ofSeconds(20));
      else
        forwarder.forward(context, upstream);
    });
    port = listen(VERTX.createHttpServer(new HttpServerOptions().setHost("127.0.0.1")).requestHandler(router));
  }

  @AfterAll
  static void close() {
    forwarder.close();
    NODE.close();
  }

  private static int listen(HttpServer server) { return Await.on(server.listen(0), SOON, "a server").actualPort(); }

  private static void answer(HttpServerRequest request) {
    ACTORS.add(String.valueOf(request.getHeader("X-Sluice-Actor")));
    if (request.path().equals("/greets")) request.toWebSocket().onSuccess(socket -> socket.writeTextMessage("hello"));
    else
      request.response().setStatusCode(401).end("who are you");
  }

  @Test
  void a_refused_handshake_holds_no_connection() throws Exception {
    int before = OPEN.get();
    for (int i = 0; i < 20; i++)
      assertThat(said("GET /v1/agents HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "who are you"))
          .startsWith("HTTP/1.1 401");
    await().atMost(SOON).until(() -> OPEN.get() <= before);
  }

  @Test
  void a_handshake_may_name_more_than_the_upgrade() throws Exception {
    assertThat(said("""
        GET /greets HTTP/1.1\r
        Host: x\r
        Connection: keep-alive, Upgrade\r
        Upgrade: websocket\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        \r
        """, "hello")).startsWith("HTTP/1.1 101").endsWith("hello");
  }

  @Test
  void a_small_body_that_is_kept_has_to_come_in_time() throws Exception {
    assertThat(said("POST /v1/instances/i/heartbeats HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", "too-slow"))
        .startsWith("HTTP/1.1 408");
  }

  @Test
  void who_a_proxy_in_front_says_that_he_is_he_cannot_unsay() throws Exception {
    said("GET /v1/rollouts HTTP/1.1\r\nHost: x\r\nX-Sluice-Actor: ann\r\nConnection: X-Sluice-Actor\r\n\r\n", "who are you");
    assertThat(ACTORS).contains("ann");
  }

  /// What is said to these words, up to others.
  private static String said(String words, String end) throws IOException {
    var said = new StringBuilder();
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout((int) SOON.toMillis());
      socket.getOutputStream().write(words.getBytes(StandardCharsets.UTF_8));
      while (said.indexOf(end) < 0) {
        int next = socket.getInputStream().read();
        if (next < 0) return said.toString();
        said.append((char) next);
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("no end of: " + said, e);
    }
    return said.toString();
  }
}
