package dev.sluice.health.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.ingest.HeartbeatBuffer.Missed;
import dev.sluice.health.ingest.HeartbeatBuffer.Taken;
import dev.sluice.health.store.CellStore.OrderRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Times in which heartbeats could not be heard stand in the drain that reaches beyond them: they are committed before anything later is judged.
class HeartbeatBufferTest {
  private static final String LOOP = "one";
  private static final String OTHER = "another";
  private static final Observation RUNS = new Observation(InstanceStatus.RUNNING, null, null, Map.of());
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private Instant now = START;
  private final HeartbeatBuffer buffer = new HeartbeatBuffer(() -> now, START, Duration.ofSeconds(3));

  private void listens() {
    buffer.awake(LOOP);
    buffer.listens();
  }

  private HeartbeatBuffer after(long millis) {
    now = now.plusMillis(millis);
    return buffer;
  }

  private List<Missed> missed() { return buffer.drain().missed(); }

  private static Duration length(List<Missed> missed) {
    return missed.stream().map(m -> Duration.between(m.from(), m.to())).reduce(Duration.ZERO, Duration::plus);
  }

  @Test
  void who_ticks_misses_nothing() {
    listens();
    for (int i = 0; i < 20; i++) {
      after(120).awake(LOOP);
      assertThat(missed()).isEmpty();
    }
  }

