package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.Trip;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What leaves for instances, and when it must not; heartbeats are due each second, so three seconds are silence.
class HandOutTest {
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Predicate<Duration> LATE = took -> took.compareTo(Duration.ofSeconds(1)) >= 0;
  private static World world;
  private static Client client;

  @BeforeAll
  static void start() {
    world = new World().replica(INTERVAL);
    client = world.client();
  }

  @AfterAll
  static void stop() { world.close(); }

  private static BreakerTripped trip() {
    return new BreakerTripped(new RequestId("q"), new Trip(1, 0, BreakerRule.STREAK, List.of(), 2, 2, 0, "two failed"));
  }

  @Test
  void hands_nothing_out_that_is_not_delivered_now() {
    var agent = client.settled("held");
    var play = Play.of(world, "held", agent).start().delivers(null);
    play.tell(trip()).instruct(60, 0);
    desires("held", 2);
    assertThat(agent.desired().isMissingNode()).isTrue();
    assertThat(agent.poll(1).body().path("desired")).isEmpty();
    play.tell(new ContinuationDecided(new RequestId("q"), Choice.CONTINUE_ANYWAY, "ann", null)).delivers(Purpose.UPGRADE).told("1.26.0");
    play.ends();
  }

  @Test
  void a_later_answer_of_the_rollout_service_withholds_where_its_facts_are_late() {
    var agent = client.settled("asked");
    var play = Play.of(world, "asked", agent).start();
    world.deliveries.put("asked", new dev.sluice.contract.Ask.Delivery(new dev.sluice.contract.RolloutId("asked"), null, 99));
    eventually(() -> assertThat(world.purpose("asked")).isEqualTo("nothing"));
    play.instruct(60, 0);
    desires("asked", 2);
    assertThat(agent.desired().isMissingNode()).isTrue();
    play.ends();
  }

  @Test
  void what_is_delivered_is_withheld_within_a_second_though_no_fact_arrives() {
    var play = Play.of(world, "quick", client.settled("quick")).start();
    var took = new ArrayList<Duration>();
    for (int i = 0; i < 10 && took.stream().allMatch(LATE); i++) {
      answers("quick", Purpose.UPGRADE, 100 + 2 * i);
      // it was just asked: a whole pause between two questions is part of what follows
      eventually(() -> assertThat(world.purpose("quick")).isEqualTo("upgrade"));
      long begun = System.nanoTime();
      answers("quick", null, 101 + 2 * i);
      eventually(() -> assertThat(world.purpose("quick")).isEqualTo("nothing"));
      took.add(Duration.ofNanos(System.nanoTime() - begun));
    }
    // a machine under load may be late now and then; its quickest shows what it was made to do
    assertThat(took).as("%s", took).anyMatch(LATE.negate());
    play.ends();
  }

  @Test
  void what_is_withheld_is_committed_before_an_ask_to_hear_it_is_answered() {
    var play = Play.of(world, "at-once", client.settled("at-once")).start();
    for (int seq = 100; seq < 105; seq++) {
      var purpose = seq % 2 == 0 ? null : Purpose.UPGRADE;
      answers("at-once", purpose, seq);
      world.ask(new dev.sluice.contract.Ask.HearDeliveries());
      assertThat(world.purpose("at-once")).isEqualTo(purpose == null ? "nothing" : "upgrade");
    }
    play.ends();
  }

  /// The fact also gives the time of the trip back, without which an instruction is late when it is handed out.
  @Test
  void what_a_trip_withheld_is_handed_out_by_the_fact_of_the_decision_though_an_answer_that_it_delivers_comes_first() {
    var agent = client.settled("decided");
    var play = Play.of(world, "decided", agent).start().delivers(null);
    play.tell(trip()).instruct(60, 0);
    desires("decided", 2);
    world.db().query("update gate set tripped_since = tripped_since - interval '60 seconds' where rollout_id = 'decided'");
    play.older(90).left(-1_000);
    agent.beat();
    world.settle();
    answers("decided", Purpose.UPGRADE, 99);
    eventually(() -> assertThat(world.purpose("decided")).isEqualTo("upgrade"));
    assertThat(agent.poll(2).body().path("desired")).isEmpty();
    world.settle();
    assertThat(play.judgements()).isEmpty();
    play.tell(new ContinuationDecided(new RequestId("q"), Choice.CONTINUE_ANYWAY, "ann", null)).told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
  }

  @Test
  void what_is_withheld_of_a_rollback_whose_facts_have_not_come_is_not_handed_out_when_they_come() {
    var agent = client.settled("undone");
    var play = Play.of(world, "undone", agent).start().instruct(60, 0).told("1.26.0");
    agent.runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    play.ends();
    eventually(() -> assertThat(world.db().query("select 1 from gate where rollout_id = 'undone' and ended").rowCount()).isEqualTo(1));
    answers("undone", null, 99);
    world.ask(new dev.sluice.contract.Ask.HearDeliveries());
    world.deliveries.remove("undone"); // what is asked later says nothing of it
    var poll = CompletableFuture.supplyAsync(() -> agent.poll(4), Thread::startVirtualThread);
    play.tell(new RolloutEvent.RollbackStarted(null, "ann", null, 0, 1, List.of())).instruct(World.OLD, Purpose.ROLLBACK, 3, 60, 0);
    desires("undone", 3);
    assertThat(poll.join().body().path("desired")).isEmpty();
    assertThat(play.handedOut()).containsExactly(0);
    play.tell(new RolloutEvent.RolledBack(1, 0));
  }

