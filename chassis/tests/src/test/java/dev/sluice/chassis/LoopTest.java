package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// How long a loop that fails waits before it tries again.
class LoopTest {
  @Test
  void pauses_grow_and_none_is_longer_than_a_second() {
    var pauses = IntStream.rangeClosed(1, 100).mapToObj(Loop::pause).toList();
    assertThat(pauses).isSorted().allSatisfy(p -> assertThat(p).isBetween(Duration.ofMillis(50), Duration.ofSeconds(1)));
    assertThat(pauses).startsWith(Duration.ofMillis(100), Duration.ofMillis(200)).endsWith(Duration.ofSeconds(1));
  }

  @Test
  void one_thing_that_fails_keeps_no_other_from_its_turn() {
    var done = new ArrayList<Integer>();
    Loop.each(List.of(1, 2, 3, 4, 5, 6), "number", i -> {
      if (i % 2 == 1) throw new IllegalStateException("odd");
      if (i == 4) throw new Outage("for once", null);
      done.add(i);
    });
    assertThat(done).containsExactly(2, 6);
  }

  @Test
  void a_round_that_finds_everything_away_gives_up() {
    var turns = new ArrayList<Integer>();
    assertThatThrownBy(() -> Loop.each(List.of(1, 2, 3, 4, 5, 6), "number", i -> {
      turns.add(i);
      throw new Outage("away", null);
    })).isInstanceOf(Outage.class);
    assertThat(turns).containsExactly(1, 2, 3);
  }
}
