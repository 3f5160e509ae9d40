package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Spaced;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A fleet of a million through all services: planned whole, every member shown once, approved, its first batch instructed, and stopped by an abort.
///
/// Not part of the build: it takes some minutes. One real agent enrols and reports; the rows that this made in the health-service's database are copied under other
/// ids, since two cores take an hour for as many heartbeats (`docs/figures.md`). All else is as ever. `-Dinstances=` for fewer.
class MillionPlanned {
  private static final int INSTANCES = Integer.getInteger("instances", 1_000_000);
  private static final int BATCHES = 10;
  private static final Duration LONG = Duration.ofMinutes(10);
  @TempDir(factory = Spaced.class)
  private Path folder;

  @Test
  @Timeout(3_600)
  void a_million_are_planned_whole_begun_and_stopped() throws Exception {
    var data = folder.resolve("data");
    try (var world = World.start(data, Ports.block(10), Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "3600"), _ -> {});
        var f = Fixture.fleet(new Api(world.gateway(), "anna").patient(), folder, "million", 1)) {
      took("copied", () -> copy(data, f.template));
      var plan = took("planned", () -> f.plan("1.26.0", Map.of("batch_pct", 100 / BATCHES)).expect(201).body());
      assertThat(plan.path("total_instances").asInt()).isEqualTo(INSTANCES);
      assertThat(plan.path("batch_count").asInt()).isEqualTo(BATCHES);
      assertThat(plan.path("batch_size").asInt()).isEqualTo(INSTANCES / BATCHES);
      var rollout = plan.path("rollout_id").asText();
      var sizes = took("read", () -> members(f, rollout));
      assertThat(sizes).hasSize(BATCHES).allSatisfy((batch, size) -> assertThat(size).isEqualTo(INSTANCES / BATCHES));
      took("instructed, the first batch", () -> {
        f.approve(plan);
        return f.api.until("/v1/rollouts/" + rollout, LONG, r -> r.at("/batches/0/phase").asText().equals("running")
            && r.at("/counts/in_flight").asInt() + r.at("/counts/failed").asInt() + r.at("/counts/healthy").asInt() == INSTANCES / BATCHES);
      });
      took("aborted", () -> {
        f.api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200);
        return f.untilState(rollout, "aborted");
      });
      assertThat(f.api.get("/v1/rollouts/" + rollout).at("/counts/pending").asInt()).isEqualTo(INSTANCES - INSTANCES / BATCHES);
    }
  }

  private interface Work<T> {
    T result() throws Exception;
  }

  private static <T> T took(String what, Work<T> work) throws Exception {
    long began = System.nanoTime();
    var result = work.result();
    System.out.printf("%s after %.1f s%n", what, (System.nanoTime() - began) / 1e9);
    return result;
  }

  /// Each member of the plan once, counted by batch.
  private static Map<Integer, Integer> members(Fixture f, String rollout) {
    var seen = new HashSet<String>();
    var sizes = new TreeMap<Integer, Integer>();
    var cursor = "";
    do {
      var page = f.api.get("/v1/rollouts/" + rollout + "/instances?limit=1000" + cursor).expect(200);
      for (var one : page.at("/instances")) {
        assertThat(seen.add(one.path("instance_id").asText())).isTrue();
        sizes.merge(one.path("batch_index").asInt(), 1, Integer::sum);
      }
      cursor = page.body().hasNonNull("next_cursor") ? "&cursor=" + page.text("next_cursor") : null;
    } while (cursor != null);
    return sizes;
  }

  private static final String COPY = """
      with first as (select id from instance where template_id = '%1$s'), copies as (select n, 'copy-' || lpad(n::text, 7, '0') as id from generate_series(1, %2$d) n)
      %3$s
      """;

  private static Void copy(Path data, String template) throws IOException, SQLException {
    try (var health = health(data); var statement = health.createStatement()) {
      for (var copied : new String[]{"""
          insert into instance select (jsonb_populate_record(i, jsonb_build_object('id', c.id, 'name', c.id, 'labels', jsonb_build_object('zone', 'z' || n %% 6),
            'token_hash', '\\x' || md5(c.id) || md5(c.id)))).* from copies c, instance i join first using (id)""", """
          insert into pulse select (jsonb_populate_record(p, jsonb_build_object('instance_id', c.id))).* from copies c, pulse p join first f on f.id = p.instance_id
          """, """
          insert into assignment select (jsonb_populate_record(a, jsonb_build_object('instance_id', c.id))).*
            from copies c, assignment a join first f on f.id = a.instance_id""", """
          update tally set n = n * (select count(*) + 1 from copies) where template_id = '%1$s' and n > 0"""})
        statement.execute(COPY.formatted(template, INSTANCES - 1, copied.formatted(template)));
      statement.execute("analyze instance, pulse, assignment");
      return null;
    }
  }

  private static Connection health(Path data) throws IOException, SQLException {
    var passwords = new Properties();
    try (var in = Files.newBufferedReader(data.resolve("postgres/passwords"))) {
      passwords.load(in);
    }
    var port = Files.readAllLines(data.resolve("postgres/server/data/postmaster.pid")).get(3);
    return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/sluice", "health",
        passwords.getProperty("health"));
  }
}
