package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.rollout.store.RolloutView;
import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The end at the latest: each instance has 300 s.
class EstimateTest {
  private static final Instant NOW = Plans.START.plusSeconds(1_000);

  private static long left(Story story, Integer batchStartedAgo) {
    var started = batchStartedAgo == null ? null : NOW.minusSeconds(batchStartedAgo);
    return java.time.Duration.between(NOW, Estimate.end(story.standing(), started, NOW).orElseThrow()).toSeconds();
  }

  @Test
  void a_batch_takes_a_timeout_and_a_soak_for_each_wave() {
    var in = Plans.six().header().inputs();
    var soaked = new PlanInputs(in.templateId(), in.moduleId(), in.targetVersionId(), 20, null, 2, 100, 300, 60, 0, 4, true, "zone");
    assertThat(soaked.worstSeconds(9)).isEqualTo(3 * 360);
    assertThat(soaked.worstSeconds(3)).isEqualTo(360);
    assertThat(in.worstSeconds(9)).isEqualTo(300);
  }

  @ParameterizedTest
  @CsvSource({"50, 20, 0", "50, 20, 3", "47, 20, 0", "47, 20, 3", "6, 100, 0", "6, 100, 2", "1, 1, 0", "9, 50, 0"})
  void before_the_start_it_is_the_sum_over_all_batches(int total, int batchPct, int canary) {
    var plan = Plans.six().total(total).batchPct(batchPct).canary(canary).maxInFlight(4);
    var slices = plan.header().slices();
    long sum = IntStream.range(0, slices.count()).mapToLong(b -> plan.header().inputs().worstSeconds(slices.sizeOf(b))).sum();
    assertThat(left(Story.approved(plan), null)).isEqualTo(sum);
  }

  @Test
  void an_open_batch_ends_by_its_own_worst_case_and_not_before_now() {
    var story = Story.running(Plans.six());
    assertThat(left(story, 100)).isEqualTo(200 + 600);
    assertThat(left(story, 300)).isEqualTo(600);
    assertThat(left(story, 900)).isEqualTo(600);
    assertThat(left(story, null)).isEqualTo(600);
  }

  /// It stood for most of the time since its batch was started.
  @Test
  void what_goes_on_has_its_whole_time_from_then() {
    var times = new RolloutView.Times(NOW, NOW, null, NOW.minusSeconds(10), false,
        Map.of(0, new RolloutView.BatchTimes(NOW.minusSeconds(900), null)));
    var view = RolloutView.of(Story.running(Plans.six()).pause().resume().standing(), times, 9, NOW, 10);
    assertThat(view.estimatedEndAt()).isEqualTo(NOW.plusSeconds(290 + 600));
  }

  @Test
  void a_batch_that_is_open_again_has_not_ended() {
    var times = new RolloutView.Times(NOW, NOW, null, NOW, false, Map.of(0, new RolloutView.BatchTimes(NOW, NOW)));
    assertThat(RolloutView.of(Story.running(Plans.six()).healthy(0).standing(), times, 9, NOW, 10).batches().getFirst().endedAt()).isNull();
    assertThat(RolloutView.of(Story.running(Plans.six().streak(1)).failed(0).standing(), times, 9, NOW, 10).batches().getFirst().endedAt())
        .as("tripped").isNull();
    assertThat(RolloutView.of(Story.running(Plans.six()).healthy(0, 1).standing(), times, 9, NOW, 10).batches().getFirst().endedAt())
        .isEqualTo(NOW);
  }

  @Test
  void between_batches_those_that_are_left_count() {
    var story = Story.running(Plans.six());
    story.reconcilerPaused = true;
    assertThat(left(story.healthy(0, 1), 100)).isEqualTo(600);
    story.reconcilerPaused = false;
    assertThat(left(story.tick().healthy(2, 3).healthy(4, 5), 100)).as("the template is moved").isZero();
  }

  @Test
  void on_the_way_back_a_batch_goes_at_once() {
    var story = Story.running(Plans.six().maxInFlight(1)).healthy(0).healthy(1).healthy(2).healthy(3).healthy(4).rollback();
    story.withdrawn(true, 5);
    assertThat(left(story, 100)).isEqualTo(900);
    assertThat(left(story.healthy(4), 100)).isEqualTo(600);
    var moved = Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).healthy(4, 5).templateMoved(Plans.TARGET).rollback();
    moved.healthy(4, 5).healthy(2, 3).healthy(0, 1);
    assertThat(left(moved, 100)).as("the template is set back").isZero();
  }

  @Test
  void the_way_back_has_its_soak_too() {
    var back = Story.running(Plans.six()).handedOut(0, 1).rollback().rollout;
    var plan = back.plan();
    var in = plan.inputs();
    var soaked = new PlanHeader(plan.rolloutId(), 1, plan.planHash(),
        new PlanInputs(in.templateId(), in.moduleId(), in.targetVersionId(), 33, null, 2, 100, 300, 60, 0, null, true, "zone"),
        plan.target(),
        plan.origins(), null, plan.slices(), 0, plan.policy(), false, "ann", Plans.START, plan.warnings());
    var standing = new Standing(new Rollout(soaked, back.stage(), back.progress(), back.members(), back.roster()));
    assertThat(Estimate.end(standing, NOW, NOW)).contains(NOW.plusSeconds(360));
  }

  @Test
  void there_is_none_while_people_are_awaited_or_where_it_has_ended() {
    for (var story : new Story[]{Story.planned(Plans.six()), Story.running(Plans.six()).pause(), Story.running(Plans.six()).failed(0, 1),
      Story.running(Plans.six()).abort()})
      assertThat(Estimate.end(story.standing(), NOW, NOW)).isEmpty();
  }
}