  @Test
  void a_heartbeat_that_is_late_or_repeated_hands_out_nothing_and_is_told_again_what_was_handed_out() {
    var agent = client.settled("repeats").boots("b", 7);
    agent.beat();
    var play = Play.of(world, "repeats", agent).start().instruct(60, 0);
    desires("repeats", 2);
    for (long sequence : List.of(7, 6))
      assertThat(agent.boots("b", sequence).desired().isMissingNode()).as("%s", sequence).isTrue();
    world.settle();
    assertThat(play.handedOut()).isEmpty();
    for (int i = 0; i < 2; i++)
      assertThat(agent.boots("b", 8).desired().path("generation").asLong()).isEqualTo(2);
    eventually(() -> assertThat(play.handedOut()).containsExactly(0));
    play.ends();
  }

  @Test
  void who_says_that_it_stops_is_handed_nothing_and_does_not_come_back_with_it() {
    var agent = client.settled("stopping");
    var play = Play.of(world, "stopping", agent).start().instruct(60, 0);
    desires("stopping", 2);
    var reply = agent.tellUntilTaken(agent.body().put("status", "stopped").toString());
    assertThat(reply.body().path("desired")).isEmpty();
    assertThat(agent.poll(0).body().path("desired")).isEmpty();
    eventually(() -> assertThat(play.gone()).singleElement().satisfies(m -> assertThat(m.reason()).isEqualTo(Reason.STOPPED)));
    assertThat(agent.desired().isMissingNode()).as("its rollout has skipped it").isTrue();
    assertThat(play.handedOut()).isEmpty();
    play.ends();
  }

  private static void desires(String instance, long generation) {
    eventually(() -> assertThat(client.get("/v1/instances/" + instance).body().path("desired").path("nginx").path("generation").asLong())
        .isEqualTo(generation));
  }

  private static void answers(String rollout, Purpose purpose, long seq) {
    world.deliveries.put(rollout, new dev.sluice.contract.Ask.Delivery(new dev.sluice.contract.RolloutId(rollout), purpose, seq));
  }

  @Test
  void silence_of_the_rollout_service_ends_the_delivery() {
    var agent = client.settled("leased");
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
    var agent = client.settled("unserved");
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

  private static final String OFFERED_AGAIN = """
      update assignment set echoed_at = null, artifact_url = 'http://files/again', changed_xid = pg_current_xact_id()
       where instance_id = 'overtaken'
      """;
  @Test
  void an_instruction_whose_transaction_began_before_another_change_is_learned() {
    var agent = client.settled("overtaken");
    var play = Play.of(world, "overtaken", agent).start();
    eventually(() -> assertThat(world.purpose("overtaken")).isEqualTo("upgrade"));
    world.db().doInTransaction(tx -> {
      tx.query("select 1 from gate where rollout_id = 'overtaken' for update");
      play.instruct(60, 0);
      world.untilWaits(tx, "select upgrading%for update%");
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
  @Test
  void no_answer_leaves_before_its_delivery_is_committed_and_many_are_committed_at_once() throws Exception {
    var agents = new ArrayList<Agent>();
    for (int i = 0; i < MANY; i++)
      agents.add(client.settled("bulk-" + i));
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
        world.untilWaits(tx, "COMMIT");
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

  private static final List<String> HAND_OUT = List.of("select rollout_id, case%heard_at from gate%for share%",
      "select pg_advisory_xact_lock_shared%/gate/%unnest%");

  /// Heartbeats of an instance whose gate is held by the caller; one of them, at least, is to be handed an instruction and waits.
  private static List<CompletableFuture<HttpResponse<String>>> beatsUntilTheHandOutWaits(Agent agent) {
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    eventually(() -> {
      answers.add(Client.HTTP.sendAsync(client.request("/v1/instances/" + agent.id + "/heartbeats", agent.token)
          .header("Content-Type", "application/json").POST(BodyPublishers.ofString(agent.body().toString())).build(),
          BodyHandlers.ofString()));
      assertThat(HAND_OUT).anyMatch(world::waits);
    });
    return answers;
  }

  @Test
  void a_trip_that_is_committed_while_an_instruction_is_asked_for_withholds_it() throws Exception {
    var agent = client.settled("moment");
    var play = Play.of(world, "moment", agent).start();
    eventually(() -> assertThat(world.purpose("moment")).isEqualTo("upgrade"));
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

  /// Else it would wait for as long as there are some who hand out, one after the other, while instances go on to be told.
  @Test
  void a_withholding_waits_for_those_only_who_hand_out_or_judge_already() throws Exception {
    var agent = client.settled("queues");
    var play = Play.of(world, "queues", agent).start();
    eventually(() -> assertThat(world.purpose("queues")).isEqualTo("upgrade"));
    var answers = world.db().inTransaction(tx -> {
      // as whoever hands out just now
      tx.query("select 1 from gate where rollout_id = 'queues' for share");
      answers("queues", null, 99);
      world.untilWaits(tx, "with word as%from gate%for update%");
      play.instructQuietly();
      var beats = beatsUntilTheHandOutWaits(agent);
      world.untilWaits(tx, "select pg_advisory_xact_lock_shared%/gate/%from assignment%");
      return beats;
    });
    for (var answer : answers)
      assertThat(answer.get(30, TimeUnit.SECONDS).body()).contains("next_heartbeat_sec").doesNotContain("1.26.0");
    assertThat(play.handedOut()).isEmpty();
    play.ends();
  }

  @Test
  void an_instruction_that_waits_for_its_gate_until_the_lease_has_ended_is_not_handed_out() throws Exception {
    var agent = client.settled("outlasts");
    var play = Play.of(world, "outlasts", agent).start();
    eventually(() -> assertThat(world.purpose("outlasts")).isEqualTo("upgrade"));
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
