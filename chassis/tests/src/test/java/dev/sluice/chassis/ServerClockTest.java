package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/// The time of the database, measured over a way that is now fast, now slow.
@Isolated // it sets the clock of whatever starts meanwhile back
class ServerClockTest {
  private static final Instant NOW = Instant.parse("2026-11-25T00:00:00Z");
  private final ServerClock clock = new ServerClock(InstantSource.fixed(NOW));

  @Test
  void the_shortest_of_the_last_round_trips_counts() {
    clock.measured(NOW, NOW.plusSeconds(60), NOW.plusMillis(2));
    for (int i = 0; i < 63; i++)
      clock.measured(NOW, NOW.plusSeconds(66), NOW.plusSeconds(8));
    assertThat(clock.instant()).isEqualTo(NOW.plusSeconds(60).minusMillis(1));
    clock.measured(NOW, NOW.plusSeconds(66), NOW.plusSeconds(8));
    assertThat(clock.instant()).isEqualTo(NOW.plusSeconds(62));
  }

  @Test
  void a_slow_answer_after_many_fast_ones_moves_nothing() {
    for (int i = 0; i < 200; i++)
      clock.measured(NOW, NOW.plusMillis(1), NOW.plusMillis(2));
    clock.measured(NOW, NOW.plusSeconds(4), NOW.plusSeconds(9));
    assertThat(clock.instant()).isEqualTo(NOW);
  }

  @Test
  void a_clock_that_was_set_makes_what_was_measured_before_void() {
    for (int i = 0; i < 64; i++)
      clock.measured(NOW, NOW.plusMillis(1), NOW.plusMillis(2));
    clock.measured(NOW, NOW.plusSeconds(3_600), NOW.plusMillis(100));
    assertThat(clock.instant()).isEqualTo(NOW.plusSeconds(3_600).minusMillis(50));
  }

  @Test
  void a_process_whose_clock_is_an_hour_off_has_the_time_of_the_database_as_soon_as_it_is_open() {
    System.setProperty("sluice.clock.offset", "PT-1H");
    try (var node = Node.alone(); var chassis = Chassis.open(node, Real.config("planner"))) {
      assertThat(node.clock().instant()).isBefore(Instant.now().minusSeconds(3_500));
      assertThat(chassis.clock().instant()).isBetween(Instant.now().minusSeconds(2), Instant.now().plusSeconds(2));
    } finally {
      System.clearProperty("sluice.clock.offset");
    }
  }

  @Test
  void a_small_correction_does_not_turn_it_back() {
    clock.measured(NOW, NOW.plusMillis(100), NOW.plusMillis(90));
    assertThat(clock.instant()).isEqualTo(NOW.plusMillis(55));
    clock.measured(NOW, NOW.plusMillis(1), NOW.plusMillis(2));
    assertThat(clock.instant()).isEqualTo(NOW.plusMillis(55));
    clock.measured(NOW, NOW.minusSeconds(5), NOW.plusMillis(2));
    assertThat(clock.instant()).isEqualTo(NOW.minusSeconds(5).minusMillis(1));
  }

  @Test
  void a_small_difference_is_noise() {
    clock.measured(NOW, NOW.plusMillis(15), NOW.plusMillis(2));
    assertThat(clock.instant()).isEqualTo(NOW);
  }
}
