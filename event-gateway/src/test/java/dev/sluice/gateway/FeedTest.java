package dev.sluice.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.Node;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import dev.sluice.gateway.domain.Envelope;
import dev.sluice.gateway.store.EventLog;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.junit5.Timeout;
import io.vertx.junit5.VertxExtension;
import io.vertx.junit5.VertxTestContext;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The event log over REST, the socket and server-sent events, on a real PostgreSQL.
@ExtendWith(VertxExtension.class)
class FeedTest {
  /// Kept, since Vert.x closes a client that nobody refers to, with its connections.
  private WebSocketClient crowd;
  private static final Instant AT = Instant.parse("2026-01-01T00:00:00Z");
  private static final Node NODE = Node.alone();
  private static final Real REAL = Real.fresh();
  private static final GatewayService GATEWAY = GatewayService.start(NODE, REAL.gateway());
  private static final Db DB = Db.open(NODE.vertx(), REAL.gatewayService());
  private static final EventLog LOG = new EventLog(DB);
  private static final int PORT = GATEWAY.port();

  @AfterAll
  static void close() {
    DB.close();
    GATEWAY.close();
    NODE.close();
  }

  /// Appends a pause of the rollout, once for each place; long ones fill connections.
  private static void append(String rollout, int from, int to, String comment) {
    var scope = new Scope(new RolloutId(rollout), new TemplateId("web"), new ModuleId("nginx"));
    var origin = new Envelope.Origin(Topics.ROLLOUT, rollout, 1);
    for (int at = from; at <= to; at += 500)
      LOG.append(Topics.ROLLOUT, IntStream.rangeClosed(at, Math.min(to, at + 499))
          .mapToObj(i -> new EventLog.Told(i, Envelope.of(origin, i, AT, "system", scope, new RolloutEvent.Paused("anna", comment))))
          .toList());
  }

  private static void append(String rollout, int from, int to) { append(rollout, from, to, "because"); }

  private static List<Long> ids(JsonNode page) { return page.path("events").valueStream().map(e -> e.path("id").asLong()).toList(); }

  private static List<Long> from(long first, int count) { return LongStream.range(first, first + count).boxed().toList(); }

  @Test
  void an_event_has_its_envelope_and_its_own_fields() {
    append("envelope", 1, 1);
    var event = Calls.get(PORT, "/v1/events?rollout_id=envelope").path("events").path(0);
    assertThat(event.path("id").isTextual()).isTrue();
    assertThat(event.toString().replaceFirst("\"id\":\"\\d+\"", "\"id\":\"1\"")).isEqualTo("""
        {"id":"1","kind":"module.upgrade.paused","severity":"warning","occurred_at":"2026-01-01T00:00:00Z","rollout_id":"envelope",\
        "template_id":"web","module_id":"nginx","actor":"anna","stream_seq":1,"comment":"because"}""");
  }

  @Test
  void pages_go_on_behind_a_cursor_and_the_newest_come_first_without_one() {
    append("pages", 1, 5);
    var newest = Calls.get(PORT, "/v1/events?rollout_id=pages&limit=2");
    assertThat(newest.path("events").valueStream().map(e -> e.path("stream_seq").asInt())).containsExactly(5, 4);
    var first = Calls.get(PORT, "/v1/events?rollout_id=pages&limit=3&after=0");
    assertThat(first.path("events").valueStream().map(e -> e.path("stream_seq").asInt())).containsExactly(1, 2, 3);
    var second = Calls.get(PORT, "/v1/events?rollout_id=pages&after=" + first.path("next_cursor").asText());
    assertThat(second.path("events").valueStream().map(e -> e.path("stream_seq").asInt())).containsExactly(4, 5);
    var third = Calls.get(PORT, "/v1/events?rollout_id=pages&after=" + second.path("next_cursor").asText());
    assertThat(third.path("events")).isEmpty();
    assertThat(third.path("next_cursor")).isEqualTo(second.path("next_cursor"));
    assertThat(newest.path("next_cursor").asLong()).isGreaterThanOrEqualTo(second.path("next_cursor").asLong());
    assertThat(Calls.get(PORT, "/v1/events?kind_prefix=module.upgrade.p&rollout_id=pages").path("events")).hasSize(5);
    assertThat(Calls.get(PORT, "/v1/events?kind_prefix=module.upgrade.r&rollout_id=pages").path("events")).isEmpty();
  }

