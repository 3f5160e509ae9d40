package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Ask;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Choice;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent.BatchCompleted;
import dev.sluice.contract.RolloutEvent.BatchStarted;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.RolloutEvent.FinishAsked;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.MembersRegressed;
import dev.sluice.contract.RolloutEvent.VerdictsRecorded;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Trip;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// `behaviour.md`, Circuit breaker, sentence by sentence.
class BreakerTest {
  private static final Plans TEN = Plans.six().total(10).batchPct(100);

  private static Trip trip(Story story) { return story.only(BreakerTripped.class).trip(); }

  @Test
  void who_fell_silent_and_then_shows_another_digest_counts_as_failed_at_its_place() {
    var story = Story.running(Plans.six()).healthy(0, 1).failed(2).regressed(Reason.SILENT, 1).is(RolloutState.RUNNING);
    story.regressed(Reason.OTHER_DIGEST, 1).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).failedInstanceIds()).containsExactly(new InstanceId("i1"), new InstanceId("i2"));
    assertThat(story.standing().regressed()).isEqualTo(1);
  }

  @Test
  void of_silence_and_worse_in_one_report_the_worse_counts() {
    Story.running(TEN.canary(1).streak(5)).healthy(0)
        .hears(new RolloutCommand.RecordRegressed(new RolloutCommand.Now(Plans.START, false, List.of()), false,
            java.util.List.of(new dev.sluice.contract.HealthReport.MemberReason(0, 11, Reason.SILENT),
                new dev.sluice.contract.HealthReport.MemberReason(0, 11, Reason.UNHEALTHY))))
        .is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void a_trip_names_at_most_the_latest_hundred() {
    int[] even = IntStream.range(0, 402).filter(i -> i % 2 == 0).toArray();
    int[] odd = IntStream.range(0, 402).filter(i -> i % 2 == 1).toArray();
    var named = trip(Story.running(Plans.six().total(402).batchPct(100).failedPct(40)).healthy(odd).failed(even)).failedInstanceIds();
    assertThat(named).hasSize(100).first().isEqualTo(new InstanceId("i124"));
    assertThat(named).last().isEqualTo(new InstanceId("i322"));
  }

  @Test
  void a_run_that_is_long_names_at_most_a_hundred() {
    int[] all = IntStream.range(0, 150).toArray();
    assertThat(trip(Story.running(Plans.six().total(150).batchPct(100).streak(120)).failed(all)).failedInstanceIds()).hasSize(100);
  }

  @Test
  void trips_after_two_failures_in_a_row() {
    var story = Story.running(TEN).failed(3, 4).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.STREAK);
    assertThat(trip(story).failedInstanceIds()).containsExactly(new InstanceId("i3"), new InstanceId("i4"));
    assertThat(trip(story).reason()).isEqualTo("2 failed in a row in plan order; max_consecutive_failures is 2 (apply_failed 2)");
    assertThat(story.only(BreakerTripped.class).requestId().value()).isEqualTo("r1-trip-1");
  }

  @Test
  void a_trip_says_how_many_failed_in_the_batch_and_what_each_way_on_would_touch() {
    var story = Story.running(TEN.batchPct(50).maxInFlight(4).streak(3)).healthy(0).regressed(Reason.UNHEALTHY, 0).failed(1, 2);
    assertThat(trip(story).failedCount()).as("failed, or healthy no more").isEqualTo(3);
    assertThat(trip(story).instructedCount()).as("told").isEqualTo(5);
    assertThat(trip(story).remainingCount()).as("not told").isEqualTo(5);
  }

  @Test
  void what_is_at_stake_after_a_trip_follows_the_verdicts_that_still_come_in() {
    var story = Story.running(TEN).handedOut(0, 1, 2, 3).failed(3, 4);
    assertThat(trip(story).failedCount()).isEqualTo(2);
    assertThat(story.standing().stake()).hasValue(new Ask.Stake(new RequestId("r1-trip-1"), 2, TEN.total(), TEN.total() - 5, 0));
    story.failed(0, 1).healthy(2).handedOut(5);
    assertThat(story.standing().stake()).hasValue(new Ask.Stake(new RequestId("r1-trip-1"), 4, TEN.total(), TEN.total() - 6, 0));
    assertThat(story.choose(Choice.RETRY_FAILED).instructed(Purpose.UPGRADE)).containsExactly(0, 1, 3, 4);
    assertThat(story.standing().stake()).isEmpty();
  }

  @Test
  void who_waits_to_be_tried_again_was_told_and_is_not_among_those_that_were_not() {
    var story = Story.running(TEN.canary(4).maxInFlight(2)).failed(0).failed(1).choose(Choice.CONTINUE_ANYWAY).failed(2).failed(3)
        .choose(Choice.RETRY_FAILED).failed(0).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).instructedCount()).isEqualTo(4);
    assertThat(trip(story).remainingCount()).isEqualTo(6);
    assertThat(story.standing().stake()).hasValueSatisfying(stake -> assertThat(stake.untold()).isEqualTo(6));
  }

  @Test
  void one_trips_on_the_first_failure() { Story.running(TEN.streak(1)).failed(7).is(RolloutState.AWAITING_DECISION); }

  @Test
  void a_run_is_in_plan_order_whatever_the_order_of_the_verdicts() {
    Story.running(TEN).failed(4).healthy(3).failed(2).is(RolloutState.RUNNING).failed(1).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void two_absent_machines_with_healthy_ones_between_them_are_no_streak() {
    Story.running(TEN).healthy(1, 2, 3, 5, 6).failed(Reason.NEVER_HANDED_OUT, 0, 4).is(RolloutState.RUNNING);
  }

  @Test
  void members_without_a_verdict_and_skipped_ones_are_passed_over() {
    Story.running(TEN).gone(Reason.STOPPED, 4).failed(3).failed(6).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void a_run_crosses_the_borders_of_batches() {
    var story = Story.running(Plans.six()).healthy(0).failed(1).is(RolloutState.RUNNING).failed(2).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).batchIndex()).isEqualTo(1);
    assertThat(trip(story).failedInstanceIds()).containsExactly(new InstanceId("i1"), new InstanceId("i2"));
    assertThat(trip(story).failedCount()).isEqualTo(2);
  }

  @Test
  void what_an_earlier_batch_bore_is_no_part_of_a_later_ratio() {
    var story = Story.running(TEN.batchPct(50).failedPct(20)).healthy(1).failed(0).healthy(3, 4).failed(2).is(RolloutState.RUNNING)
        .healthy(6, 8)
        .failed(5).failed(7).failed(9).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.RATIO);
    assertThat(trip(story).failedInstanceIds()).extracting(InstanceId::value).containsExactly("i5", "i7", "i9");
    assertThat(trip(story).failedCount()).isEqualTo(3);
  }

  @Test
  void a_trip_after_a_continuation_names_whom_it_counts_anew() {
    var story = Story.running(TEN).failed(3, 4).choose(Choice.CONTINUE_ANYWAY).failed(0, 1).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).number()).isEqualTo(2);
    assertThat(trip(story).failedInstanceIds()).extracting(InstanceId::value).containsExactly("i0", "i1");
    assertThat(trip(story).failedCount()).as("of the batch, as its view says").isEqualTo(4)
        .isEqualTo(story.standing().batch(0).failedCount());
  }

  @Test
  void a_regressed_member_counts_as_failed_at_its_place() {
    Story.running(Plans.six()).healthy(0, 1).failed(2).is(RolloutState.RUNNING).regressed(Reason.OTHER_DIGEST, 1)
        .says(MembersRegressed.class, BreakerTripped.class).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void who_falls_silent_counts_for_the_ratio_only() {
    Story.running(Plans.six()).healthy(0, 1).failed(2).regressed(Reason.SILENT, 1).is(RolloutState.RUNNING);
    Story.running(TEN.canary(1).streak(1)).healthy(0).regressed(Reason.SILENT, 0).is(RolloutState.RUNNING);
    Story.running(TEN.streak(1).failedPct(10)).healthy(0, 1).regressed(Reason.SILENT, 0, 1).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void more_than_the_percentage_of_a_batch_trips() {
    var story = Story.running(TEN.streak(2).failedPct(30)).healthy(1, 3, 5, 7).failed(0, 2, 4).is(RolloutState.RUNNING).failed(6)
        .is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.RATIO);
    assertThat(trip(story).failedCount()).isEqualTo(4);
    assertThat(trip(story).failedInstanceIds()).extracting(InstanceId::value).containsExactly("i0", "i2", "i4", "i6");
  }

  @Test
  void the_ratio_never_trips_before_the_streak_could() {
    Story.running(TEN.streak(3).failedPct(10)).healthy(1, 3).failed(0, 2, 4).is(RolloutState.RUNNING);
  }

  @Test
  void any_canary_trips() {
    var story = Story.running(TEN.canary(3).streak(5)).failed(1).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.CANARY);
    Story.running(TEN.canary(3).streak(5)).healthy(0, 1, 2).failed(3).is(RolloutState.RUNNING).regressed(Reason.UNHEALTHY, 2)
        .is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void the_absent_count_for_nothing_where_they_are_not_to() {
    var plan = TEN.batchPct(50).canary(2).countAbsent(false).streak(1).failedPct(1);
    Story.running(plan).failed(Reason.NEVER_HANDED_OUT, 0).healthy(1).is(RolloutState.RUNNING);
  }

  @Test
  void a_batch_in_which_nobody_was_there_is_no_evidence() {
    var story = Story.running(Plans.six().countAbsent(false)).gone(Reason.STOPPED, 0).failed(Reason.NEVER_HANDED_OUT, 1)
        .is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.NO_EVIDENCE);
    story.choose(Choice.CONTINUE_ANYWAY).says(ContinuationDecided.class, BatchCompleted.class, BatchStarted.class,
        InstancesInstructed.class);
    story.failed(Reason.NEVER_HANDED_OUT, 2, 3).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).number()).isEqualTo(2);
  }

  @Test
  void no_evidence_names_nobody_whom_people_have_let_pass() {
    var story = Story.running(Plans.six().countAbsent(false).streak(1)).healthy(0, 1).failed(Reason.NEVER_HANDED_OUT, 2)
        .regressed(Reason.OTHER_DIGEST, 0).choose(Choice.CONTINUE_ANYWAY).failed(Reason.NEVER_HANDED_OUT, 3)
        .is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.NO_EVIDENCE);
    assertThat(trip(story).failedInstanceIds()).containsExactly(new InstanceId("i3"));
    assertThat(trip(story).failedCount()).isEqualTo(2);
  }

  @Test
  void no_evidence_names_the_latest_hundred_of_its_batch() {
    int[] all = IntStream.range(0, 103).toArray();
    var story = Story.running(Plans.six().total(309).batchPct(33).countAbsent(false)).failed(Reason.NEVER_HANDED_OUT, all);
    assertThat(trip(story).failedInstanceIds()).hasSize(100).startsWith(new InstanceId("i2")).endsWith(new InstanceId("i101"));
    assertThat(trip(story).reason()).startsWith("none of the 102 instances of batch 1 was there");
  }

  @Test
  void the_ratio_names_those_that_count_each_once() {
    var plan = TEN.streak(3).failedPct(10).countAbsent(false);
    var story = Story.running(plan).healthy(1, 3, 7).regressed(Reason.SILENT, 3).failed(Reason.NEVER_HANDED_OUT, 0).failed(2, 4)
        .regressed(Reason.UNHEALTHY, 3).is(RolloutState.AWAITING_DECISION);
    assertThat(trip(story).rule()).isEqualTo(BreakerRule.STREAK);
    var ratio = Story.running(plan).healthy(1, 3, 5).regressed(Reason.SILENT, 3).failed(Reason.NEVER_HANDED_OUT, 0).failed(2).failed(6)
        .regressed(Reason.SILENT, 5);
    assertThat(trip(ratio).rule()).isEqualTo(BreakerRule.RATIO);
    assertThat(trip(ratio).failedInstanceIds()).extracting(InstanceId::value).containsExactly("i3", "i2", "i6", "i5");
    assertThat(trip(ratio).reason()).startsWith("4 of the 10 instances of batch 1 failed; more than 3");
  }

  @Test
  void to_retry_after_the_batch_has_ended_opens_it_again_where_it_has_failed_ones() {
    var last = Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).healthy(4, 5).regressed(Reason.UNHEALTHY, 4, 5);
    assertThat(last.choose(Choice.RETRY_FAILED).instructed(Purpose.UPGRADE)).containsExactly(4, 5);
    assertThat(last.standing().batchOpen()).isTrue();
    var first = Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).healthy(4, 5).regressed(Reason.UNHEALTHY, 0, 1);
    first.choose(Choice.RETRY_FAILED).says(ContinuationDecided.class, FinishAsked.class);
  }

  @Test
  void there_is_one_trip_until_it_is_decided_and_verdicts_are_still_recorded() {
    Story.running(TEN).failed(0, 1, 2, 3).says(VerdictsRecorded.class, BreakerTripped.class, VerdictsRecorded.class).failed(4, 5)
        .says(VerdictsRecorded.class);
  }

  @Test
  void a_trip_on_the_last_instance_still_asks() {
    Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).failed(4, 5).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void a_regression_after_the_last_batch_trips_before_the_template_moves() {
    Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).healthy(4, 5).regressed(Reason.UNHEALTHY, 4, 5)
        .is(RolloutState.AWAITING_DECISION).templateMoved(Plans.TARGET).is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void a_late_success_does_not_untrip() { Story.running(TEN).failed(0, 1).lateHealthy(1).is(RolloutState.AWAITING_DECISION); }

  @Test
  void a_trip_while_paused_asks() { Story.running(TEN).handedOut(0, 1).pause().failed(0, 1).is(RolloutState.AWAITING_DECISION); }

  @Test
  void there_is_no_breaker_on_the_way_back() {
    Story.running(TEN).healthy(0, 1, 2, 3, 4, 5, 6, 7, 8, 9).rollback().failed(0, 1, 2, 3).is(RolloutState.ROLLING_BACK);
  }

  @Test
  void to_continue_sets_all_counts_to_zero_and_finishes_the_tripped_batch_first() {
    var story = Story.running(Plans.six().batchPct(50)).failed(0, 1).choose(Choice.CONTINUE_ANYWAY).says(ContinuationDecided.class)
        .is(RolloutState.RUNNING);
    assertThat(story.standing().failureStreak()).isZero();
    story.failed(2).says(VerdictsRecorded.class, BatchCompleted.class, BatchStarted.class, InstancesInstructed.class);
    assertThat(story.standing().failureStreak()).isEqualTo(1);
    assertThat(story.member(0)).isEqualTo(dev.sluice.contract.MemberState.FAILED);
  }

  @Test
  void a_later_trip_asks_anew() {
    var story = Story.running(TEN).failed(0, 1).choose(Choice.CONTINUE_ANYWAY).failed(2, 3).is(RolloutState.AWAITING_DECISION);
    assertThat(story.only(BreakerTripped.class).requestId().value()).isEqualTo("r1-trip-2");
  }

  @Test
  void to_retry_gives_the_failed_of_the_batch_a_new_generation() {
    var story = Story.running(Plans.six().batchPct(50)).failed(Reason.NEVER_HANDED_OUT, 0).says(VerdictsRecorded.class,
        WithdrawalsAsked.class).failed(1).healthy(2).choose(Choice.RETRY_FAILED).says(ContinuationDecided.class, InstancesInstructed.class);
    var again = story.only(InstancesInstructed.class).instructions();
    assertThat(again).extracting(i -> i.ordinal() + "@" + i.generation()).containsExactly("0@13", "1@13");
    story.healthy(0, 1).says(VerdictsRecorded.class, BatchCompleted.class, BatchStarted.class, InstancesInstructed.class);
  }

  @Test
  void a_streak_survives_a_replay() {
    var story = Story.running(TEN).failed(0);
    var replay = Story.DECIDER.initial();
    for (var event : story.events)
      replay = Story.DECIDER.evolve(replay, event);
    story.rollout = replay.with(TEN.roster());
    story.failed(1).is(RolloutState.AWAITING_DECISION);
  }
}
