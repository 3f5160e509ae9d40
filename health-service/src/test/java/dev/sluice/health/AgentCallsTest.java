package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.contract.Ask;
import dev.sluice.contract.FleetEvent;
import dev.sluice.health.store.ReplicaStore;
import io.vertx.sqlclient.SqlConnection;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Heartbeats, the long poll and the socket.
class AgentCallsTest {
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
  void says_all_faults_of_a_heartbeat_at_once() {
    var agent = client.enrol("faulty");
    var reply = client.post("/v1/instances/faulty/heartbeats", """
        {"sequence": "7", "running_module_digests": {"nginx": "md5:1"}, "status": "asleep", "agent_version": 3,
         "module_status": {"nginx": {"state": "fine", "generation": 1.5}, "redis": {}}}""", agent.token);
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.raw().headers().firstValue("Content-Type")).hasValue("application/problem+json");
    assertThat(reply.body().path("errors").findValuesAsText("field")).containsExactlyInAnyOrder("boot_id", "sequence",
        "running_module_digests.nginx", "status", "agent_version", "module_status.nginx.state", "module_status.nginx.generation",
        "module_status.redis.state", "module_status.redis.generation");
    assertThat(client.post("/v1/instances/faulty/heartbeats", "{\"boot_id\":null,\"sequence\":-1}", agent.token).body().path("errors"))
        .hasSize(2);
    assertThat(client.post("/v1/instances/faulty/heartbeats", "[]", agent.token).status()).isEqualTo(400);
    assertThat(client.post("/v1/instances/faulty/heartbeats", "{", agent.token).status()).isEqualTo(400);
    assertThat(client.post("/v1/instances/faulty/heartbeats", "", agent.token).status()).isEqualTo(400);
  }

  @Test
  void a_refusal_is_never_larger_than_what_can_be_sent() {
    var agent = client.enrol("refused-shortly");
    var many = IntStream.range(0, 6_000).mapToObj(i -> "\"m%d\":{}".formatted(i)).collect(Collectors.joining(","));
    for (var member : List.of("\"module_status\":{%s}".formatted(many), "\"running_module_digests\":{%s}".formatted(many),
        "\"module_status\":{%s}".formatted(many.replaceAll("m\\d+", "one")),
        "\"module_status\":{\"%s\":{}}".formatted("x".repeat(60_000)))) {
      var reply = client.post("/v1/instances/refused-shortly/heartbeats", "{" + member + "}", agent.token);
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.body().path("errors")).isNotEmpty().hasSizeLessThanOrEqualTo(50);
      assertThat(reply.raw().body().length()).isLessThan(64 << 10);
    }
  }

  @Test
  void at_most_256_modules_are_read() {
    var agent = client.enrol("has-many");
    assertThat(client.post("/v1/instances/has-many/heartbeats", modules(256), agent.token).status()).isEqualTo(200);
    assertThat(client.post("/v1/instances/has-many/heartbeats", modules(257), agent.token).body().path("errors").findValuesAsText("field"))
        .containsExactly("module_status");
  }

  private static String modules(int count) {
    return IntStream.range(0, count).mapToObj(i -> "\"m%d\":{\"state\":\"healthy\",\"generation\":1}".formatted(i))
        .collect(Collectors.joining(",", "{\"boot_id\":\"a\",\"sequence\":1,\"module_status\":{", "}}"));
  }

  @Test
  void a_body_in_many_small_parts_is_one_heartbeat() throws IOException {
    var agent = client.enrol("in-parts");
    var parts = agent.runs(World.NEW).body().toString().chars().mapToObj(c -> "1\r\n" + (char) c + "\r\n").collect(Collectors.joining());
    try (var socket = new Socket(URI.create(client.base()).getHost(), URI.create(client.base()).getPort())) {
      socket.getOutputStream()
          .write(("POST /v1/instances/in-parts/heartbeats HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer "
              + agent.token + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + "0\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 200");
    }
    assertThat(client.get("/v1/instances/in-parts").body().path("running_module_digests").path("nginx").asText())
        .isEqualTo(World.NEW.digest().value());
  }

  @Test
  void passes_over_fields_that_it_does_not_know() {
    var agent = client.enrol("newer");
    var body = agent.body();
    body.putObject("load").put("cpu", 0.5);
    body.putArray("more").add(1);
    assertThat(client.post("/v1/instances/newer/heartbeats", body.toString(), agent.token).status()).isEqualTo(200);
  }

  @Test
  void refuses_what_is_too_large_or_no_json_or_not_his() {
    var agent = client.enrol("guarded");
    var other = client.enrol("other");
    assertThat(client.post("/v1/instances/guarded/heartbeats", "{\"a\":\"" + "x".repeat(70_000) + "\"}", agent.token).status())
        .isEqualTo(413);
    assertThat(Client.send(client.request("/v1/instances/guarded/heartbeats", agent.token).POST(HttpRequest.BodyPublishers.ofString("{}")))
        .status()).isEqualTo(415);
    for (var type : List.of("application/jsonx", "application/json-patch+json"))
      assertThat(Client.send(client.request("/v1/instances/guarded/heartbeats", agent.token).header("Content-Type", type)
          .POST(HttpRequest.BodyPublishers.ofString("{}"))).status()).as(type).isEqualTo(415);
    assertThat(client.post("/v1/instances/guarded/heartbeats", agent.body().toString(), other.token).status()).isEqualTo(401);
    assertThat(client.post("/v1/instances/nobody/heartbeats", agent.body().toString(), agent.token).status()).isEqualTo(401);
    assertThat(Client.send(client.request("/v1/instances/guarded/heartbeats", null).header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("{}"))).status()).isEqualTo(401);
    assertThat(client.get("/v1/instances/guarded/desired", other.token).status()).isEqualTo(401);
    assertThat(client.get("/v1/instances/guarded/desired?wait_sec=61", agent.token).status()).isEqualTo(400);
  }

  /// The encoding is guessed by the first bytes, and some are of none.
  @Test
  void what_is_in_no_encoding_is_answered_too() throws Exception {
    var agent = client.enrol("encoded");
    for (var body : List.of(new byte[]{0, 0, -1, -2, '{', '}'}, "\0\0\0{{{{{".getBytes(StandardCharsets.UTF_8), new byte[]{1, 0, 0, 0, 9},
        new byte[0])) {
      var reply = Client.send(client.request("/v1/instances/encoded/heartbeats", agent.token).header("Content-Type", "application/json")
          .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.body().path("errors").findValuesAsText("field")).containsExactly("body");
    }
    var inbox = new Inbox();
    socket(agent, inbox).sendText("\0\0\0{{{{{", true).join();
    // it may be told first what it is to run
    eventually(() -> assertThat(inbox.frames).extracting(frame -> frame.path("type").asText()).contains("problem"));
  }

  @Test
  void shows_what_the_newest_heartbeat_said() {
    var agent = client.enrol("shown");
    agent.boots("a", 5).runs(World.NEW).beat();
    agent.boots("a", 4).runs(World.OLD).beat();
    eventually(() -> {
      var shown = client.get("/v1/instances/shown").body();
      assertThat(shown.path("running_module_digests").path("nginx").asText()).isEqualTo(World.NEW.digest().value());
      assertThat(shown.path("agent_version").asText()).isEqualTo("1");
      assertThat(shown.path("status").asText()).isEqualTo("running");
      assertThat(shown.path("module_status")).hasToString("{}");
    });
    agent.boots("a", 6).runs(World.NEW).says("unhealthy", 1).beat();
    eventually(() -> assertThat(client.get("/v1/instances/shown").body().path("module_status"))
        .hasToString("{\"nginx\":{\"state\":\"unhealthy\",\"generation\":1,\"detail\":\"its words\"}}"));
    client.post("/v1/instances/shown/heartbeats", "{\"boot_id\":\"a\",\"sequence\":7,\"status\":\"stopped\"}", agent.token);
    eventually(() -> {
      var shown = client.get("/v1/instances/shown").body();
      assertThat(shown.path("status").asText()).isEqualTo("stopped");
      assertThat(shown.path("running_module_digests")).hasSize(1);
    });
    client.post("/v1/instances/shown/heartbeats", "{\"boot_id\":\"a\",\"sequence\":8,\"running_module_digests\":{}}", agent.token);
    eventually(() -> assertThat(client.get("/v1/instances/shown").body().path("running_module_digests")).isEmpty());
  }

  @Test
  void two_machines_under_one_identity_are_reported() {
    var agent = client.enrol("cloned");
    agent.boots("a", 1).beat();
    agent.boots("b", 1).beat();
    agent.boots("a", 2).beat();
    agent.boots("b", 2).beat();
    eventually(() -> assertThat(world.fleet("cloned")).contains(
        new FleetEvent.DuplicateIdentity(new dev.sluice.contract.InstanceId("cloned"), new dev.sluice.contract.TemplateId("web"), "b",
            "a")));
  }

  @Test
  void what_waits_to_be_judged_is_not_overtaken_by_what_only_says_the_same_again() throws Exception {
    var agent = client.enrol("overtaken");
    agent.boots("a", 1).beat();
    agent.boots("b", 1).beat();
    world.settle();
    var nobodyJudges = world.db().connection();
    nobodyJudges.query("begin; select pg_advisory_xact_lock(hashtextextended(current_schema() || '/" + ReplicaStore.SETTLE + "', 0))")
        .execute().toCompletionStage().toCompletableFuture().get();
    agent.boots("a", 2).beat();
    eventually(() -> assertThat(waiting("overtaken")).isEqualTo(1));
    agent.boots("b", 2).beat();
    eventually(() -> assertThat(waiting("overtaken")).isEqualTo(2));
    nobodyJudges.close().toCompletionStage().toCompletableFuture().get();
    eventually(() -> assertThat(world.fleet("overtaken")).anySatisfy(
        e -> assertThat(e).isInstanceOfSatisfying(FleetEvent.DuplicateIdentity.class, d -> assertThat(d.otherBootId()).isEqualTo("a"))));
  }

  @Test
  void who_is_decommissioned_leaves_the_memory_though_he_knocks_on() {
    var agents = IntStream.range(0, 20).mapToObj(i -> client.enrol("forgotten-" + i)).toList();
    agents.forEach(Agent::beat);
    var before = inMemory(); // others may come and go, but fewer
    for (var agent : agents) {
      client.delete("/v1/instances/" + agent.id);
      assertThat(agent.beatOnce().status()).isEqualTo(401);
    }
    eventually(() -> assertThat(inMemory()).isLessThan(before - 10));
    for (var agent : agents)
      assertThat(agent.beatOnce().status()).isEqualTo(401);
    eventually(() -> assertThat(inMemory()).isLessThan(before - 10));
    var next = client.enrol("forgotten-0");
    assertThat(next.beatOnce().status()).isEqualTo(200);
  }

  private static double inMemory() { return world.node.metrics().get("sluice.instances.in.memory").gauge().value(); }

  @Test
  void of_the_boots_that_were_replaced_the_newest_hundred_are_kept() {
    var agent = client.enrol("restarts");
    agent.boots("first", 1).beat();
    world.settle();
    world.db()
        .query("insert into boot (instance_id, boot_id, sequence) select 'restarts', 'boot-' || n, 1 from generate_series(1, 150) as n");
    agent.boots("last", 1).beat();
    world.settle();
    assertThat(world.db().list("select boot_id from boot where instance_id = 'restarts'", r -> r.getString("boot_id")))
        .hasSize(100).contains("first", "boot-150").doesNotContain("boot-1", "boot-51");
  }

  @Test
  void what_is_committed_after_another_machine_was_enrolled_says_nothing_of_it() throws Exception {
    var before = client.enrol("takes-over");
    before.beat();
    world.settle();
    var nobodyCommits = holdUpCommits();
    assertThat(before.runs(World.NEW).beatOnce().status()).isEqualTo(200);
    assertThat(client.delete("/v1/instances/takes-over").status()).isEqualTo(204);
    var after = client.enrol("takes-over");
    nobodyCommits.close().toCompletionStage().toCompletableFuture().get();
    assertThat(member("takes-over").neverReported()).isTrue();
    after.beat();
    assertThat(member("takes-over").runningDigest()).isEqualTo(World.OLD.digest());
  }

  @Test
  void too_many_different_heartbeats_at_once_are_told_to_come_again() throws Exception {
    var agent = client.enrol("floods");
    agent.beat();
    world.settle();
    var nobodyCommits = holdUpCommits();
    var replies = new ArrayList<Client.Reply>();
    for (int n = 0; n < 20; n++)
      replies.add(agent.says(n % 2 == 0 ? "healthy" : "unhealthy", n).beatOnce());
    assertThat(replies.getFirst().status()).isEqualTo(200);
    var refused = replies.getLast();
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.raw().headers().firstValue("Retry-After")).isPresent();
    assertThat(refused.body().path("type").asText()).endsWith("/too-many-requests");
    nobodyCommits.close().toCompletionStage().toCompletableFuture().get();
    eventually(() -> assertThat(agent.beatOnce().status()).isEqualTo(200));
  }

  /// Until it is closed, what is heard is not committed.
  private static SqlConnection holdUpCommits() throws Exception {
    var held = world.db().connection();
    held.query("begin; select 1 from replica for update").execute().toCompletionStage().toCompletableFuture().get();
    eventually(() -> assertThat(lockedOut("insert into replica")).isNotEmpty());
    return held;
  }

  private static Ask.FleetMember member(String instance) {
    return world.settle().stream().filter(m -> m.instanceId().value().equals(instance)).findFirst().orElseThrow();
  }

  /// How a hand-out waits for its turn at a gate.
  private static final String HAND_OUT = "select pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/gate/' || id, 0)) from unnest";

  /// Since when such queries wait for a lock.
  private static List<String> lockedOut(String query) {
    return world.db().list("""
        select query_start::text as since from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and starts_with(query, $1)
        """, r -> r.getString("since"), query);
  }

  private static long waiting(String instance) {
    return world.db().query("select count(*) as n from evidence where instance_id = $1", instance).iterator().next().getLong("n");
  }

  @Test
  void carries_a_desired_version_until_it_is_echoed_or_shown() {
    var agent = client.enrol("told").runs(null);
    assertThat(agent.desired().path("generation").asLong()).isEqualTo(1);
    assertThat(agent.desired().path("generation").asLong()).isEqualTo(1);
    assertThat(agent.says("applying", 1).desired().isMissingNode()).isTrue();
    var silent = client.enrol("shows").runs(null);
    assertThat(silent.desired().path("digest").asText()).isEqualTo(World.OLD.digest().value());
    assertThat(silent.runs(World.OLD).desired().isMissingNode()).isTrue();
  }

  @Test
  void a_long_poll_ends_with_an_instruction_or_with_its_time() {
    var agent = client.enrol("polls");
    agent.desired();
    assertThat(agent.poll(0).body().path("desired")).isEmpty();
    assertThat(agent.poll(1).body().path("desired")).isEmpty();
    var play = Play.of(world, "polled", agent).start();
    var waiting = Client.HTTP.sendAsync(client.request("/v1/instances/polls/desired?wait_sec=30", agent.token).GET().build(),
        java.net.http.HttpResponse.BodyHandlers.ofString());
    play.instruct(60, 0);
    assertThat(waiting.orTimeout(20, TimeUnit.SECONDS).join().body()).contains("1.26.0");
    play.ends();
  }

  @Test
  void a_token_that_is_void_gets_nothing_of_what_the_next_machine_of_its_id_is_told() throws InterruptedException {
    var old = client.enrol("handed-on");
    old.desired();
    var inbox = new Inbox();
    var socket = Client.HTTP.newWebSocketBuilder().header("Authorization", "Bearer " + old.token)
        .buildAsync(URI.create(client.base().replace("http", "ws") + "/v1/agents?instance_id=handed-on"), inbox).join();
    var waiting = Client.HTTP.sendAsync(client.request("/v1/instances/handed-on/desired?wait_sec=30", old.token).GET().build(),
        java.net.http.HttpResponse.BodyHandlers.ofString());
    socket.sendText(old.body().put("type", "heartbeat").toString(), true).join();
    assertThat(inbox.next().path("type").asText()).isIn("heard", "desired");
    // both at once, so that no replica sees the one without the other
    world.db().query("update instance set token_hash = $1, changed_xid = pg_current_xact_id() where id = 'handed-on'",
        io.vertx.core.buffer.Buffer.buffer(dev.sluice.chassis.Ids.hash("another")));
    var frame = inbox.next();
    while (!frame.has("code"))
      frame = inbox.next();
    assertThat(frame.path("code").asInt()).isEqualTo(4401);
    assertThat(waiting.orTimeout(10, TimeUnit.SECONDS).join().statusCode()).isEqualTo(401);
  }

  private static final class Inbox implements WebSocket.Listener {
    final LinkedBlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        frames.add(Json.read(text.toString(), JsonNode.class));
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      frames.add(Json.mapper().createObjectNode().put("type", "closed").put("code", code));
      return null;
    }

    JsonNode next() throws InterruptedException {
      var frame = frames.poll(20, TimeUnit.SECONDS);
      assertThat(frame).isNotNull();
      return frame;
    }
  }

  @Test
  void a_socket_carries_heartbeats_up_and_instructions_down() throws InterruptedException {
    var agent = client.enrol("socket");
    agent.desired();
    var inbox = new Inbox();
    var socket = Client.HTTP.newWebSocketBuilder().header("Authorization", "Bearer " + agent.token)
        .buildAsync(URI.create(client.base().replace("http", "ws") + "/v1/agents?instance_id=socket"), inbox).join();
    socket.sendText(agent.body().put("type", "heartbeat").toString(), true).join();
    assertThat(inbox.next().path("type").asText()).isEqualTo("heard");
    socket.sendText("{\"type\":\"heartbeat\"}", true).join();
    assertThat(inbox.next().path("errors")).hasSize(2);
    var play = Play.of(world, "socketed", agent).start().instruct(60, 0);
    var told = inbox.next();
    assertThat(told.path("type").asText()).isEqualTo("desired");
    assertThat(told.path("desired").path("nginx").path("version").asText()).isEqualTo("1.26.0");
    socket.sendText(agent.runs(World.NEW).says("healthy", 2).body().put("type", "heartbeat").toString(), true).join();
    assertThat(inbox.next().path("desired")).isEmpty();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
    client.delete("/v1/instances/socket");
    assertThat(inbox.next().path("code").asInt()).isEqualTo(4401);
  }

  private static WebSocket socket(Agent agent, Inbox inbox) {
    return Client.HTTP.newWebSocketBuilder().header("Authorization", "Bearer " + agent.token)
        .buildAsync(URI.create(client.base().replace("http", "ws") + "/v1/agents?instance_id=" + agent.id), inbox).join();
  }

  @Test
  void the_newest_sockets_of_an_instance_close_the_oldest() throws InterruptedException {
    var agent = client.enrol("many-sockets");
    agent.desired();
    agent.says("healthy", 1).beat();
    var inboxes = List.of(new Inbox(), new Inbox(), new Inbox());
    for (var inbox : inboxes) {
      socket(agent, inbox).sendText(agent.body().put("type", "heartbeat").toString(), true).join();
      assertThat(inbox.next().path("type").asText()).as("it listens").isEqualTo("heard");
    }
    assertThat(inboxes.getFirst().next().path("code").asInt()).isEqualTo(1008);
  }

  @Test
  void the_newest_polls_of_an_instance_answer_the_oldest() {
    var agent = client.enrol("many-polls");
    agent.desired();
    agent.says("healthy", 1).beat();
    var polls = Stream
        .generate(() -> Client.HTTP.sendAsync(client.request("/v1/instances/many-polls/desired?wait_sec=60", agent.token).GET().build(),
            HttpResponse.BodyHandlers.ofString()))
        .limit(5).toList();
    var first = (HttpResponse<?>) CompletableFuture.anyOf(polls.toArray(CompletableFuture[]::new)).orTimeout(20, TimeUnit.SECONDS).join();
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.body()).isEqualTo("{\"desired\":{}}");
    assertThat(polls.stream().filter(CompletableFuture::isDone)).hasSize(1);
    client.delete("/v1/instances/many-polls");
    polls.forEach(CompletableFuture::join);
  }

  @Test
  void an_agent_that_sends_on_while_its_instruction_is_committed_is_told_nothing_yet() throws Exception {
    var agent = client.enrol("sends-on");
    agent.desired();
    agent.says("healthy", 1).beat();
    var play = Play.of(world, "sends-on", agent).start();
    var inbox = new Inbox();
    var socket = socket(agent, inbox);
    eventually(
        () -> assertThat(world.db().query("select 1 from gate where rollout_id = 'sends-on' and purpose = 'upgrade'").rowCount()).isOne());
    var held = world.db().connection();
    held.query("begin; select pg_advisory_xact_lock(hashtextextended(current_schema() || '/gate/sends-on', 0))").execute()
        .toCompletionStage().toCompletableFuture().get();
    play.instructQuietly();
    eventually(() -> assertThat(lockedOut(HAND_OUT)).isNotEmpty());
    var waiting = lockedOut(HAND_OUT);
    int told = 0;
    for (int i = 0; i < 100; i++)
      socket.sendText(agent.body().put("type", "heartbeat").toString(), true).join();
    while (told < 80) {
      var frame = inbox.next();
      assertThat(frame.toString()).doesNotContain("1.26.0");
      if (frame.path("type").asText().equals("heard")) told++;
    }
    assertThat(lockedOut(HAND_OUT)).as("it waits as before").isEqualTo(waiting);
    held.close().toCompletionStage().toCompletableFuture().get();
    play.told("1.26.0").ends();
  }

  @Test
  void a_socket_needs_the_token_of_its_instance() {
    client.enrol("locked");
    var refused = Client.HTTP.newWebSocketBuilder().header("Authorization", "Bearer wrong")
        .buildAsync(URI.create(client.base().replace("http", "ws") + "/v1/agents?instance_id=locked"), new Inbox()).handle((_, e) -> e)
        .join();
    assertThat(refused).isNotNull();
  }

  @Test
  void what_is_no_handshake_is_told_what_it_lacks() {
    var agent = client.enrol("no-socket");
    var refused = client.get("/v1/agents?instance_id=no-socket", agent.token);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.body().path("errors").valueStream().map(e -> e.path("field").asText()))
        .containsExactly("Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key");
    assertThat(refused.raw().headers().firstValue("Sec-WebSocket-Version")).hasValue("13");
  }
}
