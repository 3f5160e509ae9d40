package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;
import static org.junit.jupiter.api.parallel.ExecutionMode.SAME_THREAD;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Spaced;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ResourceLock;

/// The whole product as one process that loses data in the middle of a rollout, as `docs/backup.md` tells it: PostgreSQL comes back from an older backup under
/// newer topics, or Kafka comes back with nothing.
@Timeout(600)
@Execution(CONCURRENT)
@ResourceLock("the lane of restarts")
class RestoreTest {
  private static final Duration SOON = Duration.ofSeconds(120);
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static int port;
  private static OwnProcess sluice;
  private static Api api;

  @BeforeAll
  static void up() {
    port = Ports.block(10);
    api = new Api(URI.create("http://127.0.0.1:" + port), "anna").patient();
    start(Map.of());
  }

  @AfterAll
  static void down() {
    if (sluice != null) sluice.close();
  }

  private static void start(Map<String, String> also) {
    var environment = new HashMap<>(also);
    environment.putAll(Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "2", "SLUICE_RECONCILER_TICK_SEC", "1"));
    sluice = OwnProcess.up(folder, port, environment);
  }

  /// The backup is made while the first batch soaks, which takes longer than agents need to be heard again. What happens then is lost: an operator aborts, and all
  /// instances get a later version with higher generations.
  @Test
  @Execution(SAME_THREAD)
  void restored_from_an_older_backup_nothing_goes_on_by_itself_and_then_ends_rightly() throws Exception {
    try (var f = Fixture.fleet(api, folder, "restored", 4)) {
      f.publish("1.28.0");
      String rollout;
      try (var connection = connect(data()); var sql = connection.createStatement()) {
        sql.execute("select pg_backup_start('before', true)");
        run("cp", "-a", postgres().toString(), folder.resolve("backup").toString());
        rollout = f.start("1.26.0", Map.of("batch_pct", 50, "min_healthy_sec", 15, "health_timeout_sec", 10));
        // as soon as it is so, and not when it is told: they must not have soaked by the backup
        await().pollInSameThread().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20)).atMost(SOON)
            .until(() -> handedOut(sql, rollout) == 2);
        finish(sql, folder.resolve("backup"));
      }
      await().atMost(SOON).until(() -> of(f, rollout, "instance_started").size() == 2);
      int kept = f.events(rollout).size();
      api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200);
      var later = startOnceFree(f, "1.28.0", Map.of("batch_pct", 100));
      f.untilState(later, "completed");
      long cursor = last();

      sluice.close();
      restore(folder.resolve("backup"));
      start(Map.of("SLUICE_RESTORED_AT", Instant.now().toString()));

      api.get("/v1/rollouts/" + later).expect(404);
      f.untilState(rollout, "paused");
      var paused = await().atMost(SOON).until(() -> of(f, rollout, "paused"), told -> !told.isEmpty());
      assertThat(paused).singleElement().satisfies(e -> assertThat(e.path("comment").asText()).contains("restored"));
      api.until("/v1/fleet-summary?template_id=" + f.template, SOON, s -> s.path("reporting").asInt() == 4);
      assertThat(of(f, rollout, "instance_started")).as("nobody was told anything by itself").hasSize(2);
      api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200);
      var stands = api.until("/v1/rollouts/" + rollout, SOON,
          r -> r.path("state").asText().equals("awaiting_decision") || r.hasNonNull("ended_at"));
      assumeThat(stands.path("state").asText()).as("they had not soaked by the backup").isEqualTo("awaiting_decision");
      f.decide(rollout, "retry_failed");

      assertThat(f.untilState(rollout, "completed").at("/counts/healthy").asInt()).isEqualTo(4);
      f.awaitFleet(4);
      var events = f.eventsUntil(rollout, "module.upgrade.completed");
      whole(events);
      inOrder(events);
      assertThat(events).as("a reader at a cursor of before the restore misses nothing that is new").filteredOn(e -> id(e) > cursor)
          .extracting(e -> e.path("stream_seq").asLong()).first().satisfies(seq -> assertThat(seq).isLessThanOrEqualTo(kept + 2L));
      assertThat(api.get("/v1/events?limit=1000&after=" + cursor).expect(200).at("/events")).isNotEmpty()
          .allSatisfy(e -> assertThat(id(e)).isGreaterThan(cursor));
    }
  }

  /// Kafka loses all in a moment when verdicts were published that the rollout-service has not read.
  @Test
  @Execution(SAME_THREAD)
  void without_all_topics_what_readers_had_not_read_is_published_again() throws Exception {
    try (var f = Fixture.fleet(api, folder, "topics", 4)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 50)).expect(201).body();
      var rollout = plan.path("rollout_id").asText();
      try (var deaf = connect(data()); var sql = deaf.createStatement()) {
        f.approve(plan);
        await().atMost(SOON).until(() -> of(f, rollout, "instance_started").size() >= 2);
        deaf.setAutoCommit(false);
        sql.execute("lock table rollout.journal in exclusive mode");
        await().atMost(SOON).until(() -> published("judged", rollout) > 0);
        sluice.kill();
      }
      delete(data().resolve("kafka"));
      start(Map.of());

      assertThat(f.untilState(rollout, "completed").at("/counts/healthy").asInt()).isEqualTo(4);
      f.awaitFleet(4);
      var events = f.eventsUntil(rollout, "module.upgrade.completed");
      whole(events);
      inOrder(events);
      for (var kind : List.of("instance_started", "instance_health_check"))
        assertThat(of(f, rollout, kind)).as(kind).hasSize(4).extracting(e -> e.path("instance_id").asText()).doesNotHaveDuplicates();
    }
  }

  /// A stream as its readers get it: ids only grow, and no place of the stream is left out or told twice.
  private static void whole(List<JsonNode> events) {
    assertThat(events).extracting(RestoreTest::id).isSorted().doesNotHaveDuplicates();
    assertThat(events).extracting(e -> e.path("stream_seq").asLong())
        .containsExactlyElementsOf(LongStream.rangeClosed(1, events.size()).boxed().toList());
  }

  /// No batch starts before the one before it is completed.
  private static void inOrder(List<JsonNode> events) {
    assertThat(events.stream().filter(e -> e.path("kind").asText().matches("module.upgrade.batch_(started|completed)"))
        .map(e -> e.path("kind").asText().substring("module.upgrade.batch_".length()) + " " + e.path("batch_index").asInt()))
        .containsExactly("started 0", "completed 0", "started 1", "completed 1");
  }

  private static List<JsonNode> of(Fixture f, String rollout, String kind) {
    return f.events(rollout).stream().filter(e -> e.path("kind").asText().equals("module.upgrade." + kind)).toList();
  }

  private static String startOnceFree(Fixture f, String version, Map<String, Object> inputs) {
    var plan = await().atMost(SOON).until(() -> f.plan(version, inputs), p -> p.status() == 201);
    f.approve(plan.body());
    return plan.text("rollout_id");
  }

  private static long id(JsonNode event) { return event.path("id").asLong(); }

  private static long last() { return id(api.get("/v1/events?limit=1").expect(200).at("/events/0")); }

  private static Path data() { return folder.resolve("data"); }

  private static Path postgres() { return data().resolve("postgres/server/data"); }

  /// The way in for the superuser of a world's own server.
  static Connection connect(Path data) throws IOException, SQLException {
    var passwords = new Properties();
    try (var in = Files.newBufferedReader(data.resolve("postgres/passwords"))) {
      passwords.load(in);
    }
    int at = Integer.parseInt(Files.readAllLines(data.resolve("postgres/server/data/postmaster.pid")).get(3).strip());
    return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + at + "/sluice", "postgres", passwords.getProperty("postgres"));
  }

  private static long published(String kind, String rollout) throws IOException, SQLException {
    try (var connection = connect(data());
        var query = connection.prepareStatement(
            "select count(*) from health.journal where kind = ? and key = ? and published_at is not null")) {
      query.setString(1, kind);
      query.setString(2, rollout);
      try (var rows = query.executeQuery()) {
        rows.next();
        return rows.getLong(1);
      }
    }
  }

  private static int handedOut(Statement sql, String rollout) throws SQLException {
    var count = "select count(*) from rollout.rollout_member where handed_out_at is not null and rollout_id = '" + rollout + "'";
    try (var rows = sql.executeQuery(count)) {
      rows.next();
      return rows.getInt(1);
    }
  }

  /// Ends a base backup of the running server: the files are there, now what was written meanwhile, and the label.
  private static void finish(Statement sql, Path to) throws Exception {
    try (var label = sql.executeQuery("select labelfile from pg_backup_stop(false)")) {
      label.next();
      Files.writeString(to.resolve("backup_label"), label.getString(1));
    }
    run("cp", "-a", postgres().resolve("pg_wal").toString(), to.toString());
    Files.delete(to.resolve("postmaster.pid"));
  }

  private static void restore(Path backup) throws Exception {
    delete(postgres());
    run("cp", "-a", backup.toString(), postgres().toString());
  }

  private static void delete(Path folder) throws Exception { run("rm", "-r", folder.toString()); }

  private static void run(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).as(String.join(" ", command)).isZero();
  }
}
