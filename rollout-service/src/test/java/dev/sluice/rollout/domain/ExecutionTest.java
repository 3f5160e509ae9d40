package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.Aborted;
import dev.sluice.contract.RolloutEvent.Approved;
import dev.sluice.contract.RolloutEvent.BatchCompleted;
import dev.sluice.contract.RolloutEvent.BatchStarted;
import dev.sluice.contract.RolloutEvent.Cancelled;
import dev.sluice.contract.RolloutEvent.Completed;
import dev.sluice.contract.RolloutEvent.FinishAsked;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.MembersSkipped;
import dev.sluice.contract.RolloutEvent.Paused;
import dev.sluice.contract.RolloutEvent.PlanEdited;
import dev.sluice.contract.RolloutEvent.Released;
import dev.sluice.contract.RolloutEvent.Resumed;
import dev.sluice.contract.RolloutEvent.Started;
import dev.sluice.contract.RolloutEvent.VerdictsRecorded;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.RolloutEvent.WithdrawalsRecorded;
import dev.sluice.contract.RolloutState;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// `behaviour.md`, Execution, sentence by sentence.
class ExecutionTest {
  private static final Plans SIX = Plans.six();

  @Test
  void starts_with_its_first_batch_when_the_target_is_there() {
    var story = Story.running(SIX).says(Started.class, BatchStarted.class, InstancesInstructed.class);
    var told = story.only(InstancesInstructed.class);
    assertThat(told.versions()).containsExactly(Plans.TARGET);
    assertThat(told.instructions()).containsExactly(new RolloutEvent.Instruction(0, Plans.id(0), 11, 0),
        new RolloutEvent.Instruction(1, Plans.id(1), 12, 0));
    story.begin().then();
  }

  @Test
  void a_target_gone_since_approval_aborts() {
    var story = Story.approved(SIX);
    story.hears(new RolloutCommand.Begin(story.now(), false)).then(new Aborted(null, "target_unavailable", "system", null), new Released());
  }

  @Test
  void does_not_start_before_its_members_are_known() {
    var story = Story.approved(SIX);
    story.rollout = new Rollout(story.rollout.plan(), story.rollout.stage(), story.rollout.progress(), story.rollout.members(), null);
    story.begin().then().is(RolloutState.APPROVED);
  }

  @Test
  void an_edit_replaces_the_plan_until_it_is_approved() {
    var story = Story.planned(SIX);
    story.hears(new RolloutCommand.Edit(story.now(), SIX.header(2), "bob")).says(PlanEdited.class);
    story.hears(new RolloutCommand.Edit(story.now(), SIX.header(2), "bob")).then();
    story.hears(new RolloutCommand.Approve(story.now(), Story.PLAN_REQUEST, 1, "ann", null)).then();
    story.hears(new RolloutCommand.Approve(story.now(), Story.PLAN_REQUEST, 2, "ann", null)).says(Approved.class);
    story.hears(new RolloutCommand.Edit(story.now(), SIX.header(3), "bob")).then();
  }

  @Test
  void the_members_of_another_revision_are_not_those_of_this_one() {
    var story = Story.planned(SIX);
    assertThat(story.rollout.with(SIX.header(1)).roster()).as("the same plan").isSameAs(story.rollout.roster());
    story.hears(new RolloutCommand.Edit(story.now(), SIX.header(2), "bob"));
    assertThat(story.standing().hasRoster()).isFalse();
  }

  @Test
  void the_next_batch_waits_for_each_member_of_the_one_before() {
    Story.running(SIX).healthy(0).says(VerdictsRecorded.class).healthy(1).says(VerdictsRecorded.class, BatchCompleted.class,
        BatchStarted.class, InstancesInstructed.class);
  }

  @Test
  void nothing_follows_from_the_first_half_of_what_is_known() {
    var story = Story.running(SIX).healthy(0);
    var last = new HealthReport.Judgement(1, story.attempt(1), true, false, null, null, 2, story.now().at(), null);
    story.hears(new RolloutCommand.RecordJudgements(story.now(), true, List.of(last))).says(VerdictsRecorded.class);
    story.tick().says(BatchCompleted.class, BatchStarted.class, InstancesInstructed.class);
  }

