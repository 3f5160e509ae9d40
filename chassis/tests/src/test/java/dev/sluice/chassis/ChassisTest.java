package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.Ask;
import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.Problem;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Journal, desk, relay, inbox, asks and porch on a real PostgreSQL and a real Kafka.
class ChassisTest {
  private static final Node NODE = Node.alone();
  private static final Kinds KINDS = new Kinds(FleetEvent.class);
  private static final Duration SOON = Duration.ofSeconds(100);
  private final List<AutoCloseable> open = new ArrayList<>();

  /// Counts enrolments of one instance: each command wants the count to be `to`.
  record Enrol(int to) {}

  static final class Counting implements Decider<Integer, Enrol, FleetEvent> {
    @Override
    public Integer initial() { return 0; }

    @Override
    public Decision<FleetEvent> decide(Integer state, Enrol command) {
      if (command.to() < 0) return Decision.refused(Problem.conflict("less than nothing", Map.of()));
      if (command.to() <= state) return Decision.nothing();
      return Decision.accepted(IntStream.rangeClosed(state + 1, command.to())
          .mapToObj(i -> new FleetEvent.InstanceEnrolled(new InstanceId("i"), new TemplateId("t"), "n" + i)).toList());
    }

    @Override
    public Integer evolve(Integer state, FleetEvent event) { return state + 1; }
  }

  private Chassis chassis(ServiceConfig config) {
    var chassis = Chassis.open(NODE, config);
    open.add(chassis);
    return chassis;
  }

  private static Desk<Integer, Enrol, FleetEvent> desk(Chassis c, Desk.View<Integer, Enrol, FleetEvent> view) {
    return desk(c, c.journal(), view);
  }

  private static Desk<Integer, Enrol, FleetEvent> desk(Chassis c, Journal journal, Desk.View<Integer, Enrol, FleetEvent> view) {
    return desk(c, journal, c.clock(), view);
  }

  private static Desk<Integer, Enrol, FleetEvent> desk(Chassis c, Journal journal, InstantSource clock,
      Desk.View<Integer, Enrol, FleetEvent> view) {
    return new Desk<>(c.db(), journal, clock, new Counting(),
        new Desk.Stream<>(Topics.INSTANCE, KINDS, (stream, _) -> stream, _ -> Scope.NONE, view, s -> s));
  }

  private static Desk<Integer, Enrol, FleetEvent> desk(Chassis c) { return desk(c, (_, _) -> {}); }

  @AfterEach
  void close() throws Exception {
    for (var thing : open.reversed())
      thing.close();
  }

  @AfterAll
  static void end() { NODE.close(); }

  @Test
  void decides_appends_and_tells_in_order_and_a_repeat_tells_nothing() {
    var c = chassis(Real.config("planner"));
    var told = Collections.synchronizedList(new ArrayList<Message>());
    c.inbox(Topics.INSTANCE, KINDS, told::addAll);
    var desk = desk(c);
    assertThat(desk.handle("i", new Enrol(3), "anna").orThrow().end()).isEqualTo(new Journal.Position(3, 3));
    assertThat(desk.handle("i", new Enrol(3), "anna").orThrow().events()).isEmpty();
    assertThat(desk.handle("i", new Enrol(-1), "anna")).isInstanceOf(Desk.Refused.class);
    desk.handle("i", new Enrol(5), "anna").orThrow();
    await().atMost(SOON).until(() -> told.size() >= 5);
    assertThat(told).extracting(Message::seq).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(told).extracting(Message::toldTo).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(told.getFirst().event()).isEqualTo(new FleetEvent.InstanceEnrolled(new InstanceId("i"), new TemplateId("t"), "n1"));
    assertThat(told.getFirst().actor()).isEqualTo("anna");
  }

