package dev.sluice.health.domain;

import static dev.sluice.health.domain.Scene.at;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Our own absence is nobody's failure: time is counted as if the spans in which we were deaf had not been.
class DeafTest {
  private static final int DAY = 300;

  private static Deaf.Span span(double from, double to) { return new Deaf.Span(at(from), at(to)); }

  private static Deaf some(Random random) {
    var spans = new ArrayList<Deaf.Span>();
    for (int i = random.nextInt(5); i > 0; i--) {
      int from = random.nextInt(DAY);
      spans.add(span(from, from + random.nextInt(40)));
    }
    return new Deaf(spans);
  }

  /// Second by second, as plainly as can be.
  private static long heard(Deaf deaf, int from, int to) {
    return IntStream.range(from, to).mapToObj(Scene::at)
        .filter(second -> deaf.spans().stream().noneMatch(s -> !second.isBefore(s.from()) && second.isBefore(s.to()))).count();
  }

  private static int seconds(Instant instant) { return (int) Duration.between(Scene.ZERO, instant).toSeconds(); }

  @Test
  void spans_that_overlap_or_touch_are_one_and_those_apart_stay_apart() {
    assertThat(new Deaf(List.of(span(50, 60), span(10, 20), span(20, 30), span(25, 27), span(55, 70))).spans())
        .containsExactly(span(10, 30), span(50, 70));
  }

  @Test
  void hearing_time_is_what_is_left() {
    for (long seed = 0; seed < 500; seed++) {
      var random = new Random(seed);
      var deaf = some(random);
      int from = random.nextInt(DAY);
      int to = from + random.nextInt(100);
      assertThat(deaf.heardBetween(at(from), at(to)).toSeconds()).as("seed %d: %s", seed, deaf).isEqualTo(heard(deaf, from, to));
      assertThat(deaf.heardBetween(at(to), at(from))).isEqualTo(Duration.ZERO);
    }
  }

  @Test
  void after_is_the_first_instant_by_which_so_much_was_heard() {
    for (long seed = 0; seed < 500; seed++) {
      var random = new Random(seed);
      var deaf = some(random);
      int from = random.nextInt(DAY);
      int length = 1 + random.nextInt(100);
      int end = seconds(deaf.after(at(from), Duration.ofSeconds(length)));
      assertThat(heard(deaf, from, end)).as("seed %d: %s", seed, deaf).isEqualTo(length);
      assertThat(heard(deaf, from, end - 1)).as("seed %d: not sooner", seed).isEqualTo(length - 1);
    }
  }

  @Test
  void before_is_the_last_instant_since_which_so_much_was_heard() {
    for (long seed = 0; seed < 500; seed++) {
      var random = new Random(seed);
      var deaf = some(random);
      int end = random.nextInt(DAY);
      int length = 1 + random.nextInt(100);
      int start = seconds(deaf.before(at(end), Duration.ofSeconds(length)));
      assertThat(heard(deaf, start, end)).as("seed %d: %s", seed, deaf).isEqualTo(length);
      assertThat(heard(deaf, start + 1, end)).as("seed %d: not later", seed).isEqualTo(length - 1);
    }
  }

  @Test
  void who_was_last_heard_before_three_intervals_of_hearing_is_silent() {
    var hearing = new Hearing(Duration.ofSeconds(30), new Deaf(List.of(span(100, 150))));
    assertThat(hearing.silentBefore(at(200))).isEqualTo(at(60));
    assertThat(hearing.silent(at(60), at(200))).isFalse();
    assertThat(hearing.silent(at(59.9), at(200))).isTrue();
  }
}