  @Test
  void a_filter_by_kind_keeps_the_order_of_all_kinds_together() {
    var scope = new Scope(new RolloutId("kinds"), new TemplateId("web"), new ModuleId("nginx"));
    var origin = new Envelope.Origin(Topics.ROLLOUT, "kinds", 1);
    LOG.append(Topics.ROLLOUT, IntStream.rangeClosed(1, 9)
        .mapToObj(i -> new EventLog.Told(i, Envelope.of(origin, i, AT, "system", scope,
            i % 3 == 0 ? new RolloutEvent.Paused("anna", null) : new RolloutEvent.Resumed("anna", null))))
        .toList());
    assertThat(places("rollout_id=kinds&after=0&limit=4")).containsExactly(1, 2, 3, 4);
    assertThat(places("rollout_id=kinds&after=0&kind_prefix=module.upgrade")).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(places("rollout_id=kinds&kind_prefix=module.upgrade.p")).containsExactly(9, 6, 3);
    assertThat(places("rollout_id=kinds&kind_prefix=module.upgrade.resumed&after=0&limit=3")).containsExactly(1, 2, 4);
    assertThat(places("rollout_id=kinds&kind_prefix=module_upgrade")).isEmpty();
    assertThat(places("rollout_id=kinds&kind_prefix=module.upgrade.resumed.")).isEmpty();
    long before = LOG.last() - 9;
    assertThat(places("kind_prefix=module.upgrade.&limit=9&after=" + before)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(places("kind_prefix=module.upgrade.paused&limit=2&after=" + before)).containsExactly(3, 6);
    assertThat(places("kind_prefix=policy.&after=" + before)).isEmpty();
  }

  private static List<Integer> places(String query) {
    return Calls.get(PORT, "/v1/events?" + query).path("events").valueStream().map(e -> e.path("stream_seq").asInt()).toList();
  }

  @Test
  void a_repeat_is_dropped_and_a_new_epoch_begins_anew() {
    append("repeat", 1, 3);
    append("repeat", 2, 4);
    assertThat(Calls.get(PORT, "/v1/events?rollout_id=repeat&after=0").path("events").valueStream().map(e -> e.path("stream_seq").asInt()))
        .containsExactly(1, 2, 3, 4);
    var restored = Envelope.of(new Envelope.Origin(Topics.ROLLOUT, "repeat", 2), 3, AT, null,
        new Scope(new RolloutId("repeat"), null, null),
        new RolloutEvent.Resumed("bo", null));
    assertThat(LOG.append(Topics.ROLLOUT, List.of(new EventLog.Told(3, restored)))).isEqualTo(1);
    assertThat(LOG.append(Topics.ROLLOUT, List.of(new EventLog.Told(3, restored)))).isZero();
  }

  @Test
  void bad_input_is_refused_all_at_once() {
    var answer = Calls.send(Calls.to(PORT, "/v1/events?after=-1&limit=0&colour=red"));
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(Calls.json(answer).path("errors").valueStream().map(e -> e.path("field").asText())).containsExactlyInAnyOrder("after",
        "limit", "colour");
    assertThat(Calls.send(Calls.to(PORT, "/v1/events/stream?after=x")).statusCode()).isEqualTo(400);
    assertThat(Calls.send(Calls.to(PORT, "/v1/events/stream").header("Last-Event-ID", "x")).statusCode()).isEqualTo(400);
    assertThat(Calls.send(Calls.anonymous(PORT, "/v1/events")).statusCode()).isEqualTo(401);
    assertThat(Calls.send(Calls.anonymous(PORT, "/v1/events/stream")).statusCode()).isEqualTo(401);
    assertThat(Calls.send(Calls.to(PORT, "/v1/events").DELETE()).statusCode()).isEqualTo(405);
  }

  @Test
  void an_instance_neither_writes_events_nor_reads_them() {
    append("others", 1, 3);
    long newest = LOG.last();
    var token = "Bearer " + NODE.ids().instanceToken();
    var asked = Calls.send(Calls.anonymous(PORT, "/v1/events/stream?access_token=" + token.substring(7)));
    assertThat(asked.statusCode()).isEqualTo(403);
    for (var path : List.of("/v1/events", "/v1/events?rollout_id=others", "/v1/events/stream")) {
      var refused = Calls.send(Calls.anonymous(PORT, path).header("Authorization", token));
      assertThat(refused.statusCode()).as(path).isEqualTo(403);
      assertThat(Calls.json(refused).path("permission").asText()).isEqualTo("event.read");
    }
    for (var method : List.of("POST", "PUT", "PATCH", "DELETE"))
      for (var path : List.of("/v1/events", "/v1/events/stream", "/v1/events/1"))
        assertThat(Calls.send(Calls.anonymous(PORT, path).header("Authorization", token).header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString("{\"kind\":\"module.upgrade.completed\",\"rollout_id\":\"others\"}"))).statusCode())
            .as(method + " " + path).isIn(403, 404, 405);
    assertThat(LOG.last()).isEqualTo(newest);
  }

