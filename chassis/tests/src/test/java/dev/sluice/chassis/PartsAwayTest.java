package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import dev.sluice.sandbox.Proxy;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import io.vertx.pgclient.PgException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// The broker and the database go and come back under a service; the broker also before it was ever there.
@Execution(ExecutionMode.CONCURRENT)
class PartsAwayTest {
  private static final Duration SOON = Duration.ofSeconds(100);
  private final Node node = Node.alone();
  private final List<Long> told = Collections.synchronizedList(new ArrayList<>());
  private Chassis chassis;
  private int port;
  /// What happens when a call is being answered.
  private volatile Runnable meanwhile = () -> {};

  @AfterEach
  void close() {
    if (chassis != null) chassis.close();
    node.close();
  }

  @Test
  void without_the_broker_calls_are_answered_and_nothing_is_lost_or_out_of_order() throws Exception {
    var broker = Sandbox.shared().proxiedKafka();
    var prefix = Sandbox.shared().freshPrefix();
    broker.ensureTopics(Map.of(prefix + Topics.INSTANCE, new TopicSpec(1)));
    broker.proxy().cut();
    try (var client = HttpClient.newHttpClient()) {
      var c = Real.config("planner");
      open(c.pgPort(), c, broker.proxy().address(), prefix);
      for (int i = 0; i < 3; i++)
        assertThat(post(client).statusCode()).isEqualTo(201);
      assertThat(ready(client)).startsWith("503").contains("\"kafka\"");
      broker.proxy().restore();
      await().atMost(SOON).untilAsserted(() -> assertThat(arrived()).isEqualTo(List.of(1L, 2L, 3L)));
      await().atMost(SOON).untilAsserted(() -> assertThat(ready(client)).startsWith("200"));
      broker.proxy().cut();
      assertThat(post(client).statusCode()).isEqualTo(201);
      assertThat(ready(client)).startsWith("503").contains("\"kafka\"");
      await().atMost(SOON).untilAsserted(() -> assertThat(behind(client)).isGreaterThan(1));
      broker.proxy().restore();
      await().atMost(SOON).untilAsserted(() -> assertThat(arrived()).isEqualTo(List.of(1L, 2L, 3L, 4L)));
      await().atMost(SOON).untilAsserted(() -> assertThat(behind(client)).isZero());
    } finally {
      broker.proxy().restore();
    }
  }

  @Test
  void without_a_topic_that_it_reads_a_service_is_not_ready_and_names_it() throws Exception {
    var prefix = Sandbox.shared().freshPrefix();
    try (var client = HttpClient.newHttpClient()) {
      var c = Real.config("planner");
      open(c.pgPort(), c, c.kafka(), prefix);
      await().atMost(SOON)
          .untilAsserted(() -> assertThat(ready(client)).startsWith("503").contains("\"kafka\"", "has no " + prefix + Topics.INSTANCE));
      Sandbox.shared().ensureTopics(Map.of(prefix + Topics.INSTANCE, new TopicSpec(1)));
      await().atMost(SOON).untilAsserted(() -> assertThat(ready(client)).startsWith("200"));
    }
  }

  @Test
  void without_the_database_calls_are_refused_for_a_while() throws Exception {
    var c = Real.config("planner");
    try (var client = HttpClient.newHttpClient(); var database = Proxy.to(c.pgHost(), c.pgPort())) {
      open(database.port(), c, c.kafka(), c.topicPrefix());
      assertThat(post(client).statusCode()).isEqualTo(201);
      database.cut();
      var refused = post(client);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      assertThat(refused.body()).contains("problems/unavailable");
      assertThat(ready(client)).startsWith("503").contains("\"postgresql\"");
      database.restore();
      await().atMost(SOON).untilAsserted(() -> assertThat(post(client).statusCode()).isEqualTo(201));
      await().atMost(SOON).untilAsserted(() -> assertThat(ready(client)).startsWith("200"));
      await().atMost(SOON).untilAsserted(() -> assertThat(arrived()).isEqualTo(List.of(1L, 2L)));
    }
  }

