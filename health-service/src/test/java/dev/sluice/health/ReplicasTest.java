package dev.sluice.health;

import static dev.sluice.health.World.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Ask;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.TemplateId;
import dev.sluice.health.domain.Deaf;
import dev.sluice.health.domain.Finding;
import dev.sluice.health.domain.Heard;
import dev.sluice.health.domain.Hearing;
import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.Listening;
import dev.sluice.health.domain.ModuleStatus;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.domain.Pulse;
import dev.sluice.health.domain.Standing;
import dev.sluice.health.domain.Watch;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Two replicas behind a round robin say what one would say.
class ReplicasTest {
  private static World world;

  @BeforeAll
  static void start() { world = new World().replica(Duration.ofSeconds(30)).replica(Duration.ofSeconds(30)); }

  @AfterAll
  static void stop() { world.close(); }

  private static Agent settled(String id) {
    var agent = world.client(0).enrol(id);
    agent.desired();
    agent.to(world.client(1)).says("healthy", 1).beat();
    return agent;
  }

  @Test
  void heartbeats_alternate_and_the_long_poll_waits_on_the_other_one() {
    var agent = settled("alternates");
    var play = Play.of(world, "alternates", agent).start().instruct(60, 0);
    agent.to(world.client(1));
    play.told("1.26.0");
    agent.to(world.client(0)).says("applying", 2).beat();
    eventually(() -> assertThat(agent.to(world.client(1)).desired().isMissingNode()).isTrue());
    agent.to(world.client(1)).runs(World.NEW).says("healthy", 2).beat();
    assertThat(play.judged().healthy()).isTrue();
    assertThat(play.handedOut()).containsExactly(0);
    agent.to(world.client(0)).runs(World.OLD).beat();
    eventually(() -> assertThat(play.regressed()).hasSize(1));
    play.ends();
  }