  @Test
  @Timeout(value = 100, timeUnit = TimeUnit.SECONDS)
  void each_of_many_readers_is_shown_every_event_once_in_order(Vertx vertx, VertxTestContext test) {
    append("crowd", 1, 50);
    var readers = test.checkpoint(20);
    var address = new WebSocketConnectOptions().setHost("127.0.0.1").setPort(PORT).setURI("/v1/events/stream?rollout_id=crowd&after=0")
        .putHeader("Authorization", "Bearer test");
    crowd = vertx.createWebSocketClient();
    for (int i = 0; i < 20; i++)
      crowd.connect(address).onComplete(test.succeeding(socket -> {
        var seen = new ArrayList<Long>();
        socket.textMessageHandler(frame -> test.verify(() -> {
          Json.mapper().readTree(frame).path("events").forEach(e -> seen.add(e.path("stream_seq").asLong()));
          assertThat(seen).isEqualTo(from(1, seen.size()));
          if (seen.size() == 100) socket.close().onComplete(_ -> readers.flag());
        }));
      }));
    append("crowd", 51, 100);
  }

  @Test
  void a_cursor_that_the_log_does_not_reach_is_refused_rather_than_waited_for() {
    append("ahead", 1, 1);
    long ahead = ids(Calls.get(PORT, "/v1/events?rollout_id=ahead")).getFirst() + 1_000_000;
    for (var call : List.of(Calls.to(PORT, "/v1/events?after=" + ahead), Calls.to(PORT, "/v1/events/stream?after=" + ahead),
        Calls.to(PORT, "/v1/events/stream").header("Last-Event-ID", Long.toString(ahead)))) {
      var answer = Calls.send(call);
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(Calls.json(answer).at("/errors/0/message").asText()).contains("newest event");
    }
    assertThatThrownBy(() -> Stream.open(Calls.CLIENT, PORT, "?after=" + ahead)).rootCause().hasMessageContaining("400");
    // another replica has told of an event that this one has not read yet
    append("ahead", 2, 2);
    long newest = LOG.last();
    try (var stream = Stream.open(Calls.CLIENT, PORT, "?after=" + newest)) {
      append("ahead", 3, 3);
      await().atMost(Duration.ofSeconds(60)).until(() -> !stream.ids().isEmpty());
      assertThat(stream.ids().getFirst()).isEqualTo(newest + 1);
    }
  }

