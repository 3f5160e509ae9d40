package dev.sluice.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Message;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// The reconciler and what does not need it: its tick is longer than any test waits, so what moves within it was not moved by the tick.
class ReconcilerTest {
  private static final Duration TICK = Duration.ofSeconds(3_600);
  private static final World WORLD = new World(1, TICK);

  @AfterAll
  static void end() throws Exception { WORLD.close(); }

  @Test
  void an_approved_rollout_starts_at_once_by_the_word_of_its_approval() {
    assertThat(World.LIMIT).isLessThan(TICK);
    var id = WORLD.planned("web", 4, 50);
    var trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    WORLD.approve(id, trace);
    WORLD.awaits(id, "state", "completed");
    assertThat(WORLD.toldUntil(id, RolloutEvent.Completed.class)).hasAtLeastOneElementOfType(RolloutEvent.Started.class);
    // what the approval led to belongs to the trace of who approved
    assertThat(WORLD.told).filteredOn(m -> m.stream().equals(id.value()) && m.event() instanceof RolloutEvent.Started)
        .extracting(Message::traceparent).containsExactly(trace);
  }

  @Test
  void a_rollout_whose_look_fails_keeps_no_other_from_being_looked_at() {
    WORLD.send("POST", "/v1/reconciler/pause", Map.of("template_id", "several"), "ann");
    var all = Stream.generate(() -> WORLD.planned("several", 2, 50)).limit(3).toList();
    all.forEach(WORLD::approve);
    all.forEach(id -> WORLD.awaits(id, "state", "approved"));
    failTheFirstToBeStarted();
    WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "several"), "ann");
    await().atMost(World.LIMIT)
        .untilAsserted(() -> assertThat(states(all)).containsExactlyInAnyOrder("approved", "completed", "completed"));
    WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "several"), "ann");
    all.forEach(id -> WORLD.awaits(id, "state", "completed"));
  }

  @Test
  void a_batch_that_is_just_being_started_when_a_pause_is_answered_does_not_start() throws Exception {
    var id = WORLD.planned("just-now", 2, 50);
    var held = new CountDownLatch(1);
    var waits = new CountDownLatch(1);
    var pausing = CompletableFuture.runAsync(() -> WORLD.db().doInTransaction(tx -> {
      tx.query("select pg_advisory_xact_lock(hashtextextended(current_schema() || '/reconciler', 0))");
      held.countDown();
      World.awaitWithin(tx, () -> waits.getCount() == 0);
      tx.query("insert into reconciler_pause (template_id, actor, at) values ('just-now', 'ann', now())");
    }), Thread::startVirtualThread);
    assertThat(held.await(World.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    WORLD.approve(id);
    await().atMost(World.LIMIT).until(() -> WORLD.db()
        .query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'")
        .rowCount() > 0);
    waits.countDown();
    pausing.join();
    await().during(Duration.ofMillis(1_500)).atMost(World.LIMIT).until(() -> WORLD.told.stream()
        .noneMatch(m -> m.stream().equals(id.value()) && m.event() instanceof RolloutEvent.BatchStarted));
    WORLD.send("POST", "/v1/reconciler/resume", Map.of("template_id", "just-now"), "ann");
    WORLD.awaits(id, "state", "completed");
  }

  private static List<Object> states(List<RolloutId> of) { return of.stream().map(id -> WORLD.rollout(id).get("state")).toList(); }

  /// A sequence keeps what it counted when the transaction is rolled back.
  private static void failTheFirstToBeStarted() {
    WORLD.db().query("create sequence started");
    WORLD.db().query("""
        create function refuse() returns trigger language plpgsql as $$
        begin
          if nextval('started') = 1 then raise exception 'the first one fails'; end if;
          return new;
        end $$""");
    WORLD.db().query("create trigger refuse before insert on journal for each row when (new.kind = 'started') execute function refuse()");
  }
}