  @Test
  void a_wish_that_met_the_database_going_away_can_be_repeated_under_its_key_as_soon_as_it_is_back() throws Exception {
    var c = Real.config("planner");
    try (var client = HttpClient.newHttpClient(); var database = Proxy.to(c.pgHost(), c.pgPort())) {
      open(database.port(), c, c.kafka(), c.topicPrefix());
      meanwhile = database::cut;
      assertThat(post(client, "k").statusCode()).isEqualTo(503);
      meanwhile = () -> {};
      database.restore();
      await().atMost(SOON).untilAsserted(() -> assertThat(post(client, "k").statusCode()).isEqualTo(201));
    }
  }

  /// The way to the database swallows everything in the middle of a transaction, and no connection is closed.
  @Test
  void who_is_cut_off_without_a_word_holds_no_lock_for_long_and_learns_of_it() throws Exception {
    var c = Real.config("planner");
    var locked = new CountDownLatch(1);
    try (var database = Proxy.to(c.pgHost(), c.pgPort()); var other = Db.open(node.vertx(), c)) {
      open(database.port(), c, c.kafka(), c.topicPrefix());
      var still = CompletableFuture.supplyAsync(() -> {
        try {
          chassis.db().doInTransaction(tx -> {
            tx.query("select pg_advisory_xact_lock(7)");
            database.hold(_ -> true);
            locked.countDown();
            tx.query("select 1");
          });
          return null;
        } catch (Outage e) {
          return e;
        }
      }, node.threads());
      assertThat(locked.await(100, TimeUnit.SECONDS)).isTrue();
      assertThat(free(other)).isFalse();
      await().atMost(Duration.ofSeconds(30)).until(() -> free(other));
      assertThat(still.get(100, TimeUnit.SECONDS)).as("what his transaction met").isNotNull();
      database.hold(_ -> false);
      await().atMost(SOON).ignoreException(Outage.class).until(() -> chassis.db().query("select 1").rowCount() == 1);
    }
  }

  @Test
  void who_finds_each_connection_in_use_is_told_so_in_time_and_nothing_is_lost_by_it() throws Exception {
    var c = Real.config("planner");
    try (var db = Db.open(node.vertx(), at(c, c.pgHost(), c.pgPort(), 1))) {
      var held = new CountDownLatch(1);
      var busy = CompletableFuture.runAsync(() -> db.doInTransaction(tx -> {
        held.countDown();
        for (var i = 0; i < 3; i++)
          tx.query("select pg_sleep(5)");
      }), node.threads());
      assertThat(held.await(100, TimeUnit.SECONDS)).isTrue();
      assertThatThrownBy(() -> db.query("select 1")).isInstanceOf(Outage.class).hasMessageContaining("in use");
      assertThatThrownBy(() -> db.doInTransaction(tx -> tx.query("select nonsense"))).isInstanceOf(PgException.class);
      busy.join();
      assertThat(db.<Integer>inTransaction(tx -> tx.query("select 1").rowCount())).isEqualTo(1);
    }
  }

  /// As a process does whose machine stands still: it lets callers in, answers the first question, and then says nothing.
  @Test
  void a_database_that_says_nothing_stops_no_start_for_ever() throws Exception {
    var c = Real.config("planner");
    try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      node.threads().execute(() -> {
        try (var caller = silent.accept()) {
          caller.getInputStream().readNBytes(8);
          caller.getOutputStream().write('N'); // no TLS
          caller.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
          // the caller has gone
        }
      });
      var away = at(c, "127.0.0.1", silent.getLocalPort(), 1);
      var starting = CompletableFuture.runAsync(() -> Db.migrate(away), node.threads());
      assertThatThrownBy(() -> starting.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(Outage.class);
    }
  }

  /// What was sent into the hole is lost for ever: connections in use, and those that were just being made.
  @Test
  void connections_that_lead_nowhere_are_given_up_and_others_are_opened() {
    var c = Real.config("planner");
    var lost = ConcurrentHashMap.<Integer>newKeySet();
    try (var way = Proxy.to(c.pgHost(), c.pgPort());
        var db = Db.open(node.vertx(), at(c, c.pgHost(), way.port(), 3))) {
      db.query("select 1");
      way.hold(client -> {
        lost.add(client);
        return true;
      });
      var asked = Stream.<Runnable>of(() -> db.query("select 1"), () -> db.doInTransaction(_ -> {}), () -> db.doInTransaction(_ -> {}))
          .map(one -> CompletableFuture.runAsync(one, node.threads())).toList();
      await().atMost(SOON).until(() -> lost.size() == 3);
      asked.forEach(one -> assertThatThrownBy(one::join).hasCauseInstanceOf(Outage.class));
      way.hold(lost::contains);
      await().atMost(SOON).ignoreExceptions().until(() -> meet(db, 3));
      way.cut(); // what was never answered would hold up the end
    }
  }