  @Test
  void members_are_told_as_slots_are_free() {
    var story = Story.running(SIX.batchPct(100).maxInFlight(2));
    assertThat(story.instructed(Purpose.UPGRADE)).containsExactly(0, 1);
    assertThat(story.healthy(1).instructed(Purpose.UPGRADE)).containsExactly(2);
    assertThat(story.failed(0).instructed(Purpose.UPGRADE)).containsExactly(3);
    assertThat(story.gone(Reason.STOPPED, 4, 2).instructed(Purpose.UPGRADE)).containsExactly(5);
  }

  @Test
  void a_large_batch_is_told_in_chunks() {
    var story = Story.running(SIX.total(12_000).batchPct(100));
    assertThat(story.last).filteredOn(InstancesInstructed.class::isInstance)
        .extracting(e -> ((InstancesInstructed) e).instructions().size()).containsExactly(5_000, 5_000, 2_000);
  }

  @Test
  void many_verdicts_are_recorded_in_chunks_that_a_broker_takes() {
    var story = Story.running(SIX.total(1_200).batchPct(100)).healthy(IntStream.range(0, 1_200).toArray());
    assertThat(story.last).filteredOn(VerdictsRecorded.class::isInstance).extracting(e -> ((VerdictsRecorded) e).verdicts().size())
        .containsExactly(500, 500, 200);
  }

  @Test
  void no_batch_starts_while_the_reconciler_is_paused_but_the_open_one_goes_on() {
    var story = Story.running(SIX.maxInFlight(1));
    story.reconcilerPaused = true;
    assertThat(story.healthy(0).instructed(Purpose.UPGRADE)).containsExactly(1);
    story.healthy(1).says(VerdictsRecorded.class, BatchCompleted.class).tick().then();
    story.reconcilerPaused = false;
    story.tick().says(BatchStarted.class, InstancesInstructed.class);
  }

  @Test
  void an_approved_one_waits_for_the_reconciler_too() {
    var story = Story.approved(SIX);
    story.reconcilerPaused = true;
    story.begin().then().is(RolloutState.APPROVED);
  }