  @Test
  void two_replicas_that_write_one_stream_at_once_lose_nothing_and_double_nothing() throws Exception {
    var config = Real.config("planner");
    var desks = List.of(desk(chassis(config)), desk(chassis(config)));
    var target = new AtomicInteger();
    var threads = new ArrayList<Thread>();
    for (var desk : desks)
      for (int t = 0; t < 4; t++)
        threads.add(Thread.startVirtualThread(() -> {
          for (int i = 0; i < 10; i++)
            desk.handle("i", new Enrol(target.incrementAndGet()), "x").orThrow();
        }));
    for (var thread : threads)
      assertThat(thread.join(SOON)).isTrue();
    for (var desk : desks) {
      var loaded = desk.load("i");
      assertThat(loaded.state()).isEqualTo(80);
      assertThat(loaded.end()).isEqualTo(new Journal.Position(80, 80));
    }
  }

  @Test
  void time_does_not_go_back_in_a_stream_where_the_clock_of_another_replica_is_behind() {
    var c = chassis(Real.config("planner"));
    var now = Instant.parse("2026-01-01T00:00:00Z");
    desk(c, c.journal(), () -> now, (_, _) -> {}).handle("i", new Enrol(1), "x").orThrow();
    var behind = desk(c, c.journal(), () -> now.minusMillis(50), (_, _) -> {});
    behind.handle("i", new Enrol(2), "x").orThrow();
    behind.handle("i", new Enrol(3), "x").orThrow();
    assertThat(c.journal().after("i", 0, KINDS)).extracting(Message::at).containsExactly(now, now, now);
  }

  @Test
  void a_failing_view_takes_the_events_with_it() {
    var c = chassis(Real.config("planner"));
    var broken = desk(c, (_, _) -> { throw new IllegalStateException("no view"); });
    assertThatThrownBy(() -> broken.handle("i", new Enrol(2), "x")).hasMessage("no view");
    assertThat(desk(c).load("i").end()).isEqualTo(Journal.Position.START);
  }

  @Test
  void a_statement_that_is_sent_and_fails_takes_the_transaction_with_it_and_is_what_the_caller_hears_of() {
    var db = chassis(Real.config("planner")).db();
    db.query("create table sent (n int primary key)");
    db.doInTransaction(tx -> {
      tx.send("insert into sent values (1)");
      assertThat(tx.list("select n from sent", r -> r.getInteger("n"))).as("in the order of sending").containsExactly(1);
    });
    assertThatThrownBy(() -> db.doInTransaction(tx -> {
      tx.send("insert into sent values (2)");
      tx.send("insert into sent values (1)");
    })).as("at the commit").hasMessageContaining("sent_pkey");
    assertThatThrownBy(() -> db.doInTransaction(tx -> {
      tx.send("insert into sent values (1)");
      tx.query("select n from sent");
    })).as("not that the transaction is aborted").hasMessageContaining("sent_pkey");
    assertThat(db.list("select n from sent", r -> r.getInteger("n"))).containsExactly(1);
  }

  @Test
  void an_inbox_hands_the_same_messages_over_again_until_the_handler_works_and_fresh_drops_repeats() {
    var c = chassis(Real.config("planner"));
    var failing = new AtomicBoolean(true);
    var fresh = Collections.synchronizedList(new ArrayList<Long>());
    var tries = new AtomicInteger();
    c.inbox(Topics.INSTANCE, KINDS, messages -> {
      c.db().doInTransaction(tx -> messages.stream().filter(m -> Inbox.fresh(tx, m)).forEach(m -> fresh.add(m.seq())));
      if (tries.incrementAndGet() < 3 || failing.getAndSet(false)) throw new Outage("not yet", null);
    });
    desk(c).handle("i", new Enrol(4), "x").orThrow();
    await().atMost(SOON).until(() -> !failing.get() && tries.get() >= 4);
    await().atMost(SOON).untilAsserted(() -> assertThat(fresh).containsExactly(1L, 2L, 3L, 4L));
    // a backup is restored: the last two are gone, their places are used again in a new epoch
    c.db().query("delete from journal where seq > 2");
    c.db().query("update journal_epoch set epoch = 2");
    desk(c).handle("i", new Enrol(4), "x").orThrow();
    await().atMost(SOON).untilAsserted(() -> assertThat(fresh).containsExactly(1L, 2L, 3L, 4L, 3L, 4L));
  }