  @Test
  void an_instruction_is_handed_out_once_whoever_asks_for_it() throws Exception {
    var agents = new ArrayList<Agent>();
    for (int i = 0; i < 20; i++)
      agents.add(settled("many-" + i));
    var play = new Play(world, "many", agents).start().instruct(60, 0);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var agent : agents)
        for (int replica = 0; replica < 2; replica++) {
          var client = world.client(replica);
          threads.submit(() -> client.get("/v1/instances/" + agent.id + "/desired?wait_sec=20", agent.token).body().path("desired"));
        }
    }
    eventually(() -> assertThat(play.handedOut()).hasSizeGreaterThanOrEqualTo(20));
    assertThat(play.handedOut()).doesNotHaveDuplicates().hasSize(20);
    play.ends();
  }

  @Test
  void who_has_sent_a_heartbeat_reads_it_from_either_replica() {
    for (int i = 0; i < 5; i++) {
      var one = world.client(i % 2);
      var other = world.client((i + 1) % 2);
      var name = "reads-" + i + "-";
      for (int tries = 1;; tries++)
        try {
          reads(name + tries, one, other);
          break;
        } catch (AssertionError e) {
          if (tries == 2) throw e; // a read waits for two seconds at most, which a busy machine may exceed
        }
    }
  }

  private static void reads(String name, Client one, Client other) {
    world.template(name, World.OLD);
    var agent = one.enrol(name, name);
    agent.beat();
    var shown = other.get("/v1/instances/" + name).body();
    assertThat(shown.path("status").asText()).isEqualTo("running");
    var before = Instant.parse(shown.path("last_heartbeat_at").asText());
    agent.to(other).beat();
    assertThat(Instant.parse(one.get("/v1/instances/" + name).body().path("last_heartbeat_at").asText())).isAfter(before);
    assertThat(other.get("/v1/fleet-summary?template_id=" + name).body().path("reporting").asInt()).isEqualTo(1);
    assertThat(other.get("/v1/drift-report?template_id=" + name).body().at("/counts/converged").asInt()).isEqualTo(1);
  }

  /// One step of a script: what the instance says, and whether an earlier heartbeat is sent again before it.
  private record Step(ModuleStatus.State state, boolean target, boolean repeat) {}

  @Test
  void random_heartbeats_to_either_replica_come_to_what_the_gate_says_of_their_order() throws Exception {
    long seed = Long.getLong("seed", Instant.now().toEpochMilli());
    var random = new Random(seed);
    var agents = new ArrayList<Agent>();
    var scripts = new ArrayList<List<Step>>();
    for (int i = 0; i < 30; i++) {
      agents.add(settled("random-" + i));
      var script = new ArrayList<Step>();
      for (int s = 2 + random.nextInt(8); s > 0; s--)
        script.add(new Step(ModuleStatus.State.values()[random.nextInt(10) == 0 ? 2 + random.nextInt(2) : random.nextInt(2)],
            random.nextInt(4) > 0,
            random.nextInt(4) == 0));
      scripts.add(script);
    }
    var play = new Play(world, "random", agents).start().instruct(600, 0);
    for (var agent : agents)
      eventually(() -> assertThat(agent.poll(5).body().path("desired")).isNotEmpty());
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < agents.size(); i++) {
        int member = i;
        var mine = new Random(seed + i);
        threads.submit(() -> send(agents.get(member), scripts.get(member), mine));
      }
    }
    world.settle();
    for (int i = 0; i < agents.size(); i++) {
      int member = i;
      var expected = expected(scripts.get(i));
      eventually(() -> {
        assertThat(play.judgements().stream().filter(j -> j.ordinal() == member).map(j -> j.healthy() ? "healthy" : j.reason().toString()))
            .as("seed %d, member %d: %s", seed, member, scripts.get(member))
            .isEqualTo(expected.stream().filter(Finding.Judged.class::isInstance).map(Finding.Judged.class::cast)
                .map(j -> j.healthy() ? "healthy" : j.reason().toString()).toList());
        assertThat(play.regressed().stream().filter(m -> m.ordinal() == member).map(m -> m.reason()))
            .as("seed %d, member %d: %s", seed, member, scripts.get(member))
            .isEqualTo(expected.stream().filter(Finding.Regressed.class::isInstance).map(f -> ((Finding.Regressed) f).reason()).toList());
      });
    }
    play.ends();
  }

  private static void send(Agent agent, List<Step> script, Random random) {
    com.fasterxml.jackson.databind.node.ObjectNode before = null;
    for (var step : script) {
      if (step.repeat && before != null)
        agent.to(world.client(random.nextInt(2))).tellUntilTaken(before.toString());
      before = agent.runs(step.target ? World.NEW : World.OLD).says(step.state.name().toLowerCase(Locale.ROOT), 2).body();
      agent.to(world.client(random.nextInt(2))).tellUntilTaken(before.toString());
    }
  }

  private static List<Finding> expected(List<Step> script) {
    var zero = Instant.EPOCH;
    var watch = new Watch("nginx", World.NEW.digest().value(), 2, Purpose.UPGRADE, zero, zero.plusSeconds(600), false, zero, Duration.ZERO,
        new Standing.Awaited());
    var heard = new ArrayList<Heard>();
    for (int i = 0; i < script.size(); i++) {
      var digest = (script.get(i).target ? World.NEW : World.OLD).digest().value();
      heard.add(new Heard("boot", i, zero.plusSeconds(1 + i), new Observation(InstanceStatus.RUNNING, null, Map.of("nginx", digest),
          Map.of("nginx", new ModuleStatus(script.get(i).state, 2, null)))));
    }
    return Listening.hear(new Listening.Ear(Pulse.NONE, List.of(watch)), heard, new Hearing(Duration.ofSeconds(30), Deaf.NEVER)).findings()
        .stream().map(Listening.Found::finding).toList();
  }

  @Test
  void a_settled_slice_has_every_heartbeat_and_enrolment_that_was_answered_before() {
    for (int i = 0; i < 20; i++) {
      var agent = world.client(i % 2).enrol("slice-" + i);
      agent.to(world.client((i + 1) % 2)).runs(World.NEW).beat();
      var member = world.settle().stream().filter(m -> m.instanceId().value().equals(agent.id)).findFirst();
      assertThat(member).hasValueSatisfying(m -> {
        assertThat(m.neverReported()).isFalse();
        assertThat(m.runningDigest()).isEqualTo(World.NEW.digest());
        assertThat(m.desired().version()).isEqualTo("1.24.0");
        assertThat(m.label()).isEqualTo("a");
      });
    }
  }

  @Test
  void a_slice_comes_in_pages() {
    world.template("paged", World.OLD);
    for (int i = 0; i < 5; i++)
      world.client().enrol("page-" + i, "paged");
    var page = new Ask.FleetSlice(new TemplateId("paged"), new ModuleId("nginx"), "zone", null, 3, true);
    var first = world.rollouts().asks().ask(page, Duration.ofSeconds(10));
    assertThat(first.members()).hasSize(3);
    var second = world.rollouts().asks().ask(
        new Ask.FleetSlice(new TemplateId("paged"), new ModuleId("nginx"), "zone", first.next(), 3, false),
        Duration.ofSeconds(10));
    assertThat(second.members()).hasSize(2);
    assertThat(second.next()).isNull();
  }

  private static final String LOST = """
      insert into replica (id, beat_at, flushed_through) values ('lost', clock_timestamp(), clock_timestamp())
      """;

  @Test
  void nothing_is_judged_while_a_replica_may_hold_evidence_and_a_lost_one_is_time_in_which_we_were_deaf() {
    var agent = settled("waits");
    var play = Play.of(world, "waits", agent).start().instruct(60, 0).told("1.26.0");
    world.db().query(LOST);
    var begun = Instant.now();
    play.left(1_000);
    assertThat(play.judged().reason()).isEqualTo(Reason.HEALTH_TIMEOUT);
    // the second that was left, and the time for which the lost one was waited for
    assertThat(play.judged().at()).isAfter(begun.plus(World.REPLICA_TTL).plusMillis(900));
    play.ends();
  }

  @Test
  void an_answer_that_is_lost_is_given_again_by_the_other_replica_and_handed_out_once() {
    var agent = settled("lost-answer");
    var play = Play.of(world, "lost-answer", agent).start().instruct(60, 0).told("1.26.0");
    // what was committed stands though the answer did not arrive: no replica remembers an answer
    for (int i = 0; i < 4; i++)
      assertThat(agent.to(world.client(i % 2)).poll(5).body().path("desired").path("nginx").path("generation").asLong()).isEqualTo(2);
    assertThat(play.handedOut()).containsExactly(0);
    play.ends();
  }

  @Test
  void a_late_heartbeat_of_a_boot_that_the_other_replica_saw_replaced_is_told_nothing() {
    var agent = world.client(0).enrol("ghost");
    agent.boots("old", 1).beat();
    agent.boots("new", 1).beat();
    eventually(() -> assertThat(world.db().query("select from boot where instance_id = 'ghost'").rowCount()).isOne());
    var play = Play.of(world, "ghost", agent).start().instruct(60, 0);
    eventually(() -> assertThat(world.client(0).get("/v1/instances/ghost").body().at("/desired/nginx/generation").asLong()).isEqualTo(2));
    agent.to(world.client(1));
    assertThat(agent.boots("old", 2).desired().isMissingNode()).isTrue();
    agent.boots("new", 2);
    eventually(() -> assertThat(agent.desired().path("version").asText()).isEqualTo("1.26.0"));
    play.ends();
  }

  @Test
  void nor_does_it_make_the_present_boot_deaf_where_it_comes_after_that_one() {
    var agent = settled("deafened");
    agent.to(world.client(0)).boots("old", 1).beat();
    agent.boots("new", 1).beat();
    agent.to(world.client(1)).boots("new", 2).beat();
    agent.boots("old", 2).beat();
    agent.boots("new", 3);
    var play = Play.of(world, "deafened", agent).start().instruct(60, 0);
    eventually(() -> assertThat(agent.desired().path("version").asText()).isEqualTo("1.26.0"));
    play.ends();
  }

  @Test
  void who_is_enrolled_anew_is_let_in_at_once_by_each_replica() {
    for (int i = 0; i < 5; i++) {
      var first = world.client(0).enrol("comes-again");
      assertThat(first.to(world.client(1)).beat().status()).isEqualTo(200);
      assertThat(world.client(0).delete("/v1/instances/comes-again").status()).isEqualTo(204);
      assertThat(first.to(world.client(0)).beat().status()).isEqualTo(401);
      eventually(() -> assertThat(first.to(world.client(1)).beat().status()).as("the other one follows").isEqualTo(401));
      assertThat(world.client(0).enrol("comes-again").to(world.client(1)).beat().status()).isEqualTo(200);
      assertThat(world.client(1).delete("/v1/instances/comes-again").status()).isEqualTo(204);
    }
  }
}
