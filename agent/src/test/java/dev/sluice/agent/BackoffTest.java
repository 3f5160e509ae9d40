package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(30);

  @Test
  void doubles_up_to_its_bound_and_stays_there() {
    var backoff = backoff(1);
    long bound = FIRST.toMillis();
    for (int failures = 0; failures < 200; failures++) {
      assertThat(backoff.next().toMillis()).isBetween(bound / 2, bound);
      bound = Math.min(2 * bound, LONGEST.toMillis());
    }
  }

  @Test
  void begins_anew_after_a_success() {
    var backoff = backoff(2);
    waits(backoff, 10);
    backoff.reset();
    assertThat(backoff.next()).isLessThanOrEqualTo(FIRST);
  }

  @Test
  void agents_that_failed_together_do_not_come_back_together() {
    var fifth = Stream.iterate(0L, seed -> seed + 1).limit(100).map(seed -> waits(backoff(seed), 5).get(4)).toList();
    assertThat(fifth.stream().distinct()).hasSizeGreaterThan(90);
  }

  private static Backoff backoff(long seed) { return new Backoff(FIRST, LONGEST, new Random(seed)); }

  private static List<Duration> waits(Backoff backoff, int count) { return Stream.generate(backoff::next).limit(count).toList(); }
}