  @Test
  void a_pause_that_the_tick_finds_is_in_the_next_drain() {
    listens();
    after(1_500).awake(LOOP);
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(1_500), Duration.ofMillis(1));
    assertThat(missed()).isEmpty();
  }

  @Test
  void a_pause_that_a_drain_finds_before_the_tick_is_in_that_drain_and_counted_once() {
    listens();
    var first = after(900).drain().missed();
    assertThat(length(first)).isCloseTo(Duration.ofMillis(900), Duration.ofMillis(1));
    after(300).awake(LOOP);
    var second = missed();
    assertThat(length(second)).isCloseTo(Duration.ofMillis(300), Duration.ofMillis(1));
    assertThat(second.getFirst().from()).isEqualTo(first.getLast().to());
  }

  @Test
  void one_event_loop_that_stands_still_while_another_runs_is_missed_time_once() {
    buffer.awake(OTHER);
    listens();
    for (int i = 0; i < 4; i++)
      after(100).awake(LOOP);
    assertThat(missed()).isEmpty();
    for (int i = 0; i < 6; i++)
      after(100).awake(LOOP);
    assertThat(missed()).singleElement()
        .satisfies(m -> assertThat(Duration.between(m.from(), m.to())).isCloseTo(Duration.ofMillis(1_000), Duration.ofMillis(1)));
    after(100).awake(LOOP);
    buffer.awake(OTHER);
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(100), Duration.ofMillis(1));
    after(100).awake(LOOP);
    assertThat(missed()).isEmpty();
  }

  @Test
  void a_heartbeat_that_waits_to_be_read_is_missed_time_in_each_drain_that_it_waits_for_once() {
    listens();
    buffer.pends("first");
    after(300).pends("second");
    buffer.passed("second");
    assertThat(missed()).as("a short wait").isEmpty();
    buffer.pends("third");
    for (int i = 0; i < 17; i++)
      after(100).awake(LOOP);
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(2_000), Duration.ofMillis(1));
    after(100).awake(LOOP);
    buffer.passed("first");
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(100), Duration.ofMillis(1));
    after(100).awake(LOOP);
    buffer.passed("third");
    after(100).awake(LOOP);
    assertThat(length(missed())).as("until it is read").isCloseTo(Duration.ofMillis(100), Duration.ofMillis(1));
    after(100).awake(LOOP);
    assertThat(missed()).isEmpty();
  }

  @Test
  void nobody_hears_before_the_port_is_open_nor_after_it_closes() {
    buffer.deaf(START);
    after(40);
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(40), Duration.ofMillis(1));
    after(60).listens();
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(60), Duration.ofMillis(1));
    after(100).awake(LOOP);
    assertThat(missed()).isEmpty();
    buffer.deaf(now);
    after(30).awake(LOOP);
    assertThat(length(missed())).isCloseTo(Duration.ofMillis(30), Duration.ofMillis(1));
  }

  @Test
  void a_clock_that_goes_back_after_the_start_takes_no_time_away_and_stamps_nothing_before_it() {
    now = START.minusMillis(50);
    buffer.deaf(START);
    var drain = buffer.drain();
    assertThat(drain.through()).isAfter(START);
    assertThat(drain.missed()).isNotEmpty().allSatisfy(m -> assertThat(m.from()).isBefore(m.to()));
  }

  @Test
  void what_cannot_be_committed_is_refused_before_the_others_judge_without_it() {
    var cell = new Cell("i1");
    assertThat(take(after(2_400), cell, 1)).isEqualTo(Taken.KEPT_URGENT);
    assertThat(take(after(200), cell, 2)).isEqualTo(Taken.REFUSED);
    var drain = after(1_000).drain();
    assertThat(drain.missed()).singleElement()
        .satisfies(m -> assertThat(Duration.between(START, m.from())).isCloseTo(Duration.ofMillis(2_600), Duration.ofMillis(1)));
    assertThat(take(buffer, cell, 3)).isEqualTo(Taken.REFUSED);
    buffer.committed(drain);
    assertThat(take(after(100), cell, 4)).isEqualTo(Taken.KEPT);
  }

  @Test
  void of_two_machines_under_one_id_only_the_one_that_was_enrolled_last_is_kept() {
    var cell = new Cell("i1");
    assertThat(buffer.take(cell, 1, "before", 1, RUNS, false)).isEqualTo(Taken.KEPT_URGENT);
    assertThat(buffer.take(cell, 2, "after", 1, RUNS, false)).isEqualTo(Taken.KEPT_URGENT);
    assertThat(buffer.take(cell, 1, "before", 2, RUNS, false)).isEqualTo(Taken.REPLACED);
    assertThat(buffer.drain().waiting()).singleElement().satisfies(waiting -> {
      assertThat(waiting.enrolment()).isEqualTo(2);
      assertThat(waiting.runs()).extracting(Waiting.Run::bootId).containsExactly("after");
    });
  }

  @Test
  void what_was_judged_before_the_first_heartbeat_here_is_late_and_a_replaced_boot_stays_so() {
    var cell = new Cell("i1");
    var eight = IntStream.rangeClosed(1, 8).mapToObj(i -> "before-" + i).toList();
    buffer.begins(cell, new OrderRow("i1", 1, "present", 5, eight, START));
    assertThat(take(cell, "present", 5)).isEqualTo(Taken.LATE);
    assertThat(take(cell, "before-1", 9)).isEqualTo(Taken.REPLACED);
    assertThat(take(cell, "present", 6)).isEqualTo(Taken.KEPT_URGENT);
    buffer.begins(cell, new OrderRow("i1", 1, "present", 2, List.of(), START));
    assertThat(take(cell, "present", 6)).as("what was heard here is newer").isEqualTo(Taken.LATE);
    assertThat(take(cell, "next", 1)).isEqualTo(Taken.KEPT_URGENT);
    assertThat(take(cell, "before-8", 9)).as("the oldest is forgotten").isEqualTo(Taken.REPLACED);
    assertThat(buffer.take(cell, 2, "present", 1, RUNS, false)).as("another machine begins anew").isEqualTo(Taken.KEPT_URGENT);
  }

  /// Another replica has heard the boot before, and the one after it; here it comes late, after that one.
  @Test
  void a_late_heartbeat_of_a_boot_that_was_never_heard_here_makes_nobody_deaf_for_long() {
    var cell = new Cell("i1");
    assertThat(take(cell, "present", 3)).isEqualTo(Taken.KEPT_URGENT);
    after(10);
    assertThat(take(cell, "before", 9)).as("as far as is known here, a newer one").isEqualTo(Taken.KEPT_URGENT);
    assertThat(take(cell, "present", 4)).isEqualTo(Taken.REPLACED);
    assertThat(buffer.judged(cell, judged("present", "before", 5))).as("a newer one was not judged yet").isFalse();
    assertThat(take(cell, "present", 4)).isEqualTo(Taken.REPLACED);
    assertThat(buffer.judged(cell, judged("present", "before", 20))).isTrue();
    assertThat(take(cell, "present", 4)).isEqualTo(Taken.LATE);
    assertThat(take(cell, "present", 5)).as("what the other one said is forgotten").isEqualTo(Taken.KEPT_URGENT);
    assertThat(take(cell, "before", 10)).isEqualTo(Taken.REPLACED);
    assertThat(buffer.judged(cell, new OrderRow("i1", 2, "another", 1, List.of(), now.plusMillis(30)))).isTrue();
    assertThat(take(cell, "present", 6)).as("of another machine").isEqualTo(Taken.KEPT);
  }

  private OrderRow judged(String present, String before, long millis) {
    return new OrderRow("i1", 1, present, 4, List.of(before), START.plusMillis(millis));
  }

  private Taken take(Cell cell, String boot, long sequence) { return buffer.take(cell, 1, boot, sequence, RUNS, false); }

  private static Taken take(HeartbeatBuffer buffer, Cell cell, long sequence) {
    return buffer.take(cell, 1, "boot", sequence, RUNS, false);
  }

  @Test
  void who_is_turned_away_because_he_cannot_be_read_was_not_heard() {
    buffer.refused();
    after(700);
    var drain = buffer.drain();
    assertThat(length(drain.missed())).isCloseTo(Duration.ofMillis(700), Duration.ofMillis(1));
    buffer.committed(drain);
    after(700);
    assertThat(missed()).isEmpty();
  }
}
