package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// By itself, since it waits: it runs beside the others.
class SlowCallerTest {
  private static final Node NODE = Node.alone();

  @AfterAll
  static void end() { NODE.close(); }

  @Test
  @Timeout(200)
  void who_sends_a_body_or_a_head_a_byte_at_a_time_is_told_or_cut_off_in_time() throws Exception {
    try (var c = Chassis.open(NODE, Real.config("planner"))) {
      var http = c.http("openapi/test.yaml").patience(Duration.ofMillis(600), Duration.ofMillis(900))
          .on("createThing", _ -> Answer.noContent()).on("getThing", _ -> Answer.noContent());
      http.router().route("/echo")
          .handler(context -> context.request().toWebSocket().onSuccess(s -> s.textMessageHandler(s::writeTextMessage)));
      int port = http.listen();
      var echoed = new CompletableFuture<String>();
      var socket = HttpClient.newHttpClient().newWebSocketBuilder()
          .buildAsync(URI.create("ws://127.0.0.1:" + port + "/echo"), new WebSocket.Listener() {
            @Override
            public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
              echoed.complete(text.toString());
              return null;
            }
          }).join();
      var head = "POST /v1/things/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\n";
      assertThat(trickled(port, head + "Content-Length: 900\r\n\r\n")).contains(" 408 ", "problems/too-slow", "Connection: close");
      assertThat(trickled(port, head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n5\r\n")).contains(" 408 ");
      assertThat(trickled(port, "GET /v1/")).as("a head that never ends").isEmpty();
      assertThat(trickled(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/")).as("nor one behind an answer")
          .contains(" 200 ")
          .doesNotContain(" 408 ");
      socket.sendText("still here", true).join();
      assertThat(echoed.orTimeout(20, TimeUnit.SECONDS).join()).as("a socket owes no request").isEqualTo("still here");
    }
  }

  /// What comes back until the other side ends it, while a space is sent ten times a second.
  private static String trickled(int port, String begin) throws IOException {
    var said = new StringBuilder();
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(100);
      socket.getOutputStream().write(begin.getBytes(StandardCharsets.UTF_8));
      for (int quiet = 0; quiet < 200;)
        try {
          int next = socket.getInputStream().read();
          if (next < 0) return said.toString();
          said.append((char) next);
        } catch (SocketTimeoutException nothing) {
          quiet++;
          socket.getOutputStream().write(' ');
        }
      throw new AssertionError("it was borne for 20 s: " + said);
    } catch (SocketException cut) {
      return said.toString();
    }
  }
}
