package dev.sluice.planner.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.planner.domain.HealthySeconds.Measures;
import dev.sluice.contract.Trip;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LessonTest {
  private static final RolloutEvent COMPLETED = new RolloutEvent.Completed(50, 0, 0, 100, false);
  private static final RolloutEvent ABORTED = new RolloutEvent.Aborted(null, "operator", "ann", null);

  private static RolloutEvent.Verdict verdict(Reason reason) {
    return new RolloutEvent.Verdict(0, new InstanceId("i"), 0, 1, reason == null, reason, null, 2, "2", Instant.EPOCH);
  }

  private static Lesson lesson(RolloutEvent end, int pct, Measured measured) {
    return Lesson.of(end, Revision.make(Given.basis("batch_pct", pct), Given.fleet(50, "a")).header(), true, measured, 100).orElseThrow();
  }

  @Test
  void measures_verdicts_and_trips() {
    var measured = Measured.NOTHING
        .evolve(new RolloutEvent.VerdictsRecorded(List.of(verdict(null), verdict(Reason.SILENT), verdict(Reason.SILENT))))
        .evolve(new RolloutEvent.BreakerTripped(new RequestId("q"), new Trip(1, 0, BreakerRule.STREAK, List.of(), 2, 3, 4, "")));
    assertThat(measured).isEqualTo(new Measured(1, 1, Map.of("silent", 2)));
    assertThat(measured.failed()).isEqualTo(2);
  }

  @Test
  void measures_who_was_healthy_no_more_and_who_did_not_come_back() {
    var measured = Measured.NOTHING.evolve(new RolloutEvent.VerdictsRecorded(List.of(verdict(null))))
        .evolve(new RolloutEvent.MembersRegressed(List.of(new RolloutEvent.Mark(0, new InstanceId("i"), 0, Reason.OTHER_DIGEST))))
        .evolve(new RolloutEvent.RollbackVerdictsRecorded(List.of(verdict(null), verdict(Reason.SILENT))));
    assertThat(measured).isEqualTo(new Measured(1, 0, Map.of("other_digest", 1, "silent", 1)));
  }

  @Test
  void a_clean_rollout_is_a_practice_to_keep() {
    var lesson = lesson(COMPLETED, 20, Measured.NOTHING);
    assertThat(lesson.category()).isEqualTo("best_practice");
    assertThat(lesson.tags()).containsExactly("rollout", "completed");
    assertThat(lesson.title()).isEqualTo("nginx on web at 20 %: completed");
    assertThat(lesson.content()).isEqualTo(
        "One rollout of nginx on web at 20 % ended completed. 50 instances in 100 s; 0 trips of the breaker. Nothing failed.");
  }

  @Test
  void twins_make_one_lesson() {
    var one = lesson(ABORTED, 11, new Measured(3, 1, Map.of("apply_failed", 2)));
    var other = lesson(ABORTED, 25, new Measured(3, 1, Map.of("apply_failed", 1, "silent", 1)));
    assertThat(one.twin()).isEqualTo(other.twin());
    var both = one.mergedWith(other);
    assertThat(both.category()).isEqualTo("failure_mode");
    assertThat(both.rollouts()).isEqualTo(2);
    assertThat(both.content())
        .isEqualTo("2 rollouts of nginx on web at 11 to 25 % ended aborted. On average 50 instances in 100 s; 2 trips of the breaker. "
            + "Failed: 3 apply_failed, 1 silent.");
  }

  @Test
  void an_end_with_a_trip_or_a_failure_is_a_failure_mode_and_any_other_a_discovery() {
    assertThat(lesson(ABORTED, 20, new Measured(3, 1, Map.of())).category()).isEqualTo("failure_mode");
    assertThat(lesson(ABORTED, 20, new Measured(3, 0, Map.of("silent", 1))).category()).isEqualTo("failure_mode");
    assertThat(lesson(ABORTED, 20, new Measured(3, 0, Map.of())).category()).isEqualTo("discovery");
  }

  @Test
  void another_outcome_is_no_twin() {
    assertThat(lesson(COMPLETED, 20, Measured.NOTHING).twin()).isNotEqualTo(lesson(ABORTED, 20, Measured.NOTHING).twin());
  }

  @ParameterizedTest
  @CsvSource({"1, 10", "11, 25", "26, 50", "51, 100"})
  void twins_are_of_one_band(int lowest, int highest) {
    var twin = lesson(COMPLETED, lowest, Measured.NOTHING).twin();
    assertThat(lesson(COMPLETED, highest, Measured.NOTHING).twin()).isEqualTo(twin);
    if (highest < 100) assertThat(lesson(COMPLETED, highest + 1, Measured.NOTHING).twin()).isNotEqualTo(twin);
  }

  @Test
  void what_never_started_or_goes_on_teaches_nothing() {
    var plan = Revision.make(Given.basis(), Given.fleet(5, "a")).header();
    assertThat(Lesson.of(ABORTED, plan, false, Measured.NOTHING, 0)).isEmpty();
    assertThat(Lesson.of(new RolloutEvent.Released(), plan, true, Measured.NOTHING, 0)).isEmpty();
  }

  @Test
  void percentiles_are_right_within_four_percent() {
    var buckets = new TreeMap<Integer, Measures>();
    for (int i = 1; i <= 100; i++)
      buckets.merge(HealthySeconds.bucket(i), Measures.of(i), Measures::plus);
    assertThat(HealthySeconds.percentile(buckets, 50)).isBetween(49.0, 51.0);
    assertThat(HealthySeconds.percentile(buckets, 95)).isBetween(93.0, 97.0);
    assertThat(HealthySeconds.percentile(new TreeMap<>(), 50)).isZero();
    assertThat(HealthySeconds.bound(HealthySeconds.bucket(0))).isEqualTo(0.001);
  }

  @Test
  void percentiles_of_few_are_what_was_measured() {
    var buckets = new TreeMap<Integer, Measures>();
    for (double seconds : new double[]{3.416, 4.317, 5.217, 6.118, 7.018, 7.92, 8.82, 10.621, 11.52, 12.426})
      buckets.merge(HealthySeconds.bucket(seconds), Measures.of(seconds), Measures::plus);
    assertThat(HealthySeconds.percentile(buckets, 50)).isEqualTo(7.018);
    assertThat(HealthySeconds.percentile(buckets, 95)).isEqualTo(12.426);
  }

  @Test
  void what_the_release_before_counted_is_at_most_the_bound_of_its_bucket() {
    int bucket = HealthySeconds.bucket(5);
    var before = new TreeMap<>(java.util.Map.of(bucket, new Measures(1, 0, 0)));
    assertThat(HealthySeconds.percentile(before, 50)).isEqualTo(HealthySeconds.bound(bucket)).isBetween(5.0, 5.2);
    before.merge(bucket, Measures.of(5.0), Measures::plus);
    assertThat(HealthySeconds.percentile(before, 50)).isEqualTo(5.0);
  }
}
