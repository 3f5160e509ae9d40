package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent.Aborted;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.Instruction;
import dev.sluice.contract.RolloutEvent.Paused;
import dev.sluice.contract.RolloutEvent.Resumed;
import dev.sluice.contract.RolloutEvent.RollbackStarted;
import dev.sluice.contract.RolloutEvent.Verdict;
import dev.sluice.contract.RolloutEvent.VerdictsRecorded;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.health.store.ReplicaStore;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/// Attempts from the instruction to the evidence; heartbeats are due each second, so three seconds are silence.
class AttemptsTest {
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static World world;
  private static Client client;

  @BeforeAll
  static void start() {
    world = new World().replica(INTERVAL);
    client = world.client();
  }

  @AfterAll
  static void stop() { world.close(); }

  @Test
  void is_healthy_by_its_own_heartbeat_after_the_hand_out() {
    var agent = client.settled("good");
    var play = Play.of(world, "good", agent).start().instruct(60, 0).told("1.26.0");
    agent.says("applying", 2).beat();
    agent.runs(World.NEW).says("healthy", 2);
    eventually(() -> {
      agent.beat(); // it must not fall silent, however long the word takes
      assertThat(play.judgements()).isNotEmpty();
    });
    assertThat(play.judged().healthy()).isTrue();
    assertThat(play.handedOut()).containsExactly(0);
    agent.runs(World.OLD).beat();
    eventually(() -> assertThat(play.regressed()).singleElement().satisfies(m -> assertThat(m.reason()).isEqualTo(Reason.OTHER_DIGEST)));
    play.ends();
  }

  @Test
  void holds_for_the_soak() {
    var agent = client.settled("soaks");
    var play = Play.of(world, "soaks", agent).start().instruct(60, 2).told("1.26.0");
    var begun = Instant.now(); // before the heartbeat: the soak begins at its receipt
    agent.runs(World.NEW).says("healthy", 2).beat();
    eventually(() -> {
      agent.beat();
      assertThat(play.judgements()).isNotEmpty();
    });
    assertThat(Duration.between(begun, play.judged().at())).isGreaterThan(Duration.ofMillis(1_900));
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
  }

  @Test
  void fails_at_once_on_what_the_agent_says() {
    var agent = client.settled("bad");
    var play = Play.of(world, "bad", agent).start().instruct(60, 0).told("1.26.0");
    agent.says("apply_failed", 2).beat();
    assertThat(play.judged().reason()).isEqualTo(Reason.APPLY_FAILED);
    assertThat(play.judged().detail()).isEqualTo("its words");
    assertThat(play.judged().timeout()).isFalse();
    play.ends();
  }

  @Test
  void an_absent_a_silent_and_a_stubborn_machine_look_different() {
    var absent = client.enrol("absent");
    var silent = client.settled("silent");
    var stubborn = client.settled("stubborn");
    var play = Play.of(world, "three", absent, silent, stubborn).start().instruct(60, 0);
    eventually(() -> assertThat(silent.poll(5).body().path("desired")).isNotEmpty());
    eventually(() -> assertThat(stubborn.poll(5).body().path("desired")).isNotEmpty());
    play.left(3_500);
    eventually(() -> {
      stubborn.beat();
      assertThat(play.judgements()).hasSize(3);
    });
    assertThat(play.judgements()).allSatisfy(j -> assertThat(j.timeout()).isTrue());
    assertThat(play.judgements().stream().sorted((a, b) -> a.ordinal() - b.ordinal()).map(j -> j.reason()))
        .containsExactly(Reason.NEVER_HANDED_OUT, Reason.SILENT, Reason.HEALTH_TIMEOUT);
    assertThat(absent.poll(0).body().path("desired")).isEmpty();
    stubborn.runs(World.NEW).says("healthy", 2).beat();
    eventually(() -> assertThat(play.lateHealthy()).singleElement().satisfies(m -> assertThat(m.ordinal()).isEqualTo(2)));
    play.ends();
  }

