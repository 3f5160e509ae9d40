package dev.sluice.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Json;
import dev.sluice.contract.Choice;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.DecisionChain;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionChain.Finding;
import dev.sluice.rollout.domain.DecisionChain.Whole;
import dev.sluice.rollout.domain.DecisionReplay;
import dev.sluice.rollout.domain.DecisionRow;
import dev.sluice.rollout.domain.DecisionRow.Head;
import dev.sluice.rollout.domain.Roster;
import dev.sluice.rollout.store.DecisionTexts;
import dev.sluice.rollout.store.DecisionView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The decision record over REST, read and checked as a caller would, while PostgreSQL is tampered with behind the service's back.
class DecisionRecordTest {
  private static final World WORLD = new World(2, Duration.ofSeconds(1));

  /// A record as a caller read it.
  private record Read(RolloutId id, List<DecisionRow> rows, Head head) {
    /// @param limit items in a page
    static Read of(RolloutId id, int limit) {
      var rows = new ArrayList<DecisionRow>();
      var cursor = "";
      while (true) {
        var page = WORLD.get("/v1/rollouts/" + id + "/decisions?limit=" + limit + cursor);
        assertThat(page.status()).isEqualTo(200);
        page.objects("decisions").forEach(d -> rows.add(Json.convert(d, DecisionView.class).row()));
        if (page.get("next_cursor") == null) return new Read(id, rows, Json.convert(page.object("head"), Head.class));
        cursor = "&cursor=" + page.get("next_cursor");
      }
    }

    Finding check() { return check(Head.start(id)); }

    Finding check(Head kept) {
      var chain = DecisionChain.of(id, kept);
      for (var row : rows)
        chain = chain.then(row);
      return chain.endsAt(head);
    }

    Optional<Broken> replay() {
      var replay = DecisionReplay.of(new DecisionTexts(), DecisionRecordTest::roster);
      for (var row : rows)
        replay = replay.then(row);
      return replay.differs();
    }

    List<String> rules() { return rows.stream().map(r -> r.account().rule()).toList(); }
  }

  private static Optional<Roster> roster(PlanHeader plan) {
    return Optional.of(new Roster(WORLD.get("/v1/rollouts/" + plan.rolloutId() + "/instances?limit=1000").objects("instances").stream()
        .map(m -> new PlanMember(new InstanceId((String) m.get("instance_id")), (Integer) m.get("origin"),
            ((Number) m.get("plan_generation")).longValue(), false))
        .toList()));
  }

  @AfterAll
  static void end() throws Exception { WORLD.close(); }

  /// Trips in its first batch, with one member that nobody hears of, and goes back by decision.
  private static RolloutId ended() {
    var id = WORLD.planned("web", 6, 50);
    WORLD.failing.addAll(List.of(id + "-0", id + "-1"));
    WORLD.silent.add(id + "-2");
    WORLD.approve(id);
    WORLD.awaits(id, "state", "awaiting_decision");
    WORLD.silent.clear();
    WORLD.failing.clear();
    WORLD.choose(id, Choice.ROLLBACK_COMPLETED_BATCHES);
    WORLD.awaits(id, "state", "rolled_back");
    WORLD.toldUntil(id, RolloutEvent.Released.class);
    return id;
  }

  @Test
  void a_rollout_with_a_trip_a_decision_and_an_end_has_a_whole_record_that_decides_to_the_same() {
    var read = Read.of(ended(), 1000);
    assertThat(read.check()).isEqualTo(new Whole(read.head()));
    assertThat(read.replay()).isEmpty();
    assertThat(read.rules()).startsWith("plan", "approval", "start").contains("breaker_streak", "continuation", "rollback_gate")
        .endsWith("rollback_gate");
    var page = WORLD.get("/v1/rollouts/" + read.id() + "/decisions");
    var trip = page.objects("decisions").stream().filter(d -> d.get("rule").equals("breaker_streak")).findFirst().orElseThrow();
    assertThat(trip).containsEntry("actor", "health").containsEntry("command_kind", "record_judgements");
    assertThat(part(trip, "counters")).containsEntry("state", "running").containsEntry("in_flight", 3).containsEntry("held", 0);
    assertThat(part(trip, "parameters")).containsEntry("max_consecutive_failures", 2).containsEntry("max_failed_pct", 100);
    assertThat(Json.text(part(trip, "command"))).contains("\"evidence\":[{\"topic\":\"sluice.verdict\",\"stream\":\"report-" + read.id()
        + "\",\"epoch\":1,\"from_seq\":2,\"to_seq\":2}]");
    assertThat(Json.text(part(trip, "outcome"))).contains("\"breaker_tripped\"");
    var choice = page.objects("decisions").stream().filter(d -> d.get("rule").equals("continuation")).findFirst().orElseThrow();
    assertThat(choice).containsEntry("actor", "ann");
    assertThat(Json.text(part(choice, "command"))).contains("\"topic\":\"sluice.approval\"");
  }

