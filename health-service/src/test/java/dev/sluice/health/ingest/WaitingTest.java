package dev.sluice.health.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.health.domain.InstanceStatus;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.ingest.Waiting.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What is kept of a flood until it is committed.
class WaitingTest {
  private static final Instant START = Instant.parse("2026-11-25T00:00:00Z");

  private static Observation running(String digest) {
    return new Observation(InstanceStatus.RUNNING, "1", Map.of("nginx", digest), Map.of());
  }

  @Test
  void a_long_flood_is_thinned_without_a_gap_that_looks_like_silence() {
    var waiting = new Waiting("i1", 1, 0);
    var said = running("a");
    for (int i = 0; i < 1_000; i++)
      assertThat(waiting.add(new Run("b", i, START.plusMillis(i * 5L), said))).isTrue();
    var runs = waiting.runs();
    assertThat(runs).hasSize(Waiting.RUNS);
    assertThat(runs.getFirst().sequence()).isZero();
    assertThat(runs.getLast().sequence()).isEqualTo(999);
    for (int i = 1; i < runs.size(); i++)
      assertThat(Duration.between(runs.get(i - 1).at(), runs.get(i).at())).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void the_first_and_the_last_of_each_series_stay() {
    var waiting = new Waiting("i1", 1, 0);
    var old = running("a");
    var fresh = running("b");
    for (int i = 0; i < 100; i++)
      assertThat(waiting.add(new Run("b", i, START.plusMillis(i), i < 50 ? old : fresh))).isTrue();
    assertThat(waiting.runs().stream().map(Run::sequence)).contains(0L, 49L, 50L, 99L).isSorted();
  }

  @Test
  void of_equal_ones_the_first_the_last_and_one_a_second_tell_all() {
    var waiting = new Waiting("i1", 1, 0);
    var said = running("a");
    for (int i = 0; i < 12; i++)
      waiting.add(new Run("b", i, START.plusMillis(i * 200L), said));
    assertThat(waiting.sparse().stream().map(Run::sequence)).containsExactly(0L, 5L, 10L, 11L);
  }

  @Test
  void too_many_that_each_say_something_else_are_refused() {
    var waiting = new Waiting("i1", 1, 0);
    for (int i = 0; i < Waiting.RUNS; i++)
      assertThat(waiting.add(new Run("b", i, START.plusMillis(i), running("d" + i)))).isTrue();
    assertThat(waiting.add(new Run("b", 99, START.plusMillis(99), running("other")))).isFalse();
    assertThat(waiting.runs()).hasSize(Waiting.RUNS);
  }
}