  @Test
  void what_cannot_be_read_is_set_aside_and_the_rest_goes_on() {
    var config = Real.config("planner");
    var c = chassis(config);
    var told = Collections.synchronizedList(new ArrayList<Message>());
    c.inbox(Topics.INSTANCE, KINDS, told::addAll);
    c.db().query("""
        insert into journal (epoch, stream, seq, told_to, topic, key, kind, at, scope, data)
        values (1, 'odd', 1, 0, 'sluice.instance', 'odd', 'no_such_kind', now(), '{}', '{}')
        """);
    desk(c).handle("i", new Enrol(1), "x").orThrow();
    await().atMost(SOON).until(() -> told.size() == 1);
    assertThat(told.getFirst().stream()).isEqualTo("i");
    var aside = aside(config);
    assertThat(aside.key()).isEqualTo("odd");
    assertThat(aside.value()).contains("no_such_kind");
    assertThat(reason(aside)).isEqualTo("unknown kind no_such_kind");
    await().atMost(SOON).untilAsserted(() -> assertThat(c.node().metrics().scrape()).contains(
        "sluice_messages_set_aside_total{service=\"planner-service\",topic=\"sluice.instance\"} 1.0",
        "sluice_facts_published_total{kind=\"no_such_kind\",service=\"planner-service\"} 1.0"));
  }

  @Test
  void what_fails_whenever_it_is_handled_is_set_aside_and_the_rest_goes_on_in_its_order() {
    var config = Real.config("approval");
    var c = chassis(config);
    var told = Collections.synchronizedList(new ArrayList<String>());
    desk(c).handle("bad", new Enrol(1), "x").orThrow();
    desk(c).handle("good", new Enrol(3), "x").orThrow();
    c.inbox(Topics.INSTANCE, KINDS, messages -> {
      for (var m : messages) {
        if (m.stream().equals("bad")) throw new IllegalStateException("no rule for it");
        c.db().doInTransaction(tx -> {
          if (Inbox.fresh(tx, m)) told.add(m.stream() + m.seq());
        });
      }
    });
    await().atMost(SOON).untilAsserted(() -> assertThat(told).containsExactly("good1", "good2", "good3"));
    var aside = aside(config);
    assertThat(aside.key()).isEqualTo("bad");
    assertThat(reason(aside)).isEqualTo("its handling fails: java.lang.IllegalStateException: no rule for it");
  }