  @Test
  void the_template_moves_before_it_is_completed() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5).says(VerdictsRecorded.class, BatchCompleted.class,
        FinishAsked.class).is(RolloutState.RUNNING);
    story.templateMoved(Plans.OLD).then();
    story.templateMoved(Plans.TARGET).says(Completed.class, Released.class).is(RolloutState.COMPLETED);
    assertThat(story.only(Completed.class)).isEqualTo(new Completed(6, 0, 0, story.only(Completed.class).durationSeconds(), false));
    var took = Duration.between(story.standing().startedAt().orElseThrow(), story.at);
    assertThat(story.only(Completed.class).durationSeconds()).isEqualTo(took.toSeconds()).isPositive();
  }

  @Test
  void failures_and_regressions_are_said_at_the_end() {
    Story.running(SIX).failed(0).healthy(1).healthy(2, 3).healthy(4, 5).templateMoved(Plans.TARGET)
        .is(RolloutState.COMPLETED_WITH_FAILURES);
    Story.running(SIX).healthy(0, 1).healthy(2, 3).regressed(Reason.OTHER_DIGEST, 1).healthy(4, 5).templateMoved(Plans.TARGET)
        .is(RolloutState.COMPLETED_WITH_FAILURES);
  }

  @Test
  void who_was_healthy_and_fell_silent_is_no_failure_at_the_end() {
    Story.running(SIX).healthy(0, 1).healthy(2, 3).regressed(Reason.SILENT, 1).healthy(4, 5).templateMoved(Plans.TARGET)
        .is(RolloutState.COMPLETED);
  }

  @Test
  void an_attempt_has_one_verdict_and_other_generations_have_none() {
    var story = Story.running(SIX).healthy(0);
    story.failed(0).then().healthy(0).then();
    story.judged(List.of(new Judgement(1, 11, true, false, null, null, 1, Plans.START, null))).then();
    story.judged(List.of(new Judgement(1, 13, true, false, null, null, 1, Plans.START, null))).then();
  }

  @Test
  void who_is_no_member_is_passed_over_in_every_report() {
    var story = Story.running(SIX);
    for (int stranger : new int[]{-1, 6, 99})
      for (var reason : new Reason[]{Reason.STOPPED, Reason.DECOMMISSIONED, Reason.UNHEALTHY}) {
        var member = List.of(new HealthReport.MemberReason(stranger, 11, reason));
        story.judged(List.of(new Judgement(stranger, 11, true, false, null, null, 1, Plans.START, null))).then();
        story.hears(new RolloutCommand.RecordHandings(story.now(), false, List.of(new RolloutEvent.Handing(stranger, 11, Plans.START))))
            .then();
        story.hears(new RolloutCommand.RecordWithdrawals(story.now(), false, List.of(new RolloutEvent.Withdrawal(stranger, true, 12))))
            .then();
        story.hears(new RolloutCommand.RecordGone(story.now(), false, member)).then();
        story.hears(new RolloutCommand.RecordRegressed(story.now(), false, member)).then();
        story.hears(new RolloutCommand.RecordLateHealthy(story.now(), false, member)).then();
      }
  }

  @Test
  void a_verdict_shows_that_it_was_handed_out_but_for_who_never_was() {
    var story = Story.running(SIX).failed(0);
    assertThat(story.standing().member(0).handedOut()).isTrue();
    story.failed(Reason.NEVER_HANDED_OUT, 1);
    assertThat(story.standing().member(1).handedOut()).isFalse();
  }

  @Test
  void what_was_never_handed_out_is_asked_back_when_it_failed() {
    var story = Story.running(SIX).failed(Reason.NEVER_HANDED_OUT, 0).says(VerdictsRecorded.class, WithdrawalsAsked.class);
    assertThat(story.only(WithdrawalsAsked.class).withdrawals()).containsExactly(new RolloutEvent.Instruction(0, Plans.id(0), 12, 0));
    assertThat(story.only(WithdrawalsAsked.class).versions()).isEqualTo(Plans.ORIGINS);
    story.withdrawn(true, 0).says(WithdrawalsRecorded.class).withdrawn(true, 0).then();
  }

  @Test
  void the_pair_is_free_when_all_withdrawals_are_answered() {
    Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4).failed(Reason.NEVER_HANDED_OUT, 5).templateMoved(Plans.TARGET)
        .says(Completed.class).withdrawn(false, 5).says(WithdrawalsRecorded.class, Released.class);
  }

  @Test
  void a_decommissioned_one_answers_no_withdrawal() {
    Story.running(SIX).failed(Reason.NEVER_HANDED_OUT, 0).abort().says(Aborted.class, MembersSkipped.class, WithdrawalsAsked.class)
        .withdrawn(true, 1).says(WithdrawalsRecorded.class).gone(Reason.DECOMMISSIONED, 0).says(WithdrawalsRecorded.class, Released.class);
  }

  @Test
  void who_leaves_is_skipped_and_what_a_stopped_one_was_offered_is_asked_back() {
    var story = Story.running(SIX).gone(Reason.DECOMMISSIONED, 0).says(MembersSkipped.class).gone(Reason.STOPPED, 1)
        .says(MembersSkipped.class, WithdrawalsAsked.class, BatchCompleted.class, BatchStarted.class, InstancesInstructed.class);
    assertThat(story.only(BatchCompleted.class)).isEqualTo(new BatchCompleted(0, 0, 0, 2));
    story.gone(Reason.STOPPED, 1).then();
  }

  @Test
  void who_leaves_is_skipped_in_a_pause_and_after_a_trip_too_but_not_before_the_start_nor_after_the_end() {
    var tripped = Story.running(SIX.total(9)).failed(0, 1).gone(Reason.DECOMMISSIONED, 5);
    assertThat(tripped.member(5)).isEqualTo(MemberState.SKIPPED);
    assertThat(Story.running(SIX).pause().gone(Reason.DECOMMISSIONED, 1, 5).only(MembersSkipped.class).marks()).hasSize(2);
    assertThat(Story.running(SIX).handedOut(0, 1).rollback().pause().gone(Reason.DECOMMISSIONED, 0).only(MembersSkipped.class).marks())
        .hasSize(1);
    Story.running(SIX).healthy(0, 1).abort().withdrawn(true, 2, 3).gone(Reason.DECOMMISSIONED, 4).then();
    Story.approved(SIX).gone(Reason.DECOMMISSIONED, 0).then();
  }

  @Test
  void on_the_way_back_who_is_untold_or_back_is_not_skipped() {
    Story.running(SIX).healthy(0, 1).rollback().withdrawn(true, 2, 3).healthy(0).gone(Reason.DECOMMISSIONED, 0, 5).then();
  }

  @Test
  void a_machine_that_left_before_this_attempt_is_still_in_it() {
    var story = Story.running(SIX);
    story.hears(new RolloutCommand.RecordGone(story.now(), false, List.of(new HealthReport.MemberReason(0, 10, Reason.STOPPED)))).then();
    assertThat(story.member(0)).isEqualTo(MemberState.IN_FLIGHT);
  }

  @Test
  void who_has_its_verdict_keeps_it_when_it_leaves() {
    var story = Story.running(SIX).healthy(0).gone(Reason.DECOMMISSIONED, 0).then();
    assertThat(story.member(0)).isEqualTo(MemberState.HEALTHY);
  }

  @Test
  void healthy_after_the_deadline_stays_failed_and_is_recorded_once() {
    var story = Story.running(SIX).failed(Reason.HEALTH_TIMEOUT, 0).lateHealthy(0);
    assertThat(story.member(0)).isEqualTo(MemberState.FAILED);
    assertThat(story.standing().lateHealthy()).isEqualTo(1);
    story.lateHealthy(0).then();
  }

  @Test
  void a_late_success_is_recorded_after_the_end_too() {
    var story = Story.running(SIX).failed(Reason.HEALTH_TIMEOUT, 0).abort().lateHealthy(0);
    assertThat(story.member(0)).isEqualTo(MemberState.FAILED);
    assertThat(story.standing().lateHealthy()).isEqualTo(1);
    story.is(RolloutState.ABORTED);
  }

  @Test
  void a_regression_is_recorded_once_and_only_while_it_runs() {
    var story = Story.running(SIX).healthy(0).regressed(Reason.OTHER_DIGEST, 0);
    assertThat(story.standing().regressed()).isEqualTo(1);
    story.regressed(Reason.SILENT, 0).then().abort().regressed(Reason.OTHER_DIGEST, 0).then();
  }

  @Test
  void a_pause_holds_what_was_not_handed_out_and_records_no_timeouts() {
    var story = Story.running(SIX).handedOut(0).pause();
    assertThat(story.member(0)).isEqualTo(MemberState.IN_FLIGHT);
    assertThat(story.member(1)).isEqualTo(MemberState.HELD);
    assertThat(story.standing().counts()).containsEntry(MemberState.HELD, 1).containsEntry(MemberState.IN_FLIGHT, 1);
    assertThat(story.standing().delivers()).isEmpty();
    story.failed(Reason.HEALTH_TIMEOUT, 0).then().failed(Reason.NEVER_HANDED_OUT, 1).then();
    story.failed(Reason.UNHEALTHY, 0).says(VerdictsRecorded.class);
    story.resume().says(Resumed.class);
    assertThat(story.standing().delivers()).contains(Purpose.UPGRADE);
  }

  /// It may come after the resume, from a health-service that had heard of neither.
  @Test
  void a_timeout_that_did_not_know_of_a_pause_or_of_a_trip_that_withheld_it_is_not_recorded() {
    var story = Story.running(SIX).handedOut(0).pause().resume();
    story.judged(List.of(timeout(story, 0))).then();
    story.judged(List.of(timeout(story, 1))).says(VerdictsRecorded.class);
    var older = Story.running(SIX).handedOut(0).pause().resume();
    older.judged(List.of(timeout(older, null))).says(VerdictsRecorded.class);

    var tripped = Story.running(Plans.six().batchPct(60)).handedOut(0, 1, 3).failed(0, 1).choose(Choice.CONTINUE_ANYWAY);
    tripped.judged(List.of(timeout(tripped, 2, Reason.NEVER_HANDED_OUT, 0))).then();
    tripped.judged(List.of(timeout(tripped, 3, Reason.SILENT, 0))).says(VerdictsRecorded.class);
    tripped.judged(List.of(timeout(tripped, 2, Reason.NEVER_HANDED_OUT, 1))).is(RolloutState.AWAITING_DECISION);
  }

  private static Judgement timeout(Story story, Integer stops) { return timeout(story, 0, Reason.HEALTH_TIMEOUT, stops); }

  private static Judgement timeout(Story story, int ordinal, Reason reason, Integer stops) {
    return new Judgement(ordinal, story.attempt(ordinal), false, true, reason, null, 300, Plans.START, stops);
  }

  @Test
  void a_batch_ends_while_paused_and_the_next_starts_on_resume() {
    Story.running(SIX).pause().healthy(0, 1).says(VerdictsRecorded.class, BatchCompleted.class).tick().then().resume().says(Resumed.class,
        BatchStarted.class, InstancesInstructed.class);
  }

  @Test
  void the_template_is_asked_for_again_after_a_pause() {
    Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5).pause().templateMoved(Plans.TARGET).then().resume().says(Resumed.class,
        FinishAsked.class).templateMoved(Plans.TARGET).is(RolloutState.COMPLETED);
  }

  @Test
  void abort_leaves_instances_and_asks_back_what_was_not_handed_out() {
    var story = Story.running(SIX).handedOut(0).abort().says(Aborted.class, MembersSkipped.class, WithdrawalsAsked.class);
    assertThat(story.only(MembersSkipped.class).marks()).extracting(RolloutEvent.Mark::reason)
        .containsExactly(Reason.ABORTED_IN_FLIGHT, Reason.ABORTED_IN_FLIGHT);
    assertThat(story.only(WithdrawalsAsked.class).withdrawals()).extracting(RolloutEvent.Instruction::ordinal).containsExactly(1);
    story.withdrawn(true, 1).says(WithdrawalsRecorded.class, Released.class);
  }

  @Test
  void abort_closes_the_open_request() {
    var story = Story.running(SIX).failed(0, 1).abort();
    assertThat(story.only(Aborted.class).requestId().value()).isEqualTo("r1-trip-1");
    assertThat(Story.planned(SIX).abort().only(Cancelled.class).requestId()).isEqualTo(Story.PLAN_REQUEST);
  }

  @Test
  void a_decision_or_its_expiry_aborts() {
    assertThat(Story.running(SIX).failed(0, 1).choose(Choice.ABORT).only(Aborted.class)).isEqualTo(
        new Aborted(null, "decision", "ann", null));
    var story = Story.running(SIX).failed(0, 1);
    story.hears(new RolloutCommand.ExpireContinuation(story.now(), story.standing().continuation().orElseThrow()));
    assertThat(story.only(Aborted.class).reason()).isEqualTo("expired");
  }

  @Test
  void a_choice_that_comes_after_a_command_is_nothing() {
    var story = Story.running(SIX).failed(0, 1);
    var choice = new RolloutCommand.Choose(story.now(), story.standing().continuation().orElseThrow(), Choice.RETRY_FAILED, "ann", null,
        List.of());
    story.abort().hears(choice).then().is(RolloutState.ABORTED);
  }

  @Test
  void an_answer_to_an_earlier_trip_is_nothing() {
    var story = Story.running(SIX).failed(0, 1);
    var first = story.standing().continuation().orElseThrow();
    story.choose(Choice.CONTINUE_ANYWAY).failed(2, 3).is(RolloutState.AWAITING_DECISION);
    story.hears(new RolloutCommand.Choose(story.now(), first, Choice.ABORT, "ann", null, List.of())).then();
    story.hears(new RolloutCommand.ExpireContinuation(story.now(), first)).then().is(RolloutState.AWAITING_DECISION);
  }

  @Test
  void a_plan_that_its_planner_takes_back_ends_whatever_a_policy_did_with_it() {
    var story = Story.planned(SIX);
    story.hears(new RolloutCommand.Withdraw(story.now(), "no answer")).then(new Cancelled(null, "planner", "no answer"), new Released());
    var begun = Story.running(SIX);
    begun.hears(new RolloutCommand.Withdraw(begun.now(), "no answer")).is(RolloutState.ABORTED);
    assertThat(begun.only(Aborted.class).reason()).isEqualTo("plan_withdrawn");
    for (var other : List.of(Story.running(SIX).rollback(), Story.running(SIX).rollback().pause(), Story.running(SIX).abort(),
        Story.of(SIX)))
      other.hears(new RolloutCommand.Withdraw(other.now(), "no answer")).then();
  }

  @Test
  void same_writes_nothing() {
    Story.running(SIX).resume().then().pause().says(Paused.class).pause().then();
    Story.running(SIX).abort().abort().then();
  }
}
