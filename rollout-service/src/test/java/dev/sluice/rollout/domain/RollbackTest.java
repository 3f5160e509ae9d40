package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decision;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.RolloutEvent.FinishAsked;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.MembersSkipped;
import dev.sluice.contract.RolloutEvent.Released;
import dev.sluice.contract.RolloutEvent.RollbackBatchEnded;
import dev.sluice.contract.RolloutEvent.RollbackBatchStarted;
import dev.sluice.contract.RolloutEvent.RollbackStarted;
import dev.sluice.contract.RolloutEvent.RollbackVerdictsRecorded;
import dev.sluice.contract.RolloutEvent.RolledBack;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.RolloutEvent.WithdrawalsRecorded;
import dev.sluice.contract.RolloutState;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/// `behaviour.md`, `rollback_completed_batches`, sentence by sentence.
class RollbackTest {
  private static final Plans SIX = Plans.six();

  @Test
  void goes_back_newest_batch_first_each_member_to_its_own_version() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2, 3).rollback();
    assertThat(story.only(RollbackStarted.class)).isEqualTo(new RollbackStarted(null, "ann", null, 2, 6, List.of()));
    story.withdrawn(true, 4, 5).says(WithdrawalsRecorded.class, RollbackVerdictsRecorded.class, RollbackBatchEnded.class,
        RollbackBatchStarted.class, InstancesInstructed.class);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(2, 3);
    var told = story.only(InstancesInstructed.class);
    assertThat(told.instructions()).extracting(i -> told.versions().get(i.version())).containsExactly(Plans.OLDER, Plans.OLD);
    assertThat(told.instructions()).extracting(RolloutEvent.Instruction::generation).containsExactly(14L, 15L);
    story.healthy(2).says(RollbackVerdictsRecorded.class).healthy(3);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(0, 1);
    story.healthy(0, 1).says(RollbackVerdictsRecorded.class, RollbackBatchEnded.class, RolledBack.class, Released.class)
        .is(RolloutState.ROLLED_BACK);
    assertThat(story.standing().batch(2).phase()).isEqualTo(BatchPhase.ROLLED_BACK);
  }

  @Test
  void a_decision_is_the_authorisation() {
    Story.running(SIX).healthy(0, 1).failed(2, 3).choose(Choice.ROLLBACK_COMPLETED_BATCHES).says(ContinuationDecided.class,
        RollbackStarted.class, RollbackBatchStarted.class, InstancesInstructed.class).is(RolloutState.ROLLING_BACK);
  }

  @Test
  void a_command_closes_the_open_request() {
    assertThat(Story.running(SIX).failed(0, 1).rollback().only(RollbackStarted.class).requestId().value()).isEqualTo("r1-trip-1");
  }

  @Test
  void untold_members_are_not_touched() {
    var story = Story.running(SIX.maxInFlight(1)).handedOut(0).rollback().healthy(0).is(RolloutState.ROLLED_BACK);
    assertThat(story.member(1)).isEqualTo(MemberState.PENDING);
    assertThat(story.standing().batch(1).phase()).isEqualTo(BatchPhase.NOT_STARTED);
  }

  @Test
  void who_was_not_handed_it_is_asked_and_told_only_if_it_met_it_after_all() {
    var story = Story.running(SIX).rollback();
    assertThat(story.only(WithdrawalsAsked.class).withdrawals()).hasSize(2);
    story.withdrawn(true, 0).says(WithdrawalsRecorded.class, RollbackVerdictsRecorded.class);
    story.withdrawn(false, 1).says(WithdrawalsRecorded.class, InstancesInstructed.class);
    assertThat(story.only(InstancesInstructed.class).instructions()).containsExactly(new RolloutEvent.Instruction(1, Plans.id(1), 14, 0));
    story.healthy(1).is(RolloutState.ROLLED_BACK);
  }

  @Test
  void who_was_withdrawn_before_needs_no_wait() {
    Story.running(SIX).failed(Reason.NEVER_HANDED_OUT, 0).withdrawn(true, 0).failed(1).rollback()
        .says(RollbackStarted.class, RollbackBatchStarted.class, RollbackVerdictsRecorded.class, InstancesInstructed.class);
  }

  @Test
  void a_verdict_on_the_way_up_that_comes_late_is_nothing() {
    var story = Story.running(SIX).handedOut(0, 1);
    long up = story.attempt(0);
    story.rollback().judged(List.of(new dev.sluice.contract.HealthReport.Judgement(0, up, true, false, null, null, 1, Plans.START, null)))
        .then();
  }

  @Test
  void failures_do_not_stop_it_and_are_said() {
    var story = Story.running(SIX).healthy(0, 1).failed(2).rollback().failed(2).failed(Reason.NEVER_HANDED_OUT, 3);
    story.withdrawn(true, 3).failed(Reason.HEALTH_TIMEOUT, 0).healthy(1).is(RolloutState.ROLLED_BACK_WITH_FAILURES);
    assertThat(story.only(RolledBack.class)).isEqualTo(new RolledBack(2, 2));
  }

  @Test
  void versions_that_cannot_be_had_fail_at_once() {
    var story = Story.running(SIX.batchPct(50)).healthy(0, 1, 2).rollback(Plans.OLDER.id());
    story.withdrawn(true, 3, 4, 5);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(0, 1);
    assertThat(story.standing().member(2).reason()).isEqualTo(Reason.VERSION_UNAVAILABLE);
    story.healthy(0, 1).is(RolloutState.ROLLED_BACK_WITH_FAILURES);
  }

  @Test
  void a_rollback_of_what_failed_touches_only_the_failed() {
    var story = Story.running(SIX).healthy(0, 1).rollback().withdrawn(true, 2, 3).healthy(0).failed(1)
        .is(RolloutState.ROLLED_BACK_WITH_FAILURES).rollback();
    assertThat(story.only(RollbackStarted.class).instances()).isEqualTo(1);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(1);
    story.healthy(1).is(RolloutState.ROLLED_BACK);
  }

  @Test
  void the_gone_are_skipped_and_a_stopped_one_has_its_desired_version_set_back() {
    var story = Story.running(SIX).handedOut(0).gone(Reason.DECOMMISSIONED, 1).gone(Reason.STOPPED, 0).rollback();
    story.withdrawn(true, 2, 3);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(0);
    story.gone(Reason.STOPPED, 0).says(MembersSkipped.class, WithdrawalsAsked.class, RollbackBatchEnded.class, RolledBack.class)
        .is(RolloutState.ROLLED_BACK);
    assertThat(story.member(1)).isEqualTo(MemberState.SKIPPED);
  }

  /// His agent said so before the rollback began, and both reports were late.
  @Test
  void who_stopped_with_the_bad_version_before_his_withdrawal_was_answered_has_his_desired_version_set_back() {
    var story = Story.running(SIX).rollback();
    int attempt = story.rollout.members().get(0).attempt();
    story.handedOut(0).gone(Reason.STOPPED, 0);
    assertThat(story.member(0)).isEqualTo(MemberState.ROLLING_BACK);
    story.withdrawn(true, 1, 2, 3).withdrawn(false, 0);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(0);
    assertThat(story.rollout.members().get(0).attempt()).isGreaterThan(attempt);
    story.gone(Reason.STOPPED, 0).says(MembersSkipped.class, WithdrawalsAsked.class, RollbackBatchEnded.class, RolledBack.class)
        .is(RolloutState.ROLLED_BACK);
  }

  @Test
  void the_template_is_set_back_where_it_was_moved() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5).templateMoved(Plans.TARGET).rollback();
    story.healthy(4, 5).healthy(2, 3).healthy(0, 1);
    assertThat(story.only(FinishAsked.class).to()).isEqualTo(Plans.OLD);
    story.is(RolloutState.ROLLING_BACK).templateMoved(Plans.TARGET).then().templateMoved(Plans.OLD).says(RolledBack.class, Released.class);
  }

  @Test
  void it_goes_on_while_the_reconciler_is_paused() {
    var story = Story.running(SIX).healthy(0, 1).rollback();
    story.reconcilerPaused = true;
    story.withdrawn(true, 2, 3).healthy(0, 1).is(RolloutState.ROLLED_BACK);
  }

  @Test
  void a_pause_stops_it_and_resume_goes_on() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2).rollback().withdrawn(true, 3).pause().healthy(2)
        .says(RollbackVerdictsRecorded.class);
    story.failed(Reason.HEALTH_TIMEOUT, 0).then();
    assertThat(story.resume().instructed(Purpose.ROLLBACK)).containsExactly(0, 1);
  }

  @Test
  void after_an_abort_it_takes_up_who_is_not_back() {
    var story = Story.running(SIX).healthy(0, 1).rollback().withdrawn(true, 2, 3).healthy(0).abort().is(RolloutState.ABORTED);
    assertThat(story.member(1)).isEqualTo(MemberState.SKIPPED);
    story.withdrawn(true, 1).rollback();
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(1);
  }

  @Test
  void an_abort_of_it_asks_back_what_was_not_handed_out_and_frees_the_pair_when_that_is_answered() {
    var story = Story.running(SIX).healthy(0, 1).rollback().withdrawn(true, 2, 3).handedOut(0).abort();
    var asked = story.only(WithdrawalsAsked.class);
    assertThat(asked.withdrawals()).containsExactly(new RolloutEvent.Instruction(1, Plans.id(1), 14, 0));
    assertThat(asked.versions()).containsExactly(Plans.TARGET);
    assertThat(story.standing().released()).isFalse();
    story.withdrawn(true, 1).says(WithdrawalsRecorded.class, Released.class);
  }

  @Test
  void it_is_refused_where_no_version_before_can_be_had() {
    var story = Story.running(SIX.total(2)).healthy(0).healthy(1).templateMoved(Plans.TARGET);
    var refused = story.decides(new RolloutCommand.Rollback(story.now(), "ann", null, List.of(Plans.OLD.id()), null));
    assertThat(refused).isInstanceOfSatisfying(Decision.Refused.class,
        r -> assertThat(r.problem().extra()).containsEntry("unavailable_versions", List.of("nginx-1.24.0")));
  }

  @Test
  void what_ended_while_it_was_asked_for_is_not_rolled_back_without_its_pair() {
    var story = Story.running(SIX).healthy(0).abort();
    for (var until : new Instant[]{null, Instant.EPOCH})
      assertThat(story.decides(new RolloutCommand.Rollback(story.now(), "ann", null, List.of(), until))).isInstanceOfSatisfying(
          Decision.Refused.class, r -> assertThat(r.problem().detail()).contains("became aborted at this moment"));
    story.rollback().says(RolloutEvent.RollbackStarted.class, RolloutEvent.RollbackBatchStarted.class,
        RolloutEvent.InstancesInstructed.class);
  }

  @Test
  void it_is_refused_only_where_none_of_them_can_be_had() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5).templateMoved(Plans.TARGET);
    assertThat(story.standing().noneCanGoBack(List.of(Plans.OLD.id()))).isFalse();
    assertThat(story.standing().noneCanGoBack(List.of(Plans.OLDER.id()))).isFalse();
    assertThat(story.standing().noneCanGoBack(List.of(Plans.OLD.id(), Plans.OLDER.id()))).isTrue();
    assertThat(Story.approved(SIX).standing().noneCanGoBack(List.of(Plans.OLD.id()))).as("nobody has to").isFalse();
  }

  @Test
  void a_rollback_of_what_failed_leaves_who_stopped_on_the_way() {
    var story = Story.running(SIX).healthy(0, 1).rollback().withdrawn(true, 2, 3).gone(Reason.STOPPED, 0).failed(1);
    story.is(RolloutState.ROLLED_BACK_WITH_FAILURES).withdrawn(true, 0).rollback();
    assertThat(story.only(RollbackStarted.class).instances()).isEqualTo(1);
    assertThat(story.instructed(Purpose.ROLLBACK)).containsExactly(1);
  }

  @Test
  void a_template_that_had_no_version_has_none_again() {
    var story = Story.planned(SIX, null).approve().begin().healthy(0, 1).healthy(2, 3).healthy(4, 5).templateMoved(null).then();
    story.templateMoved(Plans.TARGET).rollback().healthy(4, 5).healthy(2, 3).healthy(0, 1);
    assertThat(story.only(FinishAsked.class).to()).isNull();
    story.templateMoved(Plans.TARGET).then().templateMoved(null).says(RolledBack.class, Released.class);
  }
}