  private static ConsumerRecord<String, String> aside(ServiceConfig config) {
    try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", config.kafka()), new StringDeserializer(),
        new StringDeserializer())) {
      var dead = new TopicPartition(config.topicPrefix() + Topics.INSTANCE + ".dead", 0);
      consumer.assign(List.of(dead));
      consumer.seekToBeginning(List.of(dead));
      return consumer.poll(SOON).iterator().next();
    }
  }

  private static String reason(ConsumerRecord<String, String> aside) {
    return new String(aside.headers().lastHeader("reason").value(), StandardCharsets.UTF_8);
  }

  @Test
  void a_corrupt_row_is_named_by_its_position() {
    var c = chassis(Real.config("planner"));
    desk(c).handle("i", new Enrol(3), "x").orThrow();
    // or else the relay meets the row too, and stops this process
    await().atMost(SOON).until(() -> c.db().query("select 1 from journal where published_at is not null").size() == 3);
    var stopped = new ArrayList<Journal.Corrupt>();
    var desk = desk(c, new Journal(c.db(), () -> {}, stopped::add), (_, _) -> {});
    c.db().query("update journal set data = '{\"template_id\": 5' where seq = 2");
    assertThatThrownBy(() -> desk.load("i")).isInstanceOf(Journal.Corrupt.class).hasMessageContaining("position 2 (i/2)");
    assertThat(stopped).singleElement().asString().contains("position 2 (i/2)");
    c.db().query("delete from journal where seq = 2");
    assertThatThrownBy(() -> desk.load("i")).isInstanceOf(Journal.Corrupt.class).hasMessageContaining("i/2 (missing)");
  }

  /// A standby took over that had not got all, and a process remembers what it has not.
  @Test
  void nothing_is_appended_behind_an_end_that_the_database_does_not_know() {
    var c = chassis(Real.config("planner"));
    var stopped = new ArrayList<Journal.Corrupt>();
    var desk = desk(c, new Journal(c.db(), () -> {}, stopped::add), (_, _) -> {});
    desk.handle("i", new Enrol(3), "x").orThrow();
    c.db().query("delete from journal where seq = 3");
    assertThatThrownBy(() -> desk.handle("i", new Enrol(5), "x")).isInstanceOf(Journal.Corrupt.class).hasMessageContaining("i/3 (missing)");
    assertThat(stopped).singleElement().asString().contains("i/3 (missing)");
    assertThat(c.db().list("select seq from journal", r -> r.getLong("seq"))).containsExactlyInAnyOrder(1L, 2L);
    desk(c).handle("i", new Enrol(5), "x").orThrow();
    assertThat(desk(c).load("i").end()).as("who remembers nothing goes on").isEqualTo(new Journal.Position(5, 5));
  }

  @Test
  void asks_are_answered_refused_or_out_of_reach() {
    var c = chassis(Real.config("planner"));
    c.asks().answer(Ask.Service.PLANNER, Ask.TemplateOf.class, q -> {
      if (q.templateId().value().equals("none")) throw new ProblemException(Problem.notFound("template", "none"));
      return new Ask.TemplateView(q.templateId(), "web", List.of());
    });
    assertThat(c.asks().ask(new Ask.TemplateOf(new TemplateId("t")), SOON).name()).isEqualTo("web");
    assertThatThrownBy(() -> c.asks().ask(new Ask.TemplateOf(new TemplateId("none")), SOON))
        .isInstanceOfSatisfying(ProblemException.class, e -> assertThat(e.problem().status()).isEqualTo(404));
    assertThatThrownBy(() -> c.asks().ask(new Ask.DeliveryNow(), Duration.ofSeconds(1))).isInstanceOf(Outage.class);
  }

  @Test
  void the_porch_refuses_answers_once_and_checks() throws Exception {
    var c = chassis(Real.config("planner"));
    var done = new AtomicInteger();
    var http = c.http("openapi/test.yaml")
        .on("createThing",
            call -> Answer.created("/v1/things/" + call.path("id"), Map.of("number", done.incrementAndGet(), "actor", call.actor())))
        .on("getThing", _ -> {
          throw new Outage("the database is away", null);
        });
    int port = http.listen();
    try (var client = HttpClient.newHttpClient()) {
      assertThat(post(client, port, "{\"name\":\"a\"}", null, null).statusCode()).isEqualTo(401);
      assertThat(post(client, port, "{\"name\":", "t", null).statusCode()).isEqualTo(400);
      assertThat(post(client, port, "{\"name\":1,\"x\":2}", "t", null).body()).contains("\"name\"", "\"x\"", "problems/invalid-input");
      assertThat(post(client, port, "{\"name\":\"" + "a".repeat(2 << 20) + "\"}", "t", null).statusCode()).isEqualTo(413);
      var first = post(client, port, "{\"name\":\"a\"}", "t", "key-of-a-wish");
      var again = post(client, port, "{\"name\":\"a\"}", "t", "key-of-a-wish");
      assertThat(first.statusCode()).isEqualTo(201);
      assertThat(again.body()).isEqualTo(first.body());
      assertThat(again.headers().firstValue("Location")).hasValue("/v1/things/7");
      assertThat(post(client, port, "{\"name\":\"b\"}", "t", "key-of-a-wish").statusCode()).isEqualTo(409);
      assertThat(done).hasValue(1);
      assertThat(c.db().list("select key || body as kept from idempotency", r -> r.getString("kept"))).singleElement().asString()
          .doesNotContain("key-of-a-wish").doesNotContain("operator");
      var away = get(client, port, "/v1/things/7");
      assertThat(away.statusCode()).isEqualTo(503);
      assertThat(away.headers().firstValue("Retry-After")).isPresent();
      assertThat(away.headers().firstValue("X-Request-Id")).isPresent();
      assertThat(get(client, port, "/v1/nothing").statusCode()).isEqualTo(404);
      assertThat(client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/things/7")).DELETE().build(),
          HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(405);
      assertThat(get(client, port, "/healthz").statusCode()).isEqualTo(200);
      await().pollDelay(Duration.ZERO).atMost(SOON)
          .untilAsserted(() -> assertThat(get(client, port, "/readyz").body()).contains("\"ready\""));
      assertThat(get(client, port, "/metrics").body()).contains("sluice_relay_behind_seconds");
      assertThat(get(client, port, "/openapi.yaml").body()).contains("createThing");
    }
  }

  @Test
  void a_key_is_kept_for_a_day_and_then_forgotten() throws Exception {
    var c = chassis(Real.config("planner"));
    var done = new AtomicInteger();
    int port = c.http("openapi/test.yaml").on("createThing", _ -> Answer.ok(Map.of("number", done.incrementAndGet())))
        .on("getThing", _ -> Answer.noContent()).listen();
    try (var client = HttpClient.newHttpClient()) {
      for (var key : List.of("old", "other"))
        assertThat(post(client, port, "{\"name\":\"a\"}", "t", key).statusCode()).isEqualTo(200);
      c.db().query("update idempotency set at = at - interval '23 hours 59 minutes'");
      assertThat(post(client, port, "{\"name\":\"b\"}", "t", "old").statusCode()).isEqualTo(409);
      c.db().query("update idempotency set at = at - interval '2 minutes'");
      assertThat(post(client, port, "{\"name\":\"b\"}", "t", "old").statusCode()).isEqualTo(200);
      assertThat(done).hasValue(3);
      assertThat(c.db().list("select count(*) as n from idempotency", r -> r.getLong("n"))).as("the other one is swept")
          .containsExactly(1L);
    }
  }

  @Test
  void repeats_of_a_post_that_fails_meanwhile_are_refused_or_tried_anew() throws Exception {
    var c = chassis(Real.config("planner"));
    int port = c.http("openapi/test.yaml").on("createThing", _ -> { throw new ProblemException(Problem.forbidden("not today", Map.of())); })
        .on("getThing", _ -> Answer.noContent()).listen();
    var seen = Collections.synchronizedSet(new java.util.TreeSet<Integer>());
    try (var client = HttpClient.newHttpClient()) {
      var threads = IntStream.range(0, 6).mapToObj(_ -> Thread.startVirtualThread(() -> {
        for (int i = 0; i < 15; i++)
          try {
            seen.add(post(client, port, "{\"name\":\"a\"}", "t", "k").statusCode());
          } catch (Exception e) {
            seen.add(0);
          }
      })).toList();
      for (var thread : threads)
        assertThat(thread.join(SOON)).isTrue();
    }
    assertThat(seen).isSubsetOf(403, 409).contains(403);
  }

  @Test
  void the_porch_says_what_is_wrong_with_any_request() throws Exception {
    var c = chassis(Real.config("planner"));
    int port = c.http("openapi/test.yaml").on("createThing", call -> Answer.ok(Map.of("actor", call.actor())))
        .on("getThing", _ -> {
          throw new ProblemException(Problem.conflict("it is odd", Map.of("status", "odd", "other", 1)));
        }).listen();
    assertThat(raw(port, "DELETE /v1/things/7", "")).startsWith("HTTP/1.1 405").contains("Allow: GET, POST\r\n");
    assertThat(raw(port, "GET /v1/things/%zz", "")).startsWith("HTTP/1.1 400").contains("problems/invalid-input", "X-Request-Id");
    assertThat(raw(port, "GET /v1/things/7?limit=%zz", "")).startsWith("HTTP/1.1 400").contains("problems/invalid-input", "X-Request-Id");
    assertThat(raw(port, "GET /v1/things/A%00", "")).startsWith("HTTP/1.1 404").contains("\"field\":\"id\"");
    assertThat(raw(port, "GET /" + "x".repeat(9_000), "")).contains(" 414 ", "problems/head-too-large", "X-Request-Id");
    assertThat(raw(port, "GET /", "X-Long: " + "x".repeat(20_000) + "\r\n")).contains(" 431 ", "problems/head-too-large");
    assertThat(raw(port, "GET /v1/things/7", "")).contains("\"status\":409", "\"other\":1").doesNotContain("\"odd\"");
    var post = "Authorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: 12\r\nX-Sluice-Actor: ";
    assertThat(raw(port, "POST /v1/things/7", post + "Łucja 😀\r\n\r\n{\"name\":\"a\"}")).contains("\"actor\":\"Łucja ");
    assertThat(raw(port, "POST /v1/things/7", post + " \r\n\r\n{\"name\":\"a\"}")).contains("\"actor\":\"operator\"");
    assertThat(raw(port, "POST /v1/things/7", post.replace("application/json", "text/json") + "x\r\n\r\n{\"name\":\"a\"}"))
        .startsWith("HTTP/1.1 415");
    assertThat(raw(port, "POST /v1/things/7", post.replace("12", "99999999") + "x\r\n\r\n{\"name\":\"a\"}")).startsWith("HTTP/1.1 413");
  }

  @Test
  void what_is_refused_before_any_route_is_told_what_is_wrong_too() throws Exception {
    var c = chassis(Real.config("planner"));
    int port = c.http("openapi/test.yaml").on("createThing", _ -> Answer.noContent()).on("getThing", _ -> Answer.noContent()).listen();
    for (var host : List.of("", "Host: a b\r\n", "Host: x:y\r\n"))
      assertThat(said(port, "GET /v1/things/7 HTTP/1.1\r\n" + host)).as(host).startsWith("HTTP/1.1 400")
          .contains("problems/invalid-input", "a Host", "X-Request-Id", "\"request_id\":\"");
    assertThat(said(port, "GET /v1/things/7 HTTP/1.0\r\n")).as("had no Host yet").startsWith("HTTP/1.0 204");
    assertThat(raw(port, "GET ?limit=1", "")).startsWith("HTTP/1.1 400").contains("problems/invalid-input", "X-Request-Id");
    for (var line : List.of("OPTIONS *", "CONNECT x:1"))
      assertThat(raw(port, line, "X-Request-Id: r-1\r\n")).as(line).startsWith("HTTP/1.1 404")
          .contains("problems/not-found", "X-Request-Id: r-1\r\n", "\"request_id\":\"r-1\"");
  }

  @Test
  void what_a_caller_invents_leaves_no_trace_and_no_page_of_elsewhere_gets_in() throws Exception {
    var c = chassis(Real.config("planner"));
    var done = new AtomicInteger();
    int port = c.http("openapi/test.yaml").on("createThing", _ -> Answer.ok(Map.of("number", done.incrementAndGet())))
        .on("getThing", _ -> Answer.noContent()).listen();
    raw(port, "INVENTED /v1/things/7", "");
    assertThat(raw(port, "GET /metrics", "")).contains("method=\"other\"").doesNotContain("INVENTED");
    assertThat(raw(port, "GET /v1/things/7", "Origin: http://evil.example\r\n")).as("a browser keeps its answer from the page")
        .startsWith("HTTP/1.1 204");
    var socket = "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://";
    assertThat(raw(port, "GET /v1/things/7", socket + "evil.example\r\n")).startsWith("HTTP/1.1 403").contains("evil.example");
    assertThat(raw(port, "GET /v1/things/7", socket + "x:1\r\n")).startsWith("HTTP/1.1 204");
    assertThat(named("evil.example", port)).startsWith("HTTP/1.1 421").contains("localhost", "problems/misdirected");
    for (var name : List.of("localhost", "127.0.0.1:" + port, "[::1]:1", "app.localhost", "host", "localhost.", "host.docker.internal:1"))
      assertThat(named(name, port)).as(name).startsWith("HTTP/1.1 204");
    var post = "Authorization: Bearer t\r\nContent-Type: application/json\r\nIdempotency-Key: a-wish\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}";
    for (var path : List.of("/v1/things/7", "/v1/./things/7", "/v1/" + "x".repeat(5_000) + "/../things/7"))
      assertThat(raw(port, "POST " + path, post)).as("one wish").contains("{\"number\":1}");
  }

  private static String named(String host, int port) throws Exception {
    return said(port, "GET /v1/things/7 HTTP/1.1\r\nHost: " + host + "\r\n");
  }

  @Test
  void however_many_ask_whether_it_is_ready_its_parts_are_asked_once() throws Exception {
    var c = chassis(Real.config("planner"));
    var asked = new AtomicInteger();
    var goes = new java.util.concurrent.CountDownLatch(1);
    c.health().check("slow", () -> {
      asked.incrementAndGet();
      return goes.await(20, java.util.concurrent.TimeUnit.SECONDS);
    });
    int port = c.http("openapi/test.yaml").on("createThing", _ -> Answer.noContent()).on("getThing", _ -> Answer.noContent()).listen();
    try (var client = HttpClient.newHttpClient()) {
      var answers = IntStream.range(0, 50).mapToObj(_ -> client.sendAsync(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/readyz")).build(), HttpResponse.BodyHandlers.ofString()))
          .toList();
      await().atMost(SOON).until(() -> asked.get() > 0);
      long begun = System.nanoTime();
      // behind them on the same port: most have been taken by then
      assertThat(get(client, port, "/healthz").statusCode()).isEqualTo(200);
      goes.countDown();
      // a check that takes longer than 5 s, since the machine stood still, has failed
      boolean inTime = System.nanoTime() - begun < Duration.ofSeconds(3).toNanos();
      for (var answer : answers)
        assertThat(answer.get(100, java.util.concurrent.TimeUnit.SECONDS).statusCode()).isIn(inTime ? List.of(200) : List.of(200, 503));
      assertThat(asked.get()).isLessThan(25);
    }
  }

  private static String raw(int port, String line, String headersAndBody) throws Exception {
    return said(port, line + " HTTP/1.1\r\nHost: x\r\n", headersAndBody);
  }

  private static String said(int port, String head) throws Exception { return said(port, head, ""); }

  /// The answer to what is sent as it stands.
  private static String said(int port, String head, String headersAndBody) throws Exception {
    try (var socket = new java.net.Socket("127.0.0.1", port)) {
      socket.setSoTimeout(100_000);
      socket.getOutputStream().write((head + "Connection: close\r\n" + headersAndBody + "\r\n").getBytes(StandardCharsets.UTF_8));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).replace("x-request-id", "X-Request-Id");
    }
  }

  private static HttpResponse<String> post(HttpClient client, int port, String body, String token, String key) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/things/7")).timeout(SOON)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body));
    if (token != null) request.header("Authorization", "Bearer " + token);
    if (key != null) request.header("Idempotency-Key", key);
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> get(HttpClient client, int port, String path) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(SOON).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void ids_sort_by_time_and_secrets_match_only_their_hash() {
    var ids = new Ids(() -> Instant.parse("2026-11-23T12:00:00Z"));
    var later = new Ids(() -> Instant.parse("2026-11-23T12:00:01Z"));
    assertThat(ids.next()).matches("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").isLessThan(later.next());
    var secret = ids.secret();
    assertThat(Ids.matches(secret, Ids.hash(secret))).isTrue();
    assertThat(Ids.matches(secret + "x", Ids.hash(secret))).isFalse();
  }
}
