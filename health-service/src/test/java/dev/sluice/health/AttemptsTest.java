package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.sluice.contract.Choice;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent.Aborted;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.Instruction;
import dev.sluice.contract.RolloutEvent.Paused;
import dev.sluice.contract.RolloutEvent.Resumed;
import dev.sluice.contract.RolloutEvent.RollbackStarted;
import dev.sluice.contract.RolloutEvent.Verdict;
import dev.sluice.contract.RolloutEvent.VerdictsRecorded;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.Trip;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
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

  /// An instance that reports and knows its first version.
  private static Agent settled(String id) {
    var agent = client.enrol(id);
    agent.desired();
    agent.says("healthy", 1).beat();
    return agent;
  }

  private static BreakerTripped trip() {
    return new BreakerTripped(new RequestId("q"), new Trip(1, 0, BreakerRule.STREAK, List.of(), 2, 2, 0, "two failed"));
  }

  @Test
  void is_healthy_by_its_own_heartbeat_after_the_hand_out() {
    var agent = settled("good");
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
    var agent = settled("soaks");
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
    var agent = settled("bad");
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
    var silent = settled("silent");
    var stubborn = settled("stubborn");
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
    var slow = settled("slow");
    var slower = settled("slower");
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
    var agent = settled("early");
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
  void hands_nothing_out_that_is_not_delivered_now() {
    var agent = settled("held");
    var play = Play.of(world, "held", agent).start().delivers(null);
    play.tell(trip()).instruct(60, 0);
    eventually(
        () -> assertThat(client.get("/v1/instances/held").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2));
    assertThat(agent.desired().isMissingNode()).isTrue();
    assertThat(agent.poll(1).body().path("desired")).isEmpty();
    play.tell(new ContinuationDecided(new RequestId("q"), Choice.CONTINUE_ANYWAY, "ann", null)).delivers(Purpose.UPGRADE).told("1.26.0");
    play.ends();
  }

  @Test
  void a_later_answer_of_the_rollout_service_withholds_where_its_facts_are_late() {
    var agent = settled("asked");
    var play = Play.of(world, "asked", agent).start();
    world.deliveries.put("asked", new dev.sluice.contract.Ask.Delivery(new dev.sluice.contract.RolloutId("asked"), null, 99));
    eventually(() -> assertThat(purpose("asked")).isEqualTo("nothing"));
    play.instruct(60, 0);
    eventually(
        () -> assertThat(client.get("/v1/instances/asked").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2));
    assertThat(agent.desired().isMissingNode()).isTrue();
    play.ends();
  }

  @Test
  void what_is_delivered_is_withheld_within_a_second_though_no_fact_arrives() {
    var play = Play.of(world, "quick", settled("quick")).start();
    var took = new ArrayList<Duration>();
    for (int i = 0; i < 3; i++) {
      answers("quick", Purpose.UPGRADE, 100 + 2 * i);
      // it was just asked: a whole pause between two questions is part of what follows
      eventually(() -> assertThat(purpose("quick")).isEqualTo("upgrade"));
      long begun = System.nanoTime();
      answers("quick", null, 101 + 2 * i);
      eventually(() -> assertThat(purpose("quick")).isEqualTo("nothing"));
      took.add(Duration.ofNanos(System.nanoTime() - begun));
    }
    // a machine under load may be late once or twice; its quickest shows what it was made to do
    assertThat(took).as("%s", took).anySatisfy(t -> assertThat(t).isLessThan(Duration.ofSeconds(1)));
    play.ends();
  }

  @Test
  void what_is_withheld_is_committed_before_an_ask_to_hear_it_is_answered() {
    var play = Play.of(world, "at-once", settled("at-once")).start();
    for (int seq = 100; seq < 105; seq++) {
      var purpose = seq % 2 == 0 ? null : Purpose.UPGRADE;
      answers("at-once", purpose, seq);
      world.ask(new dev.sluice.contract.Ask.HearDeliveries());
      assertThat(purpose("at-once")).isEqualTo(purpose == null ? "nothing" : "upgrade");
    }
    play.ends();
  }

  private static void answers(String rollout, Purpose purpose, long seq) {
    world.deliveries.put(rollout, new dev.sluice.contract.Ask.Delivery(new dev.sluice.contract.RolloutId(rollout), purpose, seq));
  }

  private static String purpose(String rollout) {
    return world.db()
        .list("select coalesce(purpose, 'nothing') as purpose from gate where rollout_id = $1", r -> r.getString("purpose"), rollout)
        .stream().findFirst().orElse("unknown");
  }

  @Test
  void pausing_stops_the_clocks_and_a_timeout_that_was_not_recorded_is_none() {
    var agent = settled("pauses");
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
    var play = Play.of(world, "fair", settled("fair")).start().instruct(600, 0).told("1.26.0").older(100);
    var before = deadline("fair");
    var now = Instant.now();
    world.db().query("insert into deaf (from_at, to_at, why) values ($1, $2, 'a test')", now.minusSeconds(50).atOffset(ZoneOffset.UTC),
        now.minusSeconds(20).atOffset(ZoneOffset.UTC));
    world.tellAt("fair", new Paused("ann", null), now.minusSeconds(60));
    world.tellAt("fair", new Resumed("ann", null), now);
    eventually(() -> assertThat(Duration.between(before, deadline("fair"))).isBetween(Duration.ofSeconds(25), Duration.ofSeconds(31)));
    world.db().query("delete from deaf where why = 'a test'");
    world.tellAt("fair", new Paused("ann", null), now.minusSeconds(4_000));
    world.tellAt("fair", new Resumed("ann", null), now);
    eventually(() -> assertThat(Duration.between(before, deadline("fair"))).isBetween(Duration.ofSeconds(125), Duration.ofSeconds(140)));
    play.ends();
  }

  private static Instant deadline(String rollout) {
    return world.db().list("select deadline_at from assignment where rollout_id = $1", r -> r.getOffsetDateTime("deadline_at").toInstant(),
        rollout).getFirst();
  }

  @Test
  void a_timeout_that_came_before_the_pause_was_heard_of_is_taken_back_unless_it_was_recorded() {
    var kept = settled("recorded");
    var back = settled("unrecorded");
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
  void what_was_good_before_the_deadline_that_a_pause_moved_counts_though_it_was_late_before() {
    var agent = settled("was-late");
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
    var play = Play.of(world, "stops-count", settled("stops-count")).start();
    eventually(() -> assertThat(purpose("stops-count")).isNotEqualTo("unknown"));
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
    var agent = settled("stopped-clock");
    var play = Play.of(world, "stopped-clock", agent).start();
    eventually(() -> assertThat(purpose("stopped-clock")).isEqualTo("upgrade"));
    play.instructQuietly();
    world.settle();
    world.db().query("update assignment set due_at = null where instance_id = 'stopped-clock'");
    eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    assertThat(world.db().query("select 1 from assignment where instance_id = 'stopped-clock' and due_at is not null").rowCount()).isOne();
    play.ends();
  }

  @Test
  void takes_back_only_what_was_not_handed_out() {
    var has = settled("has");
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
    var agent = settled("returns");
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
    var agent = settled("stays");
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
    var agent = settled("comes-late");
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
    var play = Play.of(world, "all", settled("all")).start();
    eventually(() -> assertThat(purpose("all")).isEqualTo("upgrade"));
    world.db().query("""
        insert into assignment (instance_id, module_id, version_id, version, digest, generation, rollout_id, ordinal, batch_index, purpose, instructed_at,
                                deadline_at, min_healthy_sec, standing)
        select 'all', 'part-' || n, 'v', '1', 'd', 1, 'all', n, 0, 'upgrade', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z', 0, 'awaited'
          from generate_series(0, 20001) n
        """);
    world.tellAt("all", new Paused("ann", null), Instant.now().minusSeconds(100));
    world.tellAt("all", new Resumed("ann", null), Instant.now().minusSeconds(50));
    eventually(() -> assertThat(world.db().query("""
        select from assignment where rollout_id = 'all' and deadline_at between '2026-01-01T00:05:45Z' and '2026-01-01T00:05:55Z'
        """).rowCount()).isEqualTo(20_002));
    world.db().query("delete from assignment where module_id like 'part-%'");
    play.ends();
  }

  @Test
  void the_end_of_a_large_rollout_is_written_in_bounded_parts() {
    var agent = settled("large");
    var play = Play.of(world, "large", agent).start().instruct(60, 0).told("1.26.0");
    eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    world.db().query("""
        insert into assignment (instance_id, module_id, version_id, version, digest, generation, rollout_id, ordinal, batch_index, purpose, instructed_at,
                                deadline_at, min_healthy_sec, standing)
        select 'large', 'part-' || n, version_id, version, digest, 1, rollout_id, n, 0, purpose, instructed_at, deadline_at, 0, 'healthy'
          from assignment, generate_series(1, 20001) n where rollout_id = 'large'
        """);
    play.ends();
    eventually(() -> assertThat(world.db().query("select from assignment where rollout_id = 'large' and standing <> 'closed'").rowCount())
        .isZero());
    assertThat(
        world.db().query("select distinct xmin::text from assignment where instance_id = 'large' and module_id like 'part-%'").rowCount())
        .isGreaterThan(1);
    world.db().query("delete from assignment where module_id like 'part-%'");
  }

  /// The timeout may have come to a rollout that was paused, and then it is not recorded: without this word the member would be waited for for ever.
  @Test
  void who_is_decommissioned_after_a_timeout_that_was_not_recorded_is_told_as_gone() {
    var leaves = settled("leaves-late");
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
    var old = settled("replaced");
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

  @Test
  void members_that_are_gone_are_told_as_gone() {
    var leaves = settled("leaves");
    var stops = settled("stops");
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
  void silence_of_the_rollout_service_ends_the_delivery() {
    var agent = settled("leased");
    var play = Play.of(world, "leased", agent).start();
    world.rolloutFallsSilent();
    try {
      play.instruct(60, 0);
      eventually(() -> {
        quiet("leased");
        assertThat(agent.desired().isMissingNode()).isTrue();
        assertThat(client.get("/v1/instances/leased").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2);
      });
      assertThat(agent.desired().isMissingNode()).isTrue();
    } finally {
      world.rolloutAnswers = true;
    }
    play.told("1.26.0").ends();
  }

  private static void quiet(String rollout) {
    world.db().query("update gate set heard_at = least(heard_at, now() - interval '4 seconds') where rollout_id = $1", rollout);
  }

  @Test
  void time_in_which_nothing_is_handed_out_since_the_rollout_service_is_away_is_held_against_nobody() {
    var agent = settled("unserved");
    var play = Play.of(world, "unserved", agent).start();
    world.rolloutFallsSilent();
    try {
      play.instruct(60, 0);
      eventually(() -> {
        quiet("unserved");
        assertThat(client.get("/v1/instances/unserved").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2);
      });
      // it passes while nothing is handed out, the last word being a minute old
      play.left(300);
      world.db().query("update gate set heard_at = now() - interval '60 seconds' where rollout_id = 'unserved'");
      world.db().query("update assignment set instructed_at = now() - interval '60 seconds' where rollout_id = 'unserved'");
      eventually(() -> assertThat(
          world.db().query("select 1 from assignment where instance_id = 'unserved' and due_at is null").rowCount()).isEqualTo(1));
      assertThat(play.judgements()).isEmpty();
    } finally {
      world.rolloutAnswers = true;
    }
    play.told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
  }

  @Test
  void an_instruction_that_reaches_us_late_has_its_whole_time() {
    var agent = settled("delayed");
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
    var agent = settled("left");
    var play = Play.of(world, "left", agent).start().instruct(60, 0).told("1.26.0");
    play.tell(new Aborted(null, "operator", "ann", null));
    eventually(() -> assertThat(world.db().query("select 1 from assignment where instance_id = 'left' and standing = 'closed'").rowCount())
        .isEqualTo(1));
    assertThat(client.get("/v1/instances/left").body().path("desired").path("nginx").path("version").asText()).isEqualTo("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judgements()).isEmpty();
    eventually(() -> assertThat(client.get("/v1/drift-report?template_id=web&limit=1000").body().path("instances"))
        .anySatisfy(i -> {
          assertThat(i.path("instance_id").asText()).isEqualTo("left");
          assertThat(i.path("bucket").asText()).isEqualTo("drifted");
        }));
  }

  @Test
  void who_joins_during_a_rollout_is_not_part_of_it() {
    var play = Play.of(world, "joined", settled("member")).start().instruct(60, 0).told("1.26.0");
    var joiner = client.enrol("joiner");
    assertThat(joiner.desired().path("version").asText()).isEqualTo("1.24.0");
    joiner.says("healthy", 1).beat();
    assertThat(joiner.poll(0).body().path("desired")).isEmpty();
    assertThat(client.get("/v1/instances/joiner").body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(1);
    play.ends();
  }

  private static final String OFFERED_AGAIN = """
      update assignment set echoed_at = null, artifact_url = 'http://files/again', changed_xid = pg_current_xact_id()
       where instance_id = 'overtaken'
      """;
  private static final String INSTRUCTION_WAITS = """
      select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'select upgrading%for update%'
      """;

  @Test
  void an_instruction_whose_transaction_began_before_another_change_is_learned() {
    var agent = settled("overtaken");
    var play = Play.of(world, "overtaken", agent).start();
    eventually(() -> assertThat(purpose("overtaken")).isEqualTo("upgrade"));
    world.db().doInTransaction(tx -> {
      tx.query("select 1 from gate where rollout_id = 'overtaken' for update");
      play.instruct(60, 0);
      eventually(() -> assertThat(world.db().query(INSTRUCTION_WAITS).rowCount()).isPositive());
      world.db().query(OFFERED_AGAIN);
      agent.says("applying", 0);
      eventually(() -> assertThat(agent.desired().path("artifact_url").asText()).isEqualTo("http://files/again"));
    });
    play.told("1.26.0").ends();
  }

  private static final int MANY = 100;
  private static final long HELD = 42;
  private static final String HOLD_COMMITS = """
      create function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(42); return null; end $$;
      """;
  private static final String AT_COMMIT = """
      create constraint trigger hold after update on assignment deferrable initially deferred for each row
        when (old.handed_out_at is null and new.handed_out_at is not null and new.rollout_id = 'bulk') execute function hold()
      """;
  private static final String COMMIT_WAITS = "select 1 from pg_stat_activity where wait_event = 'advisory' and query = 'COMMIT'";

  @Test
  void no_answer_leaves_before_its_delivery_is_committed_and_many_are_committed_at_once() throws Exception {
    var agents = new ArrayList<Agent>();
    for (int i = 0; i < MANY; i++)
      agents.add(settled("bulk-" + i));
    var play = new Play(world, "bulk", agents).start();
    world.db().query(HOLD_COMMITS);
    world.db().query(AT_COMMIT);
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    try {
      world.db().doInTransaction(tx -> {
        tx.query("select pg_advisory_xact_lock($1)", HELD);
        for (var agent : agents)
          answers.add(Client.HTTP.sendAsync(client.request("/v1/instances/" + agent.id + "/desired?wait_sec=30", agent.token).GET().build(),
              BodyHandlers.ofString()));
        play.instruct(60, 0);
        eventually(() -> assertThat(world.db().query(COMMIT_WAITS).rowCount()).isPositive());
        assertThat(answers).noneMatch(CompletableFuture::isDone);
        assertThat(play.handedOut()).isEmpty();
      });
      for (var answer : answers)
        assertThat(answer.get(30, TimeUnit.SECONDS).body()).contains("1.26.0");
    } finally {
      world.db().query("drop trigger hold on assignment");
    }
    eventually(() -> assertThat(play.handedOut()).hasSize(MANY));
    var transactions = world.db().list("select count(distinct changed_xid) as n from assignment where rollout_id = 'bulk'",
        r -> r.getLong("n")).getFirst();
    assertThat(transactions).isBetween(1L, MANY / 4L);
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
      var good = settled("logged-good");
      var bad = settled("logged-bad");
      var play = Play.of(world, "logged", good, bad).start().instruct(60, 0).told("1.26.0");
      eventually(() -> assertThat(bad.poll(5).body().path("desired")).isNotEmpty());
      good.runs(World.NEW).says("healthy", 2).beat();
      bad.says("apply_failed", 2).beat();
      eventually(() -> assertThat(play.judgements()).hasSize(2));
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
  private static final String SETTLER_WAITS = """
      select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'select instance_id, last_at%from pulse%for update%'
      """;

  @Test
  void a_heartbeat_that_is_judged_while_its_instance_is_decommissioned_does_not_bring_it_back() {
    var agent = client.enrol("revived");
    world.db().doInTransaction(tx -> {
      tx.query("select 1 from pulse where instance_id = 'revived' for update");
      world.db().query(HEARD, World.OLD.digest().value());
      eventually(() -> assertThat(world.db().query(SETTLER_WAITS).rowCount()).isPositive());
      tx.query(
          "update instance set status = 'decommissioned', decommissioned_at = now(), changed_xid = pg_current_xact_id() where id = 'revived'");
    });
    world.settle();
    assertThat(client.get("/v1/instances/revived").body().path("status").asText()).isEqualTo("decommissioned");
    eventually(() -> assertThat(agent.beat().status()).isEqualTo(401));
  }

  private static final String HAND_OUT_WAITS = """
      select 1 from pg_stat_activity
       where wait_event_type = 'Lock'
         and (query like 'select rollout_id, purpose, heard_at from gate%for share%' or query like 'select pg_advisory_xact_lock_shared%/gate/%unnest%')
      """;

  /// Heartbeats of an instance whose gate is held by the caller; one of them, at least, is to be handed an instruction and waits.
  private static List<CompletableFuture<HttpResponse<String>>> beatsUntilTheHandOutWaits(Agent agent) {
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    eventually(() -> {
      answers.add(Client.HTTP.sendAsync(client.request("/v1/instances/" + agent.id + "/heartbeats", agent.token)
          .header("Content-Type", "application/json").POST(BodyPublishers.ofString(agent.body().toString())).build(),
          BodyHandlers.ofString()));
      assertThat(world.db().query(HAND_OUT_WAITS).rowCount()).isPositive();
    });
    return answers;
  }

  @Test
  void a_trip_that_is_committed_while_an_instruction_is_asked_for_withholds_it() throws Exception {
    var agent = settled("moment");
    var play = Play.of(world, "moment", agent).start();
    eventually(() -> assertThat(purpose("moment")).isEqualTo("upgrade"));
    var answers = world.db().inTransaction(tx -> {
      // the withholding holds the gate; whoever hands out waits for it
      tx.query("update gate set purpose = null, seq = 999 where rollout_id = 'moment'");
      play.delivers(null).instructQuietly();
      return beatsUntilTheHandOutWaits(agent);
    });
    for (var answer : answers)
      assertThat(answer.get(30, TimeUnit.SECONDS).body()).contains("next_heartbeat_sec").doesNotContain("1.26.0");
    assertThat(play.handedOut()).isEmpty();
    assertThat(world.db().query("select 1 from assignment where instance_id = 'moment' and handed_out_at is not null and generation = 2")
        .rowCount()).isZero();
    play.ends();
  }

  private static final String WITHHOLDING_WAITS = """
      select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'with word as%from gate%for update%'
      """;
  private static final String JUDGING_WAITS = """
      select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'select pg_advisory_xact_lock_shared%/gate/%from assignment%'
      """;

  /// Else it would wait for as long as there are some who hand out, one after the other, while instances go on to be told.
  @Test
  void a_withholding_waits_for_those_only_who_hand_out_or_judge_already() throws Exception {
    var agent = settled("queues");
    var play = Play.of(world, "queues", agent).start();
    eventually(() -> assertThat(purpose("queues")).isEqualTo("upgrade"));
    var answers = world.db().inTransaction(tx -> {
      // as whoever hands out just now
      tx.query("select 1 from gate where rollout_id = 'queues' for share");
      answers("queues", null, 99);
      eventually(() -> assertThat(world.db().query(WITHHOLDING_WAITS).rowCount()).isPositive());
      play.instructQuietly();
      var beats = beatsUntilTheHandOutWaits(agent);
      eventually(() -> assertThat(world.db().query(JUDGING_WAITS).rowCount()).isPositive());
      return beats;
    });
    for (var answer : answers)
      assertThat(answer.get(30, TimeUnit.SECONDS).body()).contains("next_heartbeat_sec").doesNotContain("1.26.0");
    assertThat(play.handedOut()).isEmpty();
    play.ends();
  }

  @Test
  void an_instruction_that_waits_for_its_gate_until_the_lease_has_ended_is_not_handed_out() throws Exception {
    var agent = settled("outlasts");
    var play = Play.of(world, "outlasts", agent).start();
    eventually(() -> assertThat(purpose("outlasts")).isEqualTo("upgrade"));
    world.rolloutAnswers = false;
    try {
      var answers = world.db().inTransaction(tx -> {
        tx.query("update gate set heard_at = clock_timestamp() where rollout_id = 'outlasts'");
        var held = Instant.now();
        play.instructQuietly();
        var beats = beatsUntilTheHandOutWaits(agent);
        eventually(() -> {
          tx.query("select 1"); // whoever does nothing for long is thrown out
          assertThat(Instant.now()).isAfter(held.plusSeconds(4));
        });
        return beats;
      });
      for (var answer : answers)
        assertThat(answer.get(30, TimeUnit.SECONDS).body()).doesNotContain("1.26.0");
    } finally {
      world.rolloutAnswers = true;
    }
    play.told("1.26.0").ends();
  }
}
