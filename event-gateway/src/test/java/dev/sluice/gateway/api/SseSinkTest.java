package dev.sluice.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a reader of server-sent events is told last, on a real connection.
class SseSinkTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() { vertx.close().await(); }

  @Test
  void the_last_words_are_the_end_of_the_connection() throws Exception {
    var router = Router.router(vertx);
    router.get().handler(context -> {
      var sink = new SseSink(context, Duration.ofHours(1));
      sink.open(1);
      sink.fail("too_slow", 7);
    });
    int port = vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1").await().actualPort();
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .containsIgnoringCase("Connection: close").contains("event: too_slow\ndata: {\"error\":\"too_slow\",\"cursor\":\"7\"}");
    }
  }
}