  @Test
  void who_comes_round_after_the_rollout_has_ended_is_late_healthy_too() {
    var slow = client.settled("slow");
    var slower = client.settled("slower");
    var play = Play.of(world, "over", slow, slower).start().instruct(60, 1).told("1.26.0");
    eventually(() -> assertThat(slower.poll(5).body().path("desired")).isNotEmpty());
    play.left(0);
    eventually(() -> {
      slow.beat();
      slower.beat();
      assertThat(play.judgements()).hasSize(2).noneMatch(j -> j.healthy());
    });
    play.ends();
    eventually(() -> assertThat(world.db().query("select 1 from gate where rollout_id = 'over' and ended").rowCount()).isEqualTo(1));
    eventually(() -> {
      slow.beat();
      slower.beat();
      assertThat(watched("slow") || watched("slower")).as("each heartbeat is kept").isFalse();
    });
    slower.says("unhealthy", 2).beat();
    world.settle();
    assertThat(watched("slower")).as("each heartbeat is kept, since it said something new that is no success").isFalse();
    slow.runs(World.NEW).says("healthy", 2).beat();
    eventually(() -> assertThat(play.lateHealthy()).singleElement().satisfies(m -> assertThat(m.ordinal()).isZero()));
    assertThat(watched("slow") || watched("slower")).as("each heartbeat is kept").isFalse();
    slower.runs(World.NEW).says("healthy", 2).beat();
    eventually(() -> assertThat(play.lateHealthy()).extracting(m -> m.ordinal()).containsExactly(0, 1));
    slow.says("unhealthy", 2).beat();
    slow.says("healthy", 2).beat();
    slower.beat();
    world.settle();
    assertThat(play.lateHealthy()).as("each once").hasSize(2);
  }

  @Test
  void who_comes_round_before_its_deadline_after_the_rollout_has_ended_is_late_healthy_at_it() {
    var agent = client.settled("early");
    var play = Play.of(world, "early", agent).start().instruct(6, 0).told("1.26.0");
    agent.says("apply_failed", 2).beat();
    assertThat(play.judged().reason()).isEqualTo(Reason.APPLY_FAILED);
    play.ends();
    agent.runs(World.NEW).says("healthy", 2);
    eventually(() -> {
      agent.beat();
      assertThat(play.lateHealthy()).hasSize(1);
    });
  }

  private static boolean watched(String instance) {
    return world.db().list("select watched from pulse where instance_id = $1", r -> r.getBoolean("watched"), instance).getFirst();
  }

  @Test
  void pausing_stops_the_clocks_and_a_timeout_that_was_not_recorded_is_none() {
    var agent = client.settled("pauses");
    var play = Play.of(world, "pauses", agent).start().instruct(60, 0).told("1.26.0").older(90);
    world.tellAt("pauses", new Paused("ann", null), Instant.now().minusSeconds(50));
    play.delivers(null);
    eventually(() -> assertThat(
        world.db().query("select paused_since from gate where rollout_id = 'pauses' and paused_since is not null").rowCount())
        .isEqualTo(1));
    play.left(-1_000);
    agent.beat();
    world.settle();
    assertThat(play.judgements()).isEmpty();
    play.tell(new Resumed("ann", null)).delivers(Purpose.UPGRADE);
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
  }