  @Test
  void the_record_tells_every_fact_of_the_journal_once_and_in_order() {
    var read = Read.of(ended(), 1000);
    var places = read.rows().stream().map(r -> Json.map(r.account().outcome())).toList();
    long at = 0;
    for (var outcome : places) {
      assertThat(((Number) outcome.get("from_seq")).longValue()).isEqualTo(at + 1);
      at = ((Number) outcome.get("to_seq")).longValue();
    }
    var last = WORLD.db().query("select max(seq) as seq, max(told_to) as told from journal where stream = $1", read.id().value()).iterator()
        .next();
    assertThat(at).isEqualTo(last.getLong("seq"));
    assertThat(((Number) places.getLast().get("as_of_seq")).longValue()).isEqualTo(last.getLong("told"));
  }

  @Test
  void a_command_of_an_operator_is_recorded_where_it_did_something_and_a_refused_one_is_not() {
    var id = WORLD.planned("web", 2, 100);
    assertThat(WORLD.command(id, "pause").status()).isEqualTo(409);
    WORLD.silent.addAll(List.of(id + "-0", id + "-1"));
    WORLD.approve(id);
    WORLD.awaits(id, "state", "running");
    WORLD.command(id, "pause");
    WORLD.command(id, "pause");
    WORLD.command(id, "abort");
    WORLD.toldUntil(id, RolloutEvent.Released.class);
    var read = Read.of(id, 1000);
    assertThat(read.rows().stream().map(r -> r.account().commandKind()).toList()).startsWith("open", "approve", "begin", "pause", "abort");
    assertThat(read.rows().get(3).actor()).isEqualTo("ann");
    assertThat(Json.text(Json.map(read.rows().get(3).account().command()))).contains("\"evidence\":[]", "\"comment\":\"why\"");
    assertThat(read.check()).isEqualTo(new Whole(read.head()));
    assertThat(read.replay()).isEmpty();
  }

  @Test
  void pages_are_oldest_first_and_each_says_the_head() {
    var id = ended();
    var whole = Read.of(id, 1000);
    assertThat(Read.of(id, 1)).isEqualTo(whole);
    assertThat(Read.of(id, 3)).isEqualTo(whole);
    var second = WORLD.get("/v1/rollouts/" + id + "/decisions?limit=2&cursor=1");
    assertThat(second.objects("decisions")).extracting(d -> d.get("position")).containsExactly(2, 3);
    assertThat(second.get("next_cursor")).isEqualTo("3");
    assertThat(Json.convert(second.object("head"), Head.class)).isEqualTo(whole.head());
    var behind = WORLD.get("/v1/rollouts/" + id + "/decisions?cursor=999");
    assertThat(behind.objects("decisions")).isEmpty();
    assertThat(behind.body()).containsEntry("next_cursor", null).containsKey("head");
  }

  @Test
  void a_page_of_long_commands_ends_early_and_loses_none() {
    var id = WORLD.planned("large", 12_000, 100);
    WORLD.approve(id);
    WORLD.awaits(id, "state", "completed");
    WORLD.toldUntil(id, RolloutEvent.Released.class);
    var read = Read.of(id, 1000);
    assertThat(read.check()).isEqualTo(new Whole(read.head()));
    assertThat(read.rows()).allSatisfy(r -> assertThat(r.account().command().length()).isLessThan(1_000_000));
    WORLD.db().query("update decision set command = command || repeat(' ', 4000000) where rollout_id = $1 and position = 2", id.value());
    var page = WORLD.get("/v1/rollouts/" + id + "/decisions?limit=1000");
    assertThat(page.objects("decisions")).hasSize(2);
    assertThat(page.get("next_cursor")).isEqualTo("2");
    assertThat(Read.of(id, 1000).rows()).hasSameSizeAs(read.rows());
  }