  /// The same, on another way to PostgreSQL and with so many connections.
  private static ServiceConfig at(ServiceConfig c, String pgHost, int pgPort, int pgPoolSize) {
    return new ServiceConfig(c.service(), c.host(), 0, pgHost, pgPort, c.pgDatabase(), c.pgUser(), c.pgPassword(), c.schema(), pgPoolSize,
        c.kafka(), c.topicPrefix(), 6_000, 0);
  }

  /// Whether so many transactions run side by side.
  private boolean meet(Db db, int many) {
    var all = new CountDownLatch(many);
    return Stream.generate(() -> CompletableFuture.supplyAsync(() -> db.inTransaction(tx -> {
      tx.query("select 1");
      all.countDown();
      return reached(all);
    }), node.threads())).limit(many).toList().stream().allMatch(CompletableFuture::join);
  }

  private static boolean reached(CountDownLatch all) {
    try {
      return all.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void who_answers_late_on_a_connection_that_was_long_idle_is_waited_for() {
    try (var db = Db.open(node.vertx(), Real.config("planner"))) {
      db.query("select pg_sleep($1)", 0.0); // the connection knows the statement then, and hears nothing before the end of the next one
      await().pollDelay(Duration.ofSeconds(9)).atMost(SOON).until(() -> true);
      assertThat(db.query("select pg_sleep($1)", 7.5).rowCount()).isEqualTo(1);
    }
  }

  private static boolean free(Db db) {
    return db.inTransaction(tx -> tx.query("select pg_try_advisory_xact_lock(7) as free").iterator().next().getBoolean("free"));
  }

  private void open(int pgPort, ServiceConfig c, String bootstrap, String prefix) {
    chassis = Chassis.open(node,
        new ServiceConfig(c.service(), c.host(), 0, c.pgHost(), pgPort, c.pgDatabase(), c.pgUser(), c.pgPassword(),
            c.schema(), c.pgPoolSize(), bootstrap, prefix, 6_000, 0));
    chassis.inbox(Topics.INSTANCE, new Kinds(FleetEvent.class), messages -> messages.forEach(m -> told.add(m.seq())));
    port = chassis.http("openapi/test.yaml").on("createThing", call -> {
      meanwhile.run();
      chassis.db().doInTransaction(tx -> chassis.journal().appendNext(tx, Topics.INSTANCE, "i", "i",
          List.of(new Journal.Entry(new FleetEvent.InstanceRecovered(new InstanceId("i"), new TemplateId("t")), Scope.NONE)),
          chassis.clock().instant(), "anna"));
      chassis.journal().nudge();
      return Answer.created("/v1/things/" + call.path("id"), Map.of());
    }).on("getThing", _ -> Answer.noContent()).listen();
  }

  /// What a reader that drops repeats would see: each for the first time, and none that comes after a later one.
  private List<Long> arrived() {
    long last = 0;
    var seen = new LinkedHashSet<Long>();
    for (long seq : List.copyOf(told)) {
      if (seq > last) seen.add(seq);
      last = Math.max(last, seq);
    }
    return List.copyOf(seen);
  }

  private HttpResponse<String> post(HttpClient client) throws Exception { return post(client, UUID.randomUUID().toString()); }

  private HttpResponse<String> post(HttpClient client, String key) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/things/7")).timeout(SOON)
        .header("Content-Type", "application/json").header("Authorization", "Bearer t").header("Idempotency-Key", key)
        .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"a\"}")).build(), HttpResponse.BodyHandlers.ofString());
  }

  private String ready(HttpClient client) throws Exception {
    var answer = get(client, "/readyz");
    return answer.statusCode() + " " + answer.body();
  }

  /// For how many seconds a fact waits for Kafka.
  private double behind(HttpClient client) throws Exception {
    return get(client, "/metrics").body().lines().filter(line -> line.startsWith("sluice_relay_behind_seconds{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ')))).max().orElseThrow();
  }

  private HttpResponse<String> get(HttpClient client, String path) throws Exception {
    return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(SOON).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