  /// Neither more than there was of the pause since the instruction, nor time in which we were deaf, which every deadline gets anyhow.
  @Test
  void a_pause_gives_no_more_than_it_took() {
    var play = Play.of(world, "fair", client.settled("fair")).start().instruct(600, 0).told("1.26.0").older(100);
    var before = deadline("fair");
    var now = Instant.now();
    world.db().query("insert into deaf (from_at, to_at, why) values ($1, $2, 'a test')", now.minusSeconds(50).atOffset(ZoneOffset.UTC),
        now.minusSeconds(20).atOffset(ZoneOffset.UTC));
    world.tellAt("fair", new Paused("ann", null), now.minusSeconds(60));
    world.tellAt("fair", new Resumed("ann", null), now);
    eventually(() -> assertThat(Duration.between(before, deadline("fair"))).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(31)));
    world.db().query("delete from deaf where why = 'a test'");
    world.tellAt("fair", new Paused("ann", null), now.minusSeconds(4_000));
    world.tellAt("fair", new Resumed("ann", null), now);
    eventually(() -> assertThat(Duration.between(before, deadline("fair"))).isBetween(Duration.ofSeconds(105), Duration.ofSeconds(140)));
    play.ends();
  }

  private static Instant deadline(String rollout) {
    return world.db().list("select deadline_at from assignment where rollout_id = $1", r -> r.getOffsetDateTime("deadline_at").toInstant(),
        rollout).getFirst();
  }

  @Test
  void a_timeout_that_came_before_the_pause_was_heard_of_is_taken_back_unless_it_was_recorded() {
    var kept = client.settled("recorded");
    var back = client.settled("unrecorded");
    var play = Play.of(world, "late-pause", kept, back).start();
    play.instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(back.poll(5).body().path("desired")).isNotEmpty());
    play.older(90).left(500);
    eventually(() -> {
      kept.beat();
      back.beat();
      assertThat(play.judgements()).hasSize(2);
    });
    var pausedAt = Instant.now().minusSeconds(60);
    play.tell(new VerdictsRecorded(
        List.of(new Verdict(0, new InstanceId("recorded"), 0, 2, false, Reason.HEALTH_TIMEOUT, null, 3, "1.26.0", Instant.now()))));
    world.tellAt("late-pause", new Paused("ann", null), pausedAt);
    play.tell(new Resumed("ann", null)).delivers(Purpose.UPGRADE);
    back.runs(World.NEW).says("healthy", 2);
    kept.runs(World.NEW).says("healthy", 2);
    eventually(() -> {
      kept.beat();
      back.beat();
      assertThat(play.judgements()).hasSizeGreaterThanOrEqualTo(3);
    });
    assertThat(play.judgements().getFirst().stops()).as("what the timeout knew").isZero();
    assertThat(play.judgements()).last().satisfies(j -> {
      assertThat(j.ordinal()).isEqualTo(1);
      assertThat(j.healthy()).isTrue();
      assertThat(j.stops()).isEqualTo(1);
    });
    eventually(() -> assertThat(play.lateHealthy()).anySatisfy(m -> assertThat(m.ordinal()).isEqualTo(0)));
    play.ends();
  }

  @Test
  void who_stopped_after_a_timeout_that_is_taken_back_is_told_as_gone() {
    var agent = client.settled("stops-late");
    var play = Play.of(world, "stops-late", agent).start().instruct(60, 0).told("1.26.0").older(90).left(500);
    eventually(() -> {
      agent.beat();
      assertThat(play.judgements()).hasSize(1);
    });
    agent.tellUntilTaken(agent.body().put("status", "stopped").toString());
    eventually(() -> assertThat(client.get("/v1/instances/stops-late").body().path("status").asText()).isEqualTo("stopped"));
    world.tellAt("stops-late", new Paused("ann", null), Instant.now().minusSeconds(60));
    play.tell(new Resumed("ann", null)).delivers(Purpose.UPGRADE);
    eventually(() -> assertThat(play.gone().stream().map(m -> m.ordinal() + " " + m.reason())).containsExactly("0 STOPPED"));
    assertThat(play.judgements()).as("its time had 60 s to go").hasSize(1);
    play.ends();
  }

  @Test
  void what_was_good_before_the_deadline_that_a_pause_moved_counts_though_it_was_late_before() {
    var agent = client.settled("was-late");
    var play = Play.of(world, "was-late", agent).start();
    play.instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    play.older(90).left(500);
    eventually(() -> {
      agent.beat();
      assertThat(play.judgements()).hasSize(1);
    });
    agent.runs(World.NEW).says("healthy", 2).beat();
    eventually(() -> assertThat(play.lateHealthy()).hasSize(1));
    world.tellAt("was-late", new Paused("ann", null), Instant.now().minusSeconds(60));
    play.tell(new Resumed("ann", null)).delivers(Purpose.UPGRADE);
    eventually(() -> assertThat(play.judgements()).hasSize(2));
    assertThat(play.judgements().getLast().healthy()).as("without another word of the agent").isTrue();
    play.ends();
  }

  /// By the database, for whichever release writes it.
  @Test
  void each_pause_and_each_trip_counts_once() {
    var play = Play.of(world, "stops-count", client.settled("stops-count")).start();
    eventually(() -> assertThat(world.purpose("stops-count")).isNotEqualTo("unknown"));
    for (var since : List.of("clock_timestamp()", "clock_timestamp()", "null", "clock_timestamp()"))
      world.db().query("update gate set paused_since = " + since + ", tripped_since = " + since + " where rollout_id = 'stops-count'");
    world.db().query("update gate set tripped_since = null where rollout_id = 'stops-count'");
    world.db().query("update gate set tripped_since = clock_timestamp() where rollout_id = 'stops-count'");
    assertThat(world.db().list("select pauses, trips from gate where rollout_id = 'stops-count'",
        r -> r.getInteger("pauses") + " pauses, " + r.getInteger("trips") + " trips")).containsExactly("2 pauses, 3 trips");
    play.ends();
  }

  /// As where it is handed out in the moment in which the rollout-service was found not to be heard of.
  @Test
  void who_is_handed_it_while_the_clock_is_taken_for_stopped_has_a_deadline() {
    var agent = client.settled("stopped-clock");
    var play = Play.of(world, "stopped-clock", agent).start();
    eventually(() -> assertThat(world.purpose("stopped-clock")).isEqualTo("upgrade"));
    play.instructQuietly();
    world.settle();
    world.db().query("update assignment set due_at = null where instance_id = 'stopped-clock'");
    eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    assertThat(world.db().query("select 1 from assignment where instance_id = 'stopped-clock' and due_at is not null").rowCount()).isOne();
    play.ends();
  }

  @Test
  void takes_back_only_what_was_not_handed_out() {
    var has = client.settled("has");
    var absent = client.enrol("has-not");
    absent.desired();
    var play = Play.of(world, "withdraws", has, absent).start().instruct(60, 0).told("1.26.0");
    play.withdraw(3);
    eventually(() -> assertThat(play.withdrawals()).containsExactlyInAnyOrder(new Withdrawal(0, false, 2), new Withdrawal(1, true, 3)));
    var desired = client.get("/v1/instances/has-not").body().path("desired").path("nginx");
    assertThat(desired.path("version").asText()).isEqualTo("1.24.0");
    assertThat(desired.path("generation").asLong()).isEqualTo(3);
    assertThat(client.get("/v1/instances/has").body().path("desired").path("nginx").path("version").asText()).isEqualTo("1.26.0");
    play.ends();
  }

  @Test
  void goes_back_with_the_next_generation() {
    var agent = client.settled("returns");
    var play = Play.of(world, "returns", agent).start().instruct(60, 0).told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.tell(new RollbackStarted(null, "ann", null, 0, 1, List.of())).delivers(Purpose.ROLLBACK);
    play.instruct(World.OLD, Purpose.ROLLBACK, 3, 60, 0).told("1.24.0");
    agent.runs(World.OLD).says("healthy", 3).beat();
    eventually(() -> assertThat(play.judgements()).hasSize(2));
    assertThat(play.judgements().getLast().generation()).isEqualTo(3);
    play.ends();
  }

  /// What is desired of it then is what was rolled out; but its rollout does not offer that any more.
  @Test
  void who_was_not_told_to_go_back_is_told_nothing_when_the_way_back_is_aborted() {
    var agent = client.settled("stays");
    var play = Play.of(world, "stays", agent).start().instruct(60, 0).told("1.26.0");
    agent.says("apply_failed", 2).beat();
    assertThat(play.judged().healthy()).isFalse();
    play.tell(new RollbackStarted(null, "ann", null, 0, 1, List.of()));
    play.instruct(World.OLD, Purpose.ROLLBACK, 3, 60, 0);
    play.tell(new Aborted(null, "operator", "ann", null)).withdraw(4, World.NEW);
    eventually(() -> assertThat(play.withdrawals()).containsExactly(new Withdrawal(0, true, 4)));
    eventually(() -> assertThat(client.get("/v1/instances/stays").body().at("/desired/nginx/generation").asLong()).isEqualTo(4));
    assertThat(client.get("/v1/instances/stays").body().at("/desired/nginx/version").asText()).isEqualTo("1.26.0");
    assertThat(agent.beat().body().path("desired")).isEmpty();
    assertThat(agent.poll(1).body().path("desired")).isEmpty();
    play.ends();
  }

  @Test
  void who_missed_the_way_back_is_told_it_when_it_comes_again() {
    var agent = client.settled("comes-late");
    var play = Play.of(world, "comes-late", agent).start().instruct(60, 0).told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.tell(new RollbackStarted(null, "ann", null, 0, 1, List.of()));
    play.instruct(World.OLD, Purpose.ROLLBACK, 3, 60, 0).withdraw(4, World.OLD);
    eventually(() -> assertThat(play.withdrawals()).containsExactly(new Withdrawal(0, true, 4)));
    play.ends();
    eventually(() -> assertThat(agent.desired().path("version").asText()).isEqualTo("1.24.0"));
  }

  @Test
  void a_pause_stops_the_clocks_of_all_of_a_large_rollout_once() {
    var play = Play.of(world, "all", client.settled("all")).start();
    eventually(() -> assertThat(world.purpose("all")).isEqualTo("upgrade"));
    client.enrol("parts"); // no replica has met it, so none keeps what it must run in memory; and none is due, for the settler compares each with each
    world.db().query("""
        insert into assignment (instance_id, module_id, version_id, version, digest, generation, rollout_id, ordinal, batch_index, purpose, instructed_at,
                                deadline_at, min_healthy_sec, standing)
        select 'parts', 'part-' || n, 'v', '1', 'd', 1, 'all', n, 0, 'upgrade', '2026-01-01T00:00:00Z', '2126-01-01T00:05:00Z', 0, 'awaited'
          from generate_series(0, 20001) n
        """);
    world.tellAt("all", new Paused("ann", null), Instant.now().minusSeconds(100));
    world.tellAt("all", new Resumed("ann", null), Instant.now().minusSeconds(50));
    eventually(() -> assertThat(world.db().query("""
        select from assignment where rollout_id = 'all' and deadline_at between '2126-01-01T00:05:45Z' and '2126-01-01T00:05:55Z'
        """).rowCount()).isEqualTo(20_002));
    world.db().query("delete from assignment where module_id like 'part-%'");
    play.ends();
  }

  @Test
  void the_end_of_a_large_rollout_is_written_in_bounded_parts() {
    var agent = client.settled("large");
    var play = Play.of(world, "large", agent).start().instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    client.enrol("large-parts");
    world.db().query("""
        insert into assignment (instance_id, module_id, version_id, version, digest, generation, rollout_id, ordinal, batch_index, purpose, instructed_at,
                                deadline_at, min_healthy_sec, standing)
        select 'large-parts', 'part-' || n, version_id, version, digest, 1, rollout_id, n, 0, purpose, instructed_at, deadline_at, 0, 'healthy'
          from assignment, generate_series(1, 20001) n where rollout_id = 'large'
        """);
    play.ends();
    eventually(() -> assertThat(world.db().query("select from assignment where rollout_id = 'large' and standing <> 'closed'").rowCount())
        .isZero());
    assertThat(
        world.db().query("select distinct xmin::text from assignment where instance_id = 'large-parts' and module_id like 'part-%'")
            .rowCount())
        .isGreaterThan(1);
    world.db().query("delete from assignment where module_id like 'part-%'");
  }

  /// The timeout may have come to a rollout that was paused, and then it is not recorded: without this word the member would be waited for for ever.
  @Test
  void who_is_decommissioned_after_a_timeout_that_was_not_recorded_is_told_as_gone() {
    var leaves = client.settled("leaves-late");
    var play = Play.of(world, "gone-late", leaves).start().instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(leaves.poll(5).body().path("desired")).isNotEmpty());
    play.left(500);
    eventually(() -> {
      leaves.beat();
      assertThat(play.judgements()).hasSize(1);
    });
    client.delete("/v1/instances/leaves-late");
    eventually(() -> assertThat(play.gone().stream().map(m -> m.ordinal() + " " + m.reason())).containsExactly("0 DECOMMISSIONED"));
    play.ends();
  }

  /// The rollout may count one generation more than we do: for what it asked back and was refused.
  @Test
  void another_machine_under_the_id_of_a_member_is_not_instructed_and_was_offered_nothing() {
    var old = client.settled("replaced");
    var play = Play.of(world, "replaced", old).start().instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(old.poll(5).body().path("desired")).isNotEmpty());
    client.delete("/v1/instances/replaced");
    var next = client.enrol("replaced").runs(World.OLD);
    next.beat();
    play.instruct(World.OLD, Purpose.ROLLBACK, 9, 60, 0);
    eventually(() -> assertThat(play.gone().stream().map(m -> m.generation() + " " + m.reason())).contains("9 DECOMMISSIONED"));
    var desired = client.get("/v1/instances/replaced").body().at("/desired/nginx");
    assertThat(desired.path("generation").asLong()).isEqualTo(3);
    assertThat(desired.path("rollout_id").isNull() || desired.path("rollout_id").isMissingNode()).isTrue();
    play.tell(
        new WithdrawalsAsked(new ModuleId("nginx"), List.of(World.OLD), List.of(new Instruction(0, new InstanceId("replaced"), 3, 0))));
    eventually(() -> assertThat(play.withdrawals()).anySatisfy(w -> {
      assertThat(w.generation()).isEqualTo(3);
      assertThat(w.withdrawn()).isTrue();
    }));
    play.ends();
  }

  /// Two absent machines with a healthy one between them are no streak; also where all three are found at once.
  @Test
  void verdicts_that_are_found_at_once_are_told_in_the_order_of_what_they_rest_on() {
    var first = client.settled("order-1");
    var second = client.settled("order-2");
    var healthy = client.settled("order-3");
    var play = Play.of(world, "order", first, second, healthy).start().instruct(600, 0);
    eventually(() -> assertThat(healthy.poll(5).body().path("desired")).isNotEmpty());
    world.settle();
    world.db().doInTransaction(nobodyJudges -> {
      nobodyJudges.lock(ReplicaStore.SETTLE);
      healthy.runs(World.NEW).says("healthy", 2).beat();
      eventually(() -> assertThat(nobodyJudges.query("select 1 from evidence where instance_id = 'order-3'").size()).isPositive());
      play.left(-1);
    });
    eventually(() -> assertThat(play.judgements()).hasSize(3));
    assertThat(play.judgements()).extracting(j -> j.ordinal()).first().isEqualTo(2);
    assertThat(play.judgements()).extracting(j -> j.healthy()).containsExactly(true, false, false);
    play.ends();
  }

  @Test
  void members_that_are_gone_are_told_as_gone() {
    var leaves = client.settled("leaves");
    var stops = client.settled("stops");
    var play = Play.of(world, "gone", leaves, stops).start().instruct(60, 0).told("1.26.0");
    client.delete("/v1/instances/leaves");
    client.post("/v1/instances/stops/heartbeats", stops.body().put("status", "stopped").toString(), stops.token);
    eventually(() -> assertThat(play.gone().stream().map(m -> m.ordinal() + " " + m.reason())).containsExactlyInAnyOrder("0 DECOMMISSIONED",
        "1 STOPPED"));
    play.instruct(World.NEW, Purpose.UPGRADE, 3, 60, 0);
    eventually(() -> assertThat(play.gone()).hasSize(4));
    play.tell(new InstancesInstructed(0, Purpose.UPGRADE, new ModuleId("nginx"), List.of(World.NEW),
        List.of(new Instruction(7, new InstanceId("never-was"), 2, 0)), 60, 0));
    eventually(() -> assertThat(play.gone()).hasSize(5));
    world.bareTemplate("without");
    client.enrol("leaves", "without");
    play.instruct(World.NEW, Purpose.UPGRADE, 9, 60, 0);
    eventually(() -> assertThat(play.gone()).hasSize(7));
    assertThat(client.get("/v1/instances/leaves").body().path("desired")).as("a module that its template has not").isEmpty();
    play.ends();
  }

  @Test
  void an_instruction_that_reaches_us_late_has_its_whole_time() {
    var agent = client.settled("delayed");
    var play = Play.of(world, "delayed", agent).start();
    world.tellAt("delayed", new InstancesInstructed(0, Purpose.UPGRADE, new ModuleId("nginx"), List.of(World.NEW),
        List.of(new Instruction(0, new InstanceId("delayed"), 2, 0)), 30, 0), Instant.now().minusSeconds(600));
    play.told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
  }

  @Test
  void an_ended_rollout_waits_for_nobody_and_what_must_run_stays() {
    var agent = client.settled("left");
    var play = Play.of(world, "left", agent).start().instruct(60, 0).told("1.26.0");
    play.tell(new Aborted(null, "operator", "ann", null));
    eventually(() -> assertThat(world.db().query("select 1 from assignment where instance_id = 'left' and standing = 'closed'").rowCount())
        .isEqualTo(1));
    assertThat(client.get("/v1/instances/left").body().path("desired").path("nginx").path("version").asText()).isEqualTo("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judgements()).isEmpty();
    eventually(() -> {
      agent.beat();
      assertThat(client.get("/v1/drift-report?template_id=web&limit=1000").body().path("instances")).anySatisfy(i -> {
        assertThat(i.path("instance_id").asText()).isEqualTo("left");
        assertThat(i.path("bucket").asText()).isEqualTo("drifted");
      });
    });
  }

  @Test
  void who_joins_during_a_rollout_is_not_part_of_it() {
    var play = Play.of(world, "joined", client.settled("member")).start().instruct(60, 0).told("1.26.0");
    var joiner = client.enrol("joiner");
    assertThat(joiner.desired().path("version").asText()).isEqualTo("1.24.0");
    joiner.says("healthy", 1).beat();
    assertThat(joiner.poll(0).body().path("desired")).isEmpty();
    assertThat(client.get("/v1/instances/joiner").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(1);
    play.ends();
  }

  @Test
  void each_transition_of_an_attempt_is_one_structured_line_of_the_log() {
    var lines = new ConcurrentLinkedQueue<ILoggingEvent>();
    var appender = new AppenderBase<ILoggingEvent>() {
      @Override
      protected void append(ILoggingEvent line) { lines.add(line); }
    };
    appender.start();
    var logger = (Logger) LoggerFactory.getLogger("dev.sluice.health");
    logger.addAppender(appender);
    try {
      var good = client.settled("logged-good");
      var bad = client.settled("logged-bad");
      var play = Play.of(world, "logged", good, bad).start().instruct(60, 0).told("1.26.0");
      eventually(() -> assertThat(bad.poll(5).body().path("desired")).isNotEmpty());
      good.runs(World.NEW).says("healthy", 2).beat();
      bad.says("apply_failed", 2).beat();
      eventually(() -> {
        good.beat(); // else it is silent where the machine stands still
        assertThat(play.judgements()).hasSize(2);
      });
      good.runs(World.OLD).beat();
      eventually(() -> assertThat(play.regressed()).hasSize(1));
      // the line follows the commit, and a report may be read before it is written
      eventually(() -> assertThat(List.of(count(lines, "logged", "handed out"), count(lines, "logged", "judged"),
          count(lines, "logged", "regressed"))).containsExactly(2, 2, 1));
      assertThat(lines).filteredOn(l -> l.getFormattedMessage().equals("Attempts: judged")).extracting(AttemptsTest::pairs).anySatisfy(
          pairs -> assertThat(pairs).containsEntry("rollout", "logged").containsEntry("failed", 1).containsEntry("instances", "logged-bad")
              .containsEntry("reasons", Map.of("apply_failed", 1L)));
      assertThat(lines).filteredOn(l -> l.getFormattedMessage().equals("Instances: instance enrolled")).extracting(AttemptsTest::pairs)
          .anySatisfy(pairs -> assertThat(pairs).containsEntry("count", 1).containsEntry("instances", "logged-good"));
      play.ends();
    } finally {
      logger.detachAppender(appender);
    }
  }

  /// How many attempts the lines of a kind tell of.
  private static int count(Collection<ILoggingEvent> lines, String rollout, String what) {
    return lines.stream().filter(l -> l.getLevel() == Level.INFO && l.getFormattedMessage().equals("Attempts: " + what))
        .map(AttemptsTest::pairs).filter(p -> rollout.equals(p.get("rollout"))).mapToInt(p -> (int) p.get("count")).sum();
  }

  private static Map<String, Object> pairs(ILoggingEvent line) {
    return line.getKeyValuePairs().stream().collect(Collectors.toMap(p -> p.key, p -> p.value));
  }

  /// As it stands once the heartbeat was flushed.
  private static final String HEARD = """
      insert into evidence (instance_id, at, boot_id, sequence, hash, said, digests, statuses)
      values ('revived', clock_timestamp(), 'boot-1', 1, 1, 'running', jsonb_build_object('nginx', $1::text), '{}')
      """;

  @Test
  void a_heartbeat_that_is_judged_while_its_instance_is_decommissioned_does_not_bring_it_back() {
    var agent = client.enrol("revived");
    world.db().doInTransaction(tx -> {
      tx.query("select 1 from pulse where instance_id = 'revived' for update");
      world.db().query(HEARD, World.OLD.digest().value());
      world.untilWaits(tx, "select instance_id, last_at%from pulse%for update%");
      tx.query(
          "update instance set status = 'decommissioned', decommissioned_at = now(), changed_xid = pg_current_xact_id() where id = 'revived'");
    });
    world.settle();
    assertThat(client.get("/v1/instances/revived").body().path("status").asText()).isEqualTo("decommissioned");
    eventually(() -> assertThat(agent.beat().status()).isEqualTo(401));
  }

  private static final String HEARD_OF_IT = """
      insert into evidence (instance_id, at, boot_id, sequence, hash, said, digests, statuses, enrolment)
      select id, clock_timestamp(), 'boot-1', 9, 1, 'running', '{}', '{}', enrolment from instance where id = 'anew'
      """;

  /// Who judges holds the evidence that he took, and waits for pulses; who is enrolled anew holds one.
  @Test
  void who_is_enrolled_anew_does_not_wait_for_who_judges_its_last_heartbeat() {
    client.settled("anew");
    assertThat(client.delete("/v1/instances/anew").status()).isEqualTo(204);
    var anew = world.db().inTransaction(tx -> {
      tx.lock(ReplicaStore.SETTLE);
      world.db().query(HEARD_OF_IT);
      tx.query("delete from evidence where instance_id = 'anew'");
      return client.enrol("anew");
    });
    assertThat(anew.desired().path("generation").asLong()).isEqualTo(2);
  }
}
