package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.contract.Ask;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.VersionRef;
import dev.sluice.health.store.ReplicaStore;
import dev.sluice.health.store.Tally;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The calls of people and programs.
class FleetApiTest {
  /// What no fact has named.
  private static final VersionRef UNNAMED = World.version("0.0.1", "e");
  private static World world;
  private static Client client;

  @BeforeAll
  static void start() {
    world = new World().replica(Duration.ofSeconds(1));
    client = world.client();
  }

  @AfterAll
  static void stop() { world.close(); }

  @Test
  void who_is_decommissioned_while_he_is_judged_is_judged_no_more() {
    world.template("leaving", World.OLD);
    var agent = client.enrol("leaves-judged", "leaving");
    agent.beat();
    world.settle();
    world.db().doInTransaction(leaving -> {
      world.db().doInTransaction(nobodyJudges -> {
        nobodyJudges.lock(ReplicaStore.SETTLE);
        client.post("/v1/instances/leaves-judged/heartbeats", agent.body().put("status", "stopped").toString(), agent.token);
        eventually(() -> assertThat(nobodyJudges.query("select 1 from evidence where instance_id = 'leaves-judged'").size()).isOne());
        leaving.query("select 1 from pulse where instance_id = 'leaves-judged' for update");
      });
      world.untilWaits(leaving, "select instance_id, last_at%from pulse%for update%");
      leaving.query("update instance set status = 'decommissioned', decommissioned_at = now() where id = 'leaves-judged'");
    });
    world.settle();
    assertThat(world.db().list("select said from pulse where instance_id = 'leaves-judged'", r -> r.getString("said")))
        .containsExactly("running");
  }

  @Test
  void enrols_an_instance_and_shows_its_token_once() {
    var reply = client.post("/v1/instances", "{\"template_id\":\"web\",\"name\":\"first\"}");
    assertThat(reply.status()).isEqualTo(201);
    var id = reply.body().path("id").asText();
    assertThat(reply.raw().headers().firstValue("Location")).hasValue("/v1/instances/" + id);
    assertThat(reply.raw().headers().firstValue("X-Request-Id")).isPresent();
    assertThat(reply.body().path("heartbeat_interval_sec").asInt()).isEqualTo(1);
    assertThat(reply.body().path("token").asText()).hasSizeGreaterThan(40);
    var shown = client.get("/v1/instances/" + id);
    assertThat(shown.raw().body()).doesNotContain(reply.body().path("token").asText());
    assertThat(shown.body().path("status").asText()).isEqualTo("starting");
    assertThat(shown.body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(1);
    eventually(() -> assertThat(world.fleet(id)).singleElement().isInstanceOf(FleetEvent.InstanceEnrolled.class));
  }

  @Test
  void refuses_who_is_enrolled_and_whose_template_is_unknown() {
    client.enrol("twice");
    assertThat(client.post("/v1/instances", "{\"id\":\"twice\",\"template_id\":\"web\"}").status()).isEqualTo(409);
    var unknown = client.post("/v1/instances", "{\"template_id\":\"none\"}");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.body().path("errors").path(0).path("field").asText()).isEqualTo("template_id");
  }