  @Test
  void a_socket_shows_first_what_was_missed_then_what_comes() {
    append("socket", 1, 1_500);
    long first = ids(Calls.get(PORT, "/v1/events?rollout_id=socket&after=0&limit=1")).getFirst();
    try (var stream = Stream.following(Calls.CLIENT, PORT, "?rollout_id=socket&kind_prefix=module.&after=", "0")) {
      await().atMost(Duration.ofSeconds(60)).until(() -> stream.ids().size() >= 1_500);
      append("another", 1, 1);
      append("socket", 1_501, 1_510);
      await().atMost(Duration.ofSeconds(60)).until(() -> stream.ids().size() >= 1_510);
      assertThat(stream.events()).extracting(e -> e.path("stream_seq").asLong()).containsExactlyElementsOf(from(1, 1_510));
      assertThat(stream.ids().getFirst()).isEqualTo(first);
      assertThat(stream.frames).allSatisfy(frame -> assertThat(frame.path("cursor").asText())
          .isEqualTo(frame.path("events").path(frame.path("events").size() - 1).path("id").asText()));
    }
  }

  @Test
  void a_socket_without_a_cursor_is_told_where_it_begins() {
    append("begins", 1, 3);
    try (var stream = Stream.open(Calls.CLIENT, PORT, "")) {
      await().atMost(Duration.ofSeconds(60)).until(() -> !stream.frames.isEmpty());
      assertThat(stream.frames.getFirst().path("events")).isEmpty();
      append("begins", 4, 4);
      await().atMost(Duration.ofSeconds(60)).until(() -> stream.frames.size() > 1);
      assertThat(stream.ids().getFirst()).isGreaterThan(stream.frames.getFirst().path("cursor").asLong());
    }
  }

  @Test
  void a_browser_gives_its_token_as_a_subprotocol_or_a_parameter() {
    var uri = URI.create("ws://127.0.0.1:" + PORT + "/v1/events/stream");
    var socket = Calls.CLIENT.newWebSocketBuilder().subprotocols("sluice.v1", "bearer.t0ken").buildAsync(uri, new WebSocket.Listener() {
    })
        .orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(socket.getSubprotocol()).isEqualTo("sluice.v1");
    socket.abort();
    var other = Calls.CLIENT.newWebSocketBuilder().buildAsync(URI.create(uri + "?access_token=t0ken"), new WebSocket.Listener() {
    })
        .orTimeout(60, TimeUnit.SECONDS).join();
    other.abort();
  }

  private static final String HANDSHAKE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  @Test
  void a_token_that_can_be_none_is_no_token() {
    for (var token : List.of("t0ken%0A", "%20t0ken"))
      assertThat(status("?access_token=" + token + "&after=x")).as(token).isEqualTo(400);
    for (var token : List.of("a%0Ab", "a%20b", "a%00", "%7F", "%C3%A4", "%20"))
      assertThat(status("?access_token=" + token)).as(token).isEqualTo(401);
  }

  private static int status(String query) { return Calls.send(Calls.anonymous(PORT, "/v1/events/stream" + query)).statusCode(); }

  @Test
  void a_handshake_that_is_none_is_told_what_is_wrong() throws IOException {
    for (var wrong : List.of("", "Sec-WebSocket-Version: 14\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Version: 13\r\n"))
      try (var client = new Sleeper().ask(0, "Upgrade: websocket\r\nConnection: Upgrade\r\n" + wrong)) {
        assertThat(client.head()).as(wrong).startsWith("HTTP/1.1 400").contains("application/problem+json",
            "Sec-WebSocket-Version: 13\r\n");
      }
  }

