package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import dev.sluice.standalone.SharedWorld;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// The live feed against a real WebSocket server that cuts it off.
@Execution(CONCURRENT)
@ExtendWith(SharedWorld.Successor.class)
class EventStreamTest {
  private final Vertx vertx = Vertx.vertx();
  private final List<String> connections = new CopyOnWriteArrayList<>();
  private final List<String> shown = new CopyOnWriteArrayList<>();
  private final List<String> notes = new CopyOnWriteArrayList<>();
  /// What comes behind event 7 on the first connection.
  private String last = "{\"error\": \"too_slow\", \"cursor\": \"7\"}";
  private Thread follower;

  @AfterEach
  void close() throws Exception {
    follower.interrupt();
    follower.join(10_000);
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void a_feed_that_is_cut_off_goes_on_behind_the_last_event_seen() throws Exception {
    goesOnBehindTheLastEventSeen();
  }

  @Test
  void a_frame_that_is_no_json_repeats_nothing() throws Exception {
    last = "not json";
    goesOnBehindTheLastEventSeen();
    assertThat(notes).containsExactly("The connection is lost; trying again for a minute.");
  }

  private void goesOnBehindTheLastEventSeen() throws Exception {
    var server = vertx.createHttpServer().webSocketHandler(this::serve).listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture()
        .get(10,
            TimeUnit.SECONDS);
    var api = new Api(URI.create("http://127.0.0.1:" + server.actualPort()), "secret", "maria", why -> {});
    var stream = new EventStream(api, Map.of("kind_prefix", "module."), event -> shown.add(Text.of(event, "id")), notes::add);
    follower = Thread.startVirtualThread(() -> {
      try {
        stream.follow("4");
      } catch (InterruptedException ended) {
        Thread.currentThread().interrupt();
      }
    });
    await().atMost(30, TimeUnit.SECONDS).until(() -> shown.contains("8"));
    assertThat(shown).containsExactly("5", "6", "7", "8");
    assertThat(connections).startsWith("/v1/events/stream?kind_prefix=module.&after=4 Bearer secret",
        "/v1/events/stream?kind_prefix=module.&after=7 Bearer secret");
  }

  /// A handshake has no words of its own.
  @Test
  void a_feed_that_is_refused_says_what_the_log_says() throws Exception {
    follower = new Thread();
    var server = vertx.createHttpServer().requestHandler(request -> {
      boolean socket = request.path().endsWith("/stream");
      request.response().setStatusCode(400).end(socket ? "" : "{\"status\": 400, \"detail\": \"begin anew\"}");
    }).listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    var api = new Api(URI.create("http://127.0.0.1:" + server.actualPort()), "secret", "maria", why -> {});
    var stream = new EventStream(api, Map.of(), _ -> {}, notes::add);
    assertThatThrownBy(() -> stream.follow("4")).isInstanceOf(Failure.Refused.class).hasMessage("begin anew");
  }

  private void serve(ServerWebSocket socket) {
    var query = socket.query().contains("after=4") ? 4 : 7;
    connections.add(socket.path() + "?" + socket.query() + " " + socket.headers().get("Authorization"));
    if (query == 4) {
      socket.writeTextMessage("{\"events\": [{\"id\": \"5\"}, {\"id\": \"6\"}], \"cursor\": \"6\"}");
      socket.writeTextMessage("{\"events\": [{\"id\": \"7\"}], \"cursor\": \"7\"}");
      socket.writeTextMessage(last).onComplete(_ -> socket.close((short) 1008));
    } else
      socket.writeTextMessage("{\"events\": [{\"id\": \"8\"}], \"cursor\": \"8\"}");
  }
}