  @Test
  void says_all_faults_of_an_enrolment_at_once() {
    var reply = client.post("/v1/instances", "{\"id\":\"a b\",\"name\":7,\"colour\":\"red\"}");
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.body().findValuesAsText("field")).containsExactlyInAnyOrder("id", "name", "colour", "template_id");
  }

  @Test
  void a_name_that_is_blank_is_refused_at_its_field() {
    var reply = client.post("/v1/instances", "{\"name\":\"  \",\"template_id\":\"web\"}");
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.body().findValuesAsText("field")).containsExactly("name");
  }

  @Test
  void what_can_be_enrolled_as_a_label_can_be_asked_for() {
    world.bareTemplate("labelled");
    assertThat(client.post("/v1/instances", "{\"template_id\":\"labelled\",\"labels\":{\"a=b\":\"c\"}}").status()).isEqualTo(400);
    assertThat(client
        .post("/v1/instances", "{\"id\":\"labelled-1\",\"template_id\":\"labelled\",\"labels\":{\"zone\":\"\",\"of\":\"a=b:c\"}}").status())
        .isEqualTo(201);
    for (var label : List.of("zone:", "zone=", "of:a=b:c", "of=a=b:c"))
      assertThat(ids(client.get("/v1/instances?template_id=labelled&label=" + label).body())).as(label).containsExactly("labelled-1");
  }

  /// As clients do that send a body only when they may.
  @Test
  void who_waits_to_be_told_that_he_may_send_is_told() throws Exception {
    var agent = client.enrol("polite");
    var line = "{\"id\":\"polite-2\",\"template_id\":\"web\"}\n";
    for (var request : List.of(
        client.request("/v1/instances/bulk", "admin").header("Content-Type", "application/x-ndjson").POST(BodyPublishers.ofString(line)),
        client.request("/v1/instances/polite/heartbeats", agent.token).header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(agent.body().toString()))))
      assertThat(
          Client.HTTP.send(request.expectContinue(true).timeout(Duration.ofSeconds(20)).build(), BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
  }

  @Test
  void enrols_thousands_a_line_each_and_answers_a_fault_in_its_line() {
    var lines = new StringBuilder();
    IntStream.range(0, 1_203).forEach(i -> lines.append("{\"id\":\"bulk-").append(i).append("\",\"template_id\":\"web\"}\n"));
    lines.append(
        "{\"id\":\"bulk-7\",\"template_id\":\"web\"}\n{\"template_id\":\"none\"}\n{\"id\":5}\nrubbish\n\n{\"id\":\"bulk-last\",\"template_id\":\"web\"}");
    var answers = bulk(lines.toString());
    assertThat(answers).hasSize(1_209);
    assertThat(answers.stream().filter(a -> a.has("token")).count()).isEqualTo(1_204);
    assertThat(answers.get(1_202).path("id").asText()).isEqualTo("bulk-1202");
    assertThat(answers.subList(1_203, 1_208).stream().map(a -> a.path("problem").path("status").asInt())).containsExactly(409, 404, 400,
        400, 400);
    assertThat(answers.get(1_208).path("line").asInt()).isEqualTo(1_209);
    assertThat(client.get("/v1/instances/bulk-0").status()).isEqualTo(200);
  }

  @Test
  void thousands_are_enrolled_once_however_often_the_call_is_repeated_under_its_key() {
    var lines = new StringBuilder();
    IntStream.range(0, 1_100).forEach(_ -> lines.append("{\"template_id\":\"web\"}\n"));
    var first = bulk(lines.toString(), "thousands");
    assertThat(bulk(lines.toString(), "thousands")).isEqualTo(first).hasSize(1_100).allMatch(a -> a.has("token"));
    var other = Client.send(bulkOf(lines.toString().replace("web", "none"), "thousands"));
    assertThat(other.status()).isEqualTo(409);
    assertThat(other.body().path("idempotency_key").asText()).isEqualTo("thousands");
    var late = bulk("{\"template_id\":\"web\"}\n".repeat(600) + "{}", "thousands");
    assertThat(late.subList(0, 500)).isEqualTo(first.subList(0, 500));
    assertThat(late).hasSize(501).last().satisfies(l -> assertThat(l.path("problem").path("status").asInt()).isEqualTo(409));
    assertThat(Client.send(bulkOf(lines.toString(), " ")).status()).isEqualTo(400);
  }

  @Test
  void a_call_that_broke_off_is_repeated_whole_under_its_key() {
    var line = "{\"template_id\":\"web\"}\n";
    var first = bulk(line.repeat(1_000), "broken");
    var whole = bulk(line.repeat(1_200), "broken");
    assertThat(whole.subList(0, 1_000)).isEqualTo(first);
    assertThat(whole).hasSize(1_200).extracting(a -> a.path("id").asText()).doesNotHaveDuplicates();
  }

  @Test
  void a_line_that_is_too_long_ends_the_reading_with_an_answer() {
    var answers = bulk("{\"id\":\"before-long\",\"template_id\":\"web\"}\n{\"id\":\"" + "x".repeat(20_000) + "\"}\n");
    assertThat(answers.get(0).has("token")).isTrue();
    assertThat(answers.get(1).path("problem").path("status").asInt()).isEqualTo(400);
  }

  @Test
  void a_line_has_its_limit_however_it_comes_and_what_stands_behind_a_longer_one_is_not_read() {
    var good = "{\"template_id\":\"web\"}";
    var most = good + " ".repeat((16 << 10) - good.length());
    assertThat(bulk(most + "\n" + good)).hasSize(2).allMatch(a -> a.has("token"));
    var answers = bulk(good + "\n" + most + " \n" + good);
    assertThat(answers).hasSize(2);
    assertThat(answers.getFirst().has("token")).isTrue();
    assertThat(answers.getLast().at("/problem/errors/0/field").asText()).isEqualTo("line");
  }

  @Test
  void a_connection_goes_on_behind_a_line_that_was_too_long() throws IOException {
    try (var line = new Line(client)) {
      line.say("POST", "Content-Length: 200000", "z".repeat(200_000));
      assertThat(line.hear("nothing after it was read")).contains(" 200 OK");
      line.say("GET", "Accept: */*", "");
      assertThat(line.hear("problems/not-found")).as("no instance has this name").contains(" 404 ");
    }
  }

  @Test
  void a_line_is_answered_while_the_call_is_open() throws IOException {
    try (var line = new Line(client)) {
      line.say("POST", "Transfer-Encoding: chunked", "16\r\n{\"template_id\":\"web\"}\n\r\n");
      line.hear("\"line\":1");
      line.say("16\r\n{\"template_id\":\"web\"}\n\r\n0\r\n\r\n");
      line.hear("\"line\":2");
    }
  }

  /// The rest of the lines waits with who sends them, not in memory: 32 MiB of them and their answers are more than the sockets between hold.
  @Test
  void who_takes_no_answers_is_read_no_further() throws IOException {
    int lines = 32 << 10;
    var sent = new AtomicInteger();
    try (var line = new Line(client)) {
      line.say("POST", "Transfer-Encoding: chunked", "");
      var one = "400\r\n{\"no\":\"" + "x".repeat(1_024 - 10) + "\"}\n\r\n";
      Thread.ofPlatform().daemon().start(() -> {
        try {
          for (; sent.get() < lines; sent.incrementAndGet())
            line.say(one);
        } catch (IOException e) {
          // seen enough
        }
      });
      var before = new AtomicInteger(-1);
      await().atMost(World.BOUND).pollInterval(Duration.ofSeconds(1)).until(() -> before.getAndSet(sent.get()) == sent.get());
      int stands = sent.get();
      assertThat(stands).isPositive().isLessThan(lines);
      assertThat(line.lines().anyMatch(_ -> sent.get() > stands)).as("it goes on with the reader").isTrue();
    }
  }

  @Test
  void what_was_sent_of_a_call_that_broke_off_is_not_taken_for_all_of_it() throws IOException {
    var lines = "{\"template_id\":\"web\"}\n".repeat(3);
    try (var line = new Line(client)) {
      line.say("POST", "Idempotency-Key: cut\r\nExpect: 100-continue\r\nContent-Length: " + lines.length(), "");
      line.hear("100 Continue");
      line.say(lines.substring(0, 30));
      line.breakOff();
    }
    assertThat(bulk(lines, "cut")).hasSize(3).allMatch(a -> a.has("token"));
  }

  /// A connection for bulk calls, byte by byte.
  private static final class Line implements AutoCloseable {
    private final Socket socket;

    Line(Client client) throws IOException {
      var uri = client.request("/", "admin").build().uri();
      socket = new Socket(uri.getHost(), uri.getPort());
      socket.setSoTimeout((int) World.BOUND.toMillis());
    }

    void say(String method, String header, String body) throws IOException {
      say(method + " /v1/instances/bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n"
          + "Content-Type: application/x-ndjson\r\n" + header + "\r\n\r\n" + body);
    }

    void say(String text) throws IOException { socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8)); }

    /// All that comes up to a text.
    String hear(String text) throws IOException {
      var heard = new StringBuilder();
      while (heard.indexOf(text) < 0) {
        int next = socket.getInputStream().read();
        assertThat(next).as(() -> "before '" + text + "' it ended: " + heard).isNotNegative();
        heard.append((char) next);
      }
      return heard.toString();
    }

    /// What comes, a line at a time.
    Stream<String> lines() throws IOException {
      return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).lines();
    }

    /// Ends it as a machine does that is gone.
    void breakOff() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    @Override
    public void close() throws IOException { socket.close(); }
  }

  private static HttpRequest.Builder bulkOf(String lines, String key) {
    return client.request("/v1/instances/bulk", "admin").header("Content-Type", "application/x-ndjson").header("Idempotency-Key", key)
        .POST(HttpRequest.BodyPublishers.ofString(lines));
  }

  private static List<JsonNode> bulk(String lines) { return bulk(lines, "key of " + lines.hashCode()); }

  private static List<JsonNode> bulk(String lines, String key) {
    var reply = Client.send(bulkOf(lines, key));
    assertThat(reply.status()).isEqualTo(200);
    var answers = new ArrayList<JsonNode>();
    reply.raw().body().lines().forEach(line -> answers.add(Json.read(line, JsonNode.class)));
    return answers;
  }

  @Test
  void lists_by_template_status_module_and_label_page_by_page() {
    world.template("listed", World.OLD);
    for (int i = 0; i < 5; i++)
      client.enrol("list-" + i, "listed");
    client.delete("/v1/instances/list-4");
    var first = client.get("/v1/instances?template_id=listed&limit=3").body();
    assertThat(ids(first)).containsExactly("list-0", "list-1", "list-2");
    var second = client.get("/v1/instances?template_id=listed&limit=3&cursor=" + first.path("next_cursor").asText()).body();
    assertThat(ids(second)).containsExactly("list-3");
    assertThat(second.path("next_cursor").isNull()).isTrue();
    for (var path : List.of("/v1/instances?cursor=!!zz", "/v1/drift-report?template_id=listed&cursor=!!zz"))
      assertThat(client.get(path).body().at("/errors/0/field").asText()).as(path).isEqualTo("cursor");
    assertThat(ids(client.get("/v1/instances?template_id=listed&status=decommissioned").body())).containsExactly("list-4");
    assertThat(ids(client.get("/v1/instances?template_id=listed&module_id=nginx&label=zone:a").body())).hasSize(4);
    assertThat(ids(client.get("/v1/instances?template_id=listed&label=zone=a").body())).hasSize(4);
    assertThat(ids(client.get("/v1/instances?template_id=listed&label=zone:b").body())).isEmpty();
    assertThat(ids(client.get("/v1/instances?template_id=listed&module_id=redis").body())).isEmpty();
    assertThat(client.get("/v1/instances?limit=0&status=gone&nonsense=1").body().findValuesAsText("field"))
        .containsExactlyInAnyOrder("limit", "status", "nonsense");
  }

  private static List<String> ids(JsonNode page) { return page.path("instances").findValuesAsText("id"); }

  @Test
  void a_decommissioned_instance_is_out_at_once_and_may_come_again_with_the_next_generation() {
    var agent = client.enrol("again");
    assertThat(agent.beat().status()).isEqualTo(200);
    assertThat(client.delete("/v1/instances/again").status()).isEqualTo(204);
    assertThat(client.delete("/v1/instances/again").status()).isEqualTo(204);
    assertThat(client.delete("/v1/instances/nobody").status()).isEqualTo(404);
    assertThat(agent.beat().status()).isEqualTo(401);
    assertThat(client.get("/v1/instances/again").body().path("status").asText()).isEqualTo("decommissioned");
    var next = client.enrol("again");
    assertThat(client.get("/v1/instances/again").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2);
    assertThat(next.beat().status()).isEqualTo(200);
    assertThat(agent.beat().status()).isEqualTo(401);
    eventually(() -> assertThat(client.get("/v1/instances/again").body().path("status").asText())
        .as("its first word, though a number that was heard")
        .isEqualTo("running"));
    world.bareTemplate("bare");
    for (long generation = 3; generation < 5; generation++) {
      client.delete("/v1/instances/again");
      client.enrol("again", "bare");
      client.delete("/v1/instances/again");
      client.enrol("again");
      assertThat(client.get("/v1/instances/again").body().at("/desired/nginx/generation").asLong()).as("after a time without the module")
          .isEqualTo(generation);
    }
  }

  @Test
  void a_line_of_many_is_read_as_strictly_as_one_alone_and_refused_in_the_same_words() {
    var one = "{\"id\":\"strict-1\",\"template_id\":\"web\"}";
    for (var line : List.of(one + " {\"id\":\"strict-2\",\"template_id\":\"web\"}",
        "{\"id\":\"strict-1\",\"id\":\"strict-2\",\"template_id\":\"web\"}"))
      assertThat(bulk(line).getFirst().at("/problem/errors/0/field").asText()).as(line).isEqualTo("line");
    bulk(one);
    var problem = bulk(one, "another key").getFirst().path("problem");
    assertThat(problem.path("type").asText()).isEqualTo("https://sluice.dev/problems/conflict");
    assertThat(problem.path("instance_id").asText()).isEqualTo("strict-1");
    assertThat(problem.has("extra") || problem.has("errors")).isFalse();
  }

  /// Readers know a stream's facts by their order, which a topic keeps for one key only.
  @Test
  void the_facts_of_one_stream_have_one_key_and_those_of_one_instance_one_stream() {
    var lines = IntStream.range(0, 200).mapToObj(i -> "{\"id\":\"keyed-" + i + "\",\"template_id\":\"web\"}")
        .collect(Collectors.joining("\n"));
    bulk(lines);
    for (var id : List.of("keyed-7", "keyed-150", "keyed-199"))
      assertThat(client.delete("/v1/instances/" + id).status()).isEqualTo(204);
    var keys = world.db().list("select count(distinct key) as n from journal where stream like 'fleet-%' group by stream",
        r -> r.getLong("n"));
    assertThat(keys).hasSizeGreaterThan(8).containsOnly(1L);
    assertThat(
        world.db().list("select distinct stream from journal where data::json ->> 'instance_id' = 'keyed-199'", r -> r.getString("stream")))
        .hasSize(1);
    assertThat(world.db().query("select 1 from journal where data::json ->> 'instance_id' = 'keyed-199'").rowCount()).isEqualTo(2);
  }

  @Test
  void keeps_the_numbers_of_the_fleet() {
    world.template("counted", World.OLD);
    var reports = client.enrol("count-1", "counted");
    client.enrol("count-2", "counted");
    var stops = client.enrol("count-3", "counted");
    client.enrol("count-4", "counted");
    client.delete("/v1/instances/count-4");
    stops.runs(World.NEW);
    stops.tellUntilTaken(stops.body().put("status", "stopped").toString());
    eventually(() -> {
      reports.beat();
      var numbers = client.get("/v1/fleet-summary?template_id=counted").body();
      assertThat(numbers.path("total").asLong()).isEqualTo(3);
      assertThat(numbers.path("reporting").asLong()).isEqualTo(1);
      assertThat(numbers.path("stopped").asLong()).isEqualTo(1);
      assertThat(numbers.path("never_reported").asLong()).isEqualTo(1);
      assertThat(numbers.path("by_version").path("nginx").path("1.24.0").asLong()).isEqualTo(1);
      assertThat(numbers.path("by_label").path("zone").path("a").asLong()).isEqualTo(3);
    });
    eventually(() -> assertThat(client.get("/v1/fleet-summary?template_id=counted").body().path("silent").asLong()).isEqualTo(1));
    eventually(() -> assertThat(world.fleet("count-1")).last().isInstanceOf(FleetEvent.InstanceSilent.class));
    // what a plan is made from
    assertThat(slice("counted")).filteredOn(Ask.FleetMember::notReporting).extracting(m -> m.instanceId().value()).contains("count-1");
    assertThat(slice("counted")).filteredOn(Ask.FleetMember::neverReported).extracting(m -> m.instanceId().value())
        .containsExactly("count-2");
    reports.beat();
    assertThat(slice("counted")).filteredOn(m -> m.instanceId().value().equals("count-1")).extracting(Ask.FleetMember::notReporting)
        .containsExactly(false);
    eventually(() -> assertThat(world.fleet("count-1")).hasAtLeastOneElementOfType(FleetEvent.InstanceRecovered.class));
  }

  private static List<Ask.FleetMember> slice(String template) { return world.settled(template); }

  @Test
  void counters_of_what_there_is_no_more_are_swept_and_the_others_stay() {
    world.template("swept", World.OLD);
    client.enrol("swept-1", "swept");
    client.enrol("swept-2", "swept");
    client.delete("/v1/instances/swept-2");
    world.db().query("insert into tally values ('swept', 'label', 'host', 'gone', 1, 3), ('swept', 'label', 'host', 'gone', 2, -3), "
        + "('swept', 'label', 'host', 'here', 1, 3), ('swept', 'label', 'host', 'here', 2, -2), ('swept', 'label', 'host', 'none', 1, 0)");
    var before = sums("swept");
    assertThat(Tally.sweep(world.db())).isTrue();
    assertThat(sums("swept")).isEqualTo(before).contains("label host here 1");
    assertThat(world.db().list("select distinct value from tally where template_id = 'swept' and key = 'host'", r -> r.getString("value")))
        .containsExactly("here");
  }

  private static List<String> sums(String template) {
    return world.db().list("""
        select concat_ws(' ', kind, key, value, sum(n)) as line from tally where template_id = $1
         group by kind, key, value having sum(n) <> 0 order by kind, key, value
        """, r -> r.getString("line"), template);
  }

  @Test
  void reports_drift_with_each_instance_in_one_bucket() {
    world.template("drifting", World.OLD);
    assertThat(client.get("/v1/drift-report?template_id=drifting").body().path("drift").asBoolean()).isFalse();
    var good = client.enrol("drift-1", "drifting");
    var off = client.enrol("drift-2", "drifting").runs(UNNAMED);
    client.enrol("drift-3", "drifting");
    good.beat();
    off.beat();
    eventually(() -> {
      good.beat();
      off.beat();
      var report = client.get("/v1/drift-report?template_id=drifting").body();
      assertThat(report.path("drift").asBoolean()).isTrue();
      assertThat(report.path("total").asLong()).isEqualTo(3);
      assertThat(report.path("counts").path("converged").asLong()).isEqualTo(1);
      assertThat(report.path("counts").path("drifted").asLong()).isEqualTo(1);
      assertThat(report.path("counts").path("never_reported").asLong()).isEqualTo(1);
      var module = report.path("instances").path(0).path("modules").path(0);
      assertThat(module.path("want").asText()).isEqualTo("1.24.0");
      assertThat(module.path("have").asText()).isEqualTo(UNNAMED.digest().value());
    });
    assertThat(client.get("/v1/drift-report").status()).isEqualTo(400);
    assertThat(client.get("/v1/drift-report?template_id=none").status()).isEqualTo(404);
  }

  @Test
  void the_later_pages_of_a_drift_report_say_what_its_first_one_counted() {
    world.template("paged", World.OLD);
    for (int i = 0; i < 3; i++)
      client.enrol("paged-" + i, "paged");
    var report = "/v1/drift-report?template_id=paged&limit=2";
    var first = client.get(report).body();
    client.enrol("paged-3", "paged");
    var second = client.get(report + "&cursor=" + first.path("next_cursor").asText()).body();
    assertThat(second.path("instances").findValuesAsText("instance_id")).containsExactly("paged-2", "paged-3");
    assertThat(second.path("counts")).isEqualTo(first.path("counts"));
    assertThat(second.path("total").asLong()).isEqualTo(3);
    assertThat(client.get(report).body().path("total").asLong()).isEqualTo(4);
    world.template("paged", World.NEW);
    assertThat(client.get(report + "&cursor=paged-1").body().path("total").asLong()).as("of another version of the template").isEqualTo(4);
  }

  @Test
  void each_instance_of_a_template_under_a_rollout_is_in_one_bucket_and_the_counts_add_up() {
    world.template("rolled", World.OLD);
    var upgraded = client.enrol("roll-1", "rolled");
    var pending = client.enrol("roll-2", "rolled");
    var silent = client.enrol("roll-3", "rolled");
    var strays = client.enrol("roll-4", "rolled").runs(World.NEW);
    client.enrol("roll-5", "rolled");
    silent.beat();
    upgraded.desired();
    upgraded.says("healthy", 1).beat();
    var play = Play.of(world, "rolled", upgraded).start().instruct(60, 0).told("1.26.0");
    upgraded.runs(World.NEW).says("healthy", 2);
    eventually(() -> {
      upgraded.beat();
      pending.beat();
      strays.beat();
      var report = client.get("/v1/drift-report?template_id=rolled").body();
      var counts = report.path("counts");
      for (var bucket : List.of("converged", "drifted", "in_rollout", "not_reporting", "never_reported"))
        assertThat(counts.path(bucket).asLong()).as(bucket).isEqualTo(1);
      assertThat(counts).hasSize(5);
      assertThat(report.path("total").asLong()).isEqualTo(5);
      assertThat(report.path("drift").asBoolean()).isTrue();
      assertThat(report.path("instances")).hasSize(4);
      var module = report.path("instances").path(0).path("modules").path(0);
      assertThat(module.path("want").asText()).isEqualTo("1.24.0");
      assertThat(module.path("desired").asText()).isEqualTo("1.26.0");
      assertThat(module.path("have").asText()).isEqualTo("1.26.0");
    });
    play.ends();
    eventually(() -> {
      upgraded.beat();
      var drifted = client.get("/v1/drift-report?template_id=rolled").body().path("instances").path(0);
      assertThat(drifted.path("bucket").asText()).isEqualTo("drifted");
      // the template wants what it wanted, the rollout that ended desired another, and that runs
      var module = drifted.path("modules").path(0);
      assertThat(module.path("want").asText()).isEqualTo("1.24.0");
      assertThat(module.path("desired").asText()).isEqualTo("1.26.0");
      assertThat(module.path("have").asText()).isEqualTo("1.26.0");
    });
  }

  @Test
  void the_token_of_an_instance_opens_nothing_but_its_own_calls() {
    var agent = client.enrol("nosy");
    for (var path : List.of("/v1/instances", "/v1/instances/nosy", "/v1/fleet-summary", "/v1/drift-report?template_id=web")) {
      var refused = client.get(path, agent.token);
      assertThat(refused.status()).as(path).isEqualTo(403);
      assertThat(refused.body().path("permission").asText()).isEqualTo("fleet.read");
    }
    assertThat(client.post("/v1/instances", "{\"template_id\":\"web\"}", agent.token).status()).isEqualTo(403);
    assertThat(Client.send(client.request("/v1/instances/nosy", agent.token).DELETE()).status()).isEqualTo(403);
    assertThat(Client.send(client.request("/v1/instances/bulk", agent.token).header("Content-Type", "application/x-ndjson")
        .POST(HttpRequest.BodyPublishers.ofString("{\"template_id\":\"web\"}\n"))).status()).isEqualTo(403);
    assertThat(agent.beat().status()).isEqualTo(200);
    assertThat(agent.poll(0).status()).isEqualTo(200);
  }

  @Test
  void nobody_comes_in_without_a_bearer() {
    assertThat(Client.send(client.request("/v1/instances", null).GET()).status()).isEqualTo(401);
    assertThat(client.get("/v1/nothing").status()).isEqualTo(404);
    assertThat(client.get("/healthz").status()).isEqualTo(200);
    assertThat(client.get("/openapi.yaml").raw().body()).contains("operationId: heartbeat");
    eventually(() -> assertThat(client.get("/readyz").status()).isEqualTo(200));
  }
}