  /// The answers to its pings are held back by nothing that is unread.
  @Test
  void a_reader_that_pings_and_does_not_read_is_cut_off() throws Exception {
    append("pinged", 1, 1);
    await().atMost(Duration.ofSeconds(60)).until(() -> !ids(Calls.get(PORT, "/v1/events?rollout_id=pinged&after=0&limit=1")).isEmpty());
    try (var deaf = new Sleeper().ask(ids(Calls.get(PORT, "/v1/events?limit=1")).getFirst(), HANDSHAKE)) {
      deaf.head();
      assertThat(deaf.pingsUntilItIsLeft(40 << 20)).isTrue();
    }
  }

  /// A client that does not read, with small buffers; then what it finds.
  private static final class Sleeper implements AutoCloseable {
    private final Socket socket = new Socket();

    Sleeper() throws IOException {
      socket.setReceiveBufferSize(4_096);
      socket.setSoTimeout(60_000);
      socket.connect(new InetSocketAddress("127.0.0.1", PORT));
    }

    Sleeper ask(long after, String headers) {
      try {
        socket.getOutputStream()
            .write(("GET /v1/events/stream?after=" + after + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n" + headers + "\r\n")
                .getBytes(StandardCharsets.UTF_8));
        return this;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// @param most bytes
    boolean pingsUntilItIsLeft(int most) {
      var pings = new byte[1_000 * 131];
      for (int at = 0; at < pings.length; at += 131) {
        pings[at] = (byte) 0x89;
        pings[at + 1] = (byte) (0x80 | 125); // masked by zeros
      }
      try {
        for (int sent = 0; sent < most; sent += pings.length)
          socket.getOutputStream().write(pings);
        return false;
      } catch (IOException e) {
        return true;
      }
    }

    /// Whether the other side has closed, though there may be much left to read.
    boolean isLeft() {
      try {
        socket.getOutputStream().write('\n');
        return false;
      } catch (IOException e) {
        return true;
      }
    }

    /// The text frames up to the close frame, and its code (RFC 6455, 5.2).
    List<String> wakeUp() throws IOException {
      var in = socket.getInputStream();
      head();
      var frames = new ArrayList<String>();
      while (true) {
        int opcode = in.read() & 0x0f;
        int length = in.read() & 0x7f;
        if (length == 126) length = in.read() << 8 | in.read();
        else if (length == 127) length = (int) new DataInputStream(in).readLong();
        var body = in.readNBytes(length);
        if (opcode == 1) frames.add(new String(body, StandardCharsets.UTF_8));
        if (opcode == 8) {
          frames.add("closed " + ((body[0] & 0xff) << 8 | body[1] & 0xff));
          return frames;
        }
      }
    }

    String head() throws IOException {
      var in = socket.getInputStream();
      var head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n"))
        head.write(in.read());
      return head.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void a_reader_that_is_too_slow_is_told_its_cursor_and_misses_nothing_when_it_comes_back() throws Exception {
    append("slow", 1, 1);
    long first = ids(Calls.get(PORT, "/v1/events?rollout_id=slow&after=0&limit=1")).getFirst();
    try (var sleeper = new Sleeper().ask(first - 1, HANDSHAKE)) {
      await().atMost(Duration.ofSeconds(60)).until(() -> readers() > 0);
      append("slow", 2, 6_000, "x".repeat(1_500));
      await().atMost(Duration.ofSeconds(60)).until(() -> readers() == 0);
      var frames = sleeper.wakeUp();
      assertThat(frames.getLast()).isEqualTo("closed 1008");
      var last = Json.mapper().readTree(frames.get(frames.size() - 2));
      assertThat(last.path("error").asText()).isEqualTo("too_slow");
      var seen = new ArrayList<Long>();
      for (var frame : frames.subList(0, frames.size() - 2))
        seen.addAll(ids(Json.mapper().readTree(frame)));
      assertThat(seen.getLast()).isEqualTo(last.path("cursor").asLong());
      try (var again = Stream.following(Calls.CLIENT, PORT, "?after=", last.path("cursor").asText())) {
        await().atMost(Duration.ofSeconds(60))
            .until(() -> !again.events().isEmpty() && again.events().getLast().path("stream_seq").asInt() >= 6_000);
        seen.addAll(again.ids());
      }
      assertThat(seen).containsExactlyElementsOf(from(first, seen.size()));
    }
  }

  @Test
  void a_reader_that_takes_nothing_any_more_is_left() throws Exception {
    append("deaf", 1, 1);
    long first = ids(Calls.get(PORT, "/v1/events?rollout_id=deaf&after=0&limit=1")).getFirst();
    try (var sleeper = new Sleeper().ask(first - 1, "")) {
      await().atMost(Duration.ofSeconds(60)).until(() -> readers() > 0);
      append("deaf", 2, 6_000, "x".repeat(1_500));
      await().atMost(Duration.ofSeconds(60)).until(() -> readers() == 0);
      await().atMost(Duration.ofSeconds(60)).until(sleeper::isLeft);
    }
  }

  @Test
  void who_goes_while_his_cursor_is_looked_up_is_no_reader() throws IOException {
    append("ahead-of-all", 1, 1);
    await().atMost(Duration.ofSeconds(60)).until(() -> readers() == 0);
    long ahead = LOG.last() + 1;
    try (var stays = new Sleeper(); var goes = new Sleeper()) {
      DB.doInTransaction(tx -> {
        tx.query("lock table event_counter in access exclusive mode");
        goes.ask(ahead, "");
        stays.ask(ahead, "");
        await().pollInSameThread().atMost(Duration.ofSeconds(60)).until(() -> {
          tx.query("select 1"); // a transaction that says nothing is ended
          return lookUps() == 2;
        });
        goes.close();
        // behind it on the same port: it has been seen by then
        readers();
        readers();
        tx.query("""
            insert into event_log (id, topic, stream, epoch, stream_seq, kind, severity, occurred_at, rollout_id, fields)
            select $1::bigint, topic, stream, epoch, stream_seq + 1, kind, severity, occurred_at, rollout_id, fields from event_log where id = $1 - 1
            """, ahead);
        tx.query("update event_counter set last = $1", ahead);
      });
      assertThat(stays.head()).startsWith("HTTP/1.1 200");
      assertThat(readers()).isEqualTo(1);
    }
  }

  private static long lookUps() {
    return DB.query("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1",
        "select last from event_counter%").rowCount();
  }

  private static double readers() {
    return Calls.send(Calls.anonymous(PORT, "/metrics")).body().lines().filter(line -> line.startsWith("sluice_feed_readers"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
  }

  @Test
  void server_sent_events_resume_by_the_last_id() {
    append("sse", 1, 40);
    var first = sse("?rollout_id=sse&after=0", null, 20);
    assertThat(first).extracting(e -> e.path("stream_seq").asLong()).containsExactlyElementsOf(from(1, 20));
    append("sse", 41, 45);
    // a browser comes back to the same address, with the cursor of its first call
    var second = sse("?rollout_id=sse&after=0", first.getLast().path("id").asText(), 25);
    assertThat(second).extracting(e -> e.path("stream_seq").asLong()).containsExactlyElementsOf(from(21, 25));
  }

  private static List<JsonNode> sse(String query, String lastId, int count) {
    var call = Calls.to(PORT, "/v1/events/stream" + query).header("Accept", "text/event-stream").header("Accept-Encoding", "gzip");
    if (lastId != null) call.header("Last-Event-ID", lastId);
    var answer = Calls.send(call, BodyHandlers.ofLines());
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
    try (var lines = answer.body()) {
      return lines.filter(line -> line.startsWith("data: ")).limit(count).map(line -> {
        try {
          return Json.mapper().readTree(line.substring(6));
        } catch (JsonProcessingException e) {
          throw new IllegalStateException(e);
        }
      }).toList();
    }
  }
}
