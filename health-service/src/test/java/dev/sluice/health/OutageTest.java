package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.FleetEvent.InstanceSilent;
import dev.sluice.contract.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// Our own absence is nobody's failure.
@Execution(ExecutionMode.CONCURRENT)
class OutageTest {
  @Test
  void heartbeats_are_kept_for_a_while_then_refused_and_the_time_is_held_against_nobody() {
    try (var world = new World(); var proxy = world.proxyToTheDatabase()) {
      world.replica(Duration.ofSeconds(1), proxy);
      var agent = world.client().enrol("patient");
      agent.desired();
      agent.says("healthy", 1).beat();
      var play = Play.of(world, "patient", agent).start().instruct(60, 0).told("1.26.0");
      agent.says("applying", 2).beat();
      var cut = Instant.now();
      proxy.cut();
      assertThat(agent.beat().status()).isEqualTo(200);
      eventually(() -> assertThat(agent.beatOnce().status()).isEqualTo(503));
      assertThat(agent.beatOnce().raw().headers().firstValue("Retry-After")).isPresent();
      var deadlinePassed = Instant.now().plusSeconds(2);
      play.left(1_000);
      eventually(() -> {
        agent.beatOnce();
        assertThat(Instant.now()).isAfter(deadlinePassed);
      });
      proxy.restore();
      agent.runs(World.NEW).says("healthy", 2);
      eventually(() -> {
        agent.beat();
        assertThat(play.judgements()).isNotEmpty();
      });
      assertThat(play.judgements()).singleElement().satisfies(j -> assertThat(j.healthy()).isTrue());
      assertThat(world.fleet("patient")).noneMatch(e -> e instanceof InstanceSilent s && s.lastHeartbeatAt().isAfter(cut));
      assertThat(world.db().query("select 1 from deaf").rowCount()).isPositive();
      world.replicas.removeFirst().close();
    }
  }

  @Test
  void who_was_enrolled_anew_elsewhere_is_told_to_come_again_where_the_token_cannot_be_read() {
    try (var world = new World(); var proxy = world.proxyToTheDatabase()) {
      world.replica(Duration.ofSeconds(30), proxy).replica(Duration.ofSeconds(30));
      var before = world.client(0).enrol("enrolled-anew");
      assertThat(before.beat().status()).isEqualTo(200);
      proxy.cut();
      assertThat(world.client(1).delete("/v1/instances/enrolled-anew").status()).isEqualTo(204);
      var after = world.client(1).enrol("enrolled-anew").to(world.client(0));
      assertThat(after.beatOnce().status()).isEqualTo(503);
      assertThat(after.poll(0).status()).isEqualTo(503);
      proxy.restore();
      eventually(() -> assertThat(after.beatOnce().status()).isEqualTo(200));
      assertThat(before.beatOnce().status()).isEqualTo(401);
      world.replicas.removeFirst().close();
    }
  }

  @Test
  void a_heartbeat_that_came_before_the_deadline_counts_though_its_instance_is_read_after_it() {
    try (var world = new World().replica(Duration.ofSeconds(30))) {
      var agent = world.client().enrol("read-late");
      agent.desired();
      agent.says("healthy", 1).beat();
      var play = Play.of(world, "read-late", agent).start().instruct(60, 0).told("1.26.0");
      world.replica(Duration.ofSeconds(30));
      agent.to(world.client(1)).runs(World.NEW).says("healthy", 2);
      var answer = world.db().inTransaction(tx -> {
        tx.query("lock table instance in access exclusive mode");
        var beat = CompletableFuture.supplyAsync(agent::beatOnce, Thread::startVirtualThread);
        world.untilWaits(tx, "select id, token_hash%from instance where id = any%");
        play.left(500);
        var deadlinePassed = Instant.now().plusSeconds(4); // what the start of the replica missed included
        eventually(() -> {
          tx.query("select 1"); // whoever does nothing for long is thrown out
          assertThat(Instant.now()).isAfter(deadlinePassed);
        });
        return beat;
      });
      assertThat(answer.join().status()).isEqualTo(200);
      assertThat(play.judged().healthy()).isTrue();
    }
  }

  /// Ends each reading of what instances must run.
  private static final String LOSE_THE_READING = """
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'
         and query like 'select instance_id, module_id%from assignment where%'
      """;

  @Test
  void whoever_could_be_read_by_half_only_is_read_again_and_told_what_it_must_run() {
    try (var world = new World().replica(Duration.ofSeconds(30))) {
      var agent = world.client().enrol("by-half").runs(null);
      world.replica(Duration.ofSeconds(30));
      agent.to(world.client(1));
      var first = world.db().inTransaction(tx -> {
        tx.query("lock table assignment in access exclusive mode");
        var beat = CompletableFuture.supplyAsync(agent::beatOnce, Thread::startVirtualThread);
        eventually(() -> {
          tx.query("select 1");
          world.db().query(LOSE_THE_READING); // what a transaction sees of others it sees once
          assertThat(beat).isDone();
        });
        return beat.join();
      });
      assertThat(first.status()).isEqualTo(503);
      assertThat(agent.desired().path("generation").asLong()).isEqualTo(1);
    }
  }

  /// As an earlier release could write it.
  private static final String BACKWARDS = """
      insert into deaf (from_at, to_at, why) values (clock_timestamp(), clock_timestamp() - interval '50 milliseconds', 'a replica did not listen')
      """;

  @Test
  void a_restart_is_time_in_which_we_were_deaf() {
    try (var world = new World().replica(Duration.ofSeconds(1))) {
      var agent = world.client().enrol("restarted");
      agent.desired();
      agent.says("healthy", 1).beat();
      var play = Play.of(world, "restarted", agent).start().instruct(60, 0).told("1.26.0");
      agent.says("applying", 2).beat();
      var stopped = Instant.now();
      world.replicas.removeFirst().close();
      world.db().query(BACKWARDS);
      play.left(5_000);
      var deadlinePassed = Instant.now().plusSeconds(6);
      eventually(() -> assertThat(Instant.now()).isAfter(deadlinePassed));
      world.replica(Duration.ofSeconds(1));
      play.delivers(Purpose.UPGRADE);
      agent.to(world.client()).runs(World.NEW).says("healthy", 2).beat();
      assertThat(play.judged().healthy()).isTrue();
      assertThat(world.fleet("restarted")).noneMatch(e -> e instanceof InstanceSilent s && s.lastHeartbeatAt().isAfter(stopped));
    }
  }
}