  @Test
  void a_command_holds_what_one_report_may_hold_however_many_come_at_once() {
    var id = WORLD.planned("large", 12_000, 100);
    IntStream.range(0, 12_000).forEach(i -> WORLD.silent.add(id + "-" + i));
    WORLD.approve(id);
    WORLD.awaits(id, "state", "running");
    WORLD.report(id,
        IntStream.range(0, 12).<HealthReport>mapToObj(n -> new HealthReport.HandedOut(id, IntStream.range(n * 1_000, (n + 1) * 1_000)
            .mapToObj(i -> new RolloutEvent.Handing(i, 4, WORLD.node.clock().instant())).toList())).toList());
    await().atMost(World.LIMIT)
        .until(() -> WORLD.get("/v1/rollouts/" + id + "/instances?limit=1&cursor=11999").objects("instances").getFirst()
            .get("handed_out_at") != null);
    var commands = WORLD.get("/v1/rollouts/" + id + "/decisions").objects("decisions").stream().map(d -> part(d, "command"))
        .filter(c -> c.containsKey("handings")).toList();
    assertThat(commands).extracting(c -> ((List<?>) c.get("handings")).size()).allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(5_000));
    assertThat(commands.stream().mapToInt(c -> ((List<?>) c.get("handings")).size()).sum()).isEqualTo(12_000);
    WORLD.command(id, "abort");
  }

  @Test
  void what_is_done_to_the_rows_in_postgresql_is_found_at_its_position() {
    var id = ended();
    var before = Read.of(id, 1000);
    int last = before.rows().size();
    WORLD.db().query("create table kept as select * from decision where rollout_id = '" + id + "'");
    var tampering = new LinkedHashMap<String, Broken>();
    for (var set : List.of("decided_at = decided_at + interval '1 microsecond'", "decided_at = 'infinity'", "actor = 'eve'", "actor = null",
        "command_kind = 'tick'", "command = command || ' '", "command = 'x'", "command = '{}'", "counters = replace(counters, '0', '1')",
        "rule = 'other'", "parameters = ' '", "outcome = replace(outcome, 'events', 'event')", "previous_hash = ''", "hash = ''"))
      tampering.put("update decision set " + set + " where rollout_id = $1 and position = 4", new Broken(4, "was altered"));
    tampering.put("delete from decision where rollout_id = $1 and position = 1", new Broken(1, "is missing"));
    tampering.put("delete from decision where rollout_id = $1 and position = 5", new Broken(5, "is missing"));
    tampering.put("delete from decision where rollout_id = $1 and position = " + last, new Broken(last, "is missing"));
    tampering.put("delete from decision where rollout_id = $1", new Broken(1, "is missing"));
    tampering.put("update decision set position = position + 1000 where rollout_id = $1 and position = " + last,
        new Broken(last, "is missing"));
    tampering.put("""
        insert into decision select rollout_id, position + 1, decided_at, actor, command_kind, command, counters, rule, parameters, outcome, hash, hash
          from decision where rollout_id = $1 and position =\s""" + last, new Broken(last + 1, "was altered"));
    tampering.put("""
        update decision d set decided_at = o.decided_at, actor = o.actor, command_kind = o.command_kind, command = o.command, counters = o.counters,
               rule = o.rule, parameters = o.parameters, outcome = o.outcome, previous_hash = o.previous_hash, hash = o.hash
          from decision o where d.rollout_id = $1 and o.rollout_id = $1 and (d.position, o.position) in ((3, 5), (5, 3))
        """, new Broken(3, "was altered"));
    tampering.forEach((sql, found) -> {
      assertThat(WORLD.db().query(sql, id.value()).rowCount()).as(sql).isPositive();
      assertThat(Read.of(id, 4).check()).as(sql).isEqualTo(found);
      WORLD.db().query("delete from decision where rollout_id = $1", id.value());
      WORLD.db().query("insert into decision select * from kept");
      assertThat(Read.of(id, 1000)).isEqualTo(before);
    });
  }

  @Test
  void a_record_cut_short_with_its_head_is_found_by_the_head_that_was_kept() {
    var id = ended();
    var before = Read.of(id, 1000);
    int last = before.rows().size();
    WORLD.db().query("delete from decision where rollout_id = $1 and position = $2", id.value(), (long) last);
    WORLD.db().query("update rollout set decisions = $2, decision_hash = $3 where id = $1", id.value(), last - 1L,
        before.rows().getLast().previousHash());
    var after = Read.of(id, 1000);
    assertThat(after.check()).isInstanceOf(Whole.class);
    assertThat(after.check(before.head())).isEqualTo(new Broken(last, "is missing"));
  }

  @Test
  void decisions_that_are_not_written_take_the_events_with_them() {
    var id = WORLD.planned("web", 2, 100);
    WORLD.db().query(
        "insert into decision select rollout_id, 2, decided_at, actor, command_kind, command, counters, rule, parameters, outcome, hash, hash "
            + "from decision where rollout_id = $1",
        id.value());
    assertThat(WORLD.command(id, "abort").status()).isGreaterThanOrEqualTo(500);
    assertThat(WORLD.rollout(id).body()).containsEntry("state", "awaiting_approval");
    WORLD.db().query("delete from decision where rollout_id = $1 and position = 2", id.value());
    assertThat(WORLD.command(id, "abort").body()).containsEntry("state", "cancelled");
  }

  @Test
  void what_is_not_there_or_does_not_fit_is_refused() {
    var id = WORLD.planned("web", 2, 100);
    var missing = WORLD.get("/v1/rollouts/nobody/decisions");
    assertThat(missing.body()).containsEntry("status", 404).containsEntry("detail", "there is no rollout nobody");
    for (var query : List.of("limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=-1"))
      assertThat(WORLD.get("/v1/rollouts/" + id + "/decisions?" + query).objects("errors")).as(query).singleElement()
          .satisfies(e -> assertThat((String) e.get("field")).isEqualTo(query.substring(0, query.indexOf('='))));
    assertThat(WORLD.send("GET", "/v1/rollouts/" + id + "/decisions", null, "i1", WORLD.node.ids().instanceToken()).status())
        .isEqualTo(403);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> part(Map<String, Object> decision, String name) { return (Map<String, Object>) decision.get(name); }
}
