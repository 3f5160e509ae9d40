package dev.sluice.rollout.domain;

import static dev.sluice.contract.BatchPhase.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.Choice;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.Standing.Batch;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A rollout as people see it.
class StandingTest {
  private static final Plans SIX = Plans.six();

  private static void phases(Story story, BatchPhase... expected) {
    assertThat(IntStream.range(0, 3).mapToObj(i -> story.standing().batch(i).phase())).containsExactly(expected);
  }

  /// The states in which something holds however a rollout came to stand there.
  private static Set<RolloutState> always(Predicate<Standing> holds) {
    return Arrays.stream(RolloutState.values()).filter(state -> CommandTableTest.in(state).stream().allMatch(s -> holds.test(s.standing())))
        .collect(Collectors.toSet());
  }

  /// The states in which something may hold.
  private static Set<RolloutState> ever(Predicate<Standing> holds) {
    return Arrays.stream(RolloutState.values()).filter(state -> CommandTableTest.in(state).stream().anyMatch(s -> holds.test(s.standing())))
        .collect(Collectors.toSet());
  }

  @Test
  void batches_on_the_way_up() {
    phases(Story.approved(SIX), PENDING, PENDING, PENDING);
    phases(Story.running(SIX), RUNNING, PENDING, PENDING);
    phases(Story.running(SIX).pause(), RUNNING, PENDING, PENDING);
    phases(Story.running(SIX).healthy(0, 1), COMPLETED, RUNNING, PENDING);
    phases(Story.running(SIX).pause().healthy(0, 1), COMPLETED, PENDING, PENDING);
    phases(Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5), COMPLETED, COMPLETED, COMPLETED);
  }

  @Test
  void a_tripped_batch_until_it_is_decided() {
    phases(Story.running(SIX).failed(0, 1), TRIPPED, PENDING, PENDING);
    phases(Story.running(SIX).healthy(0, 1).failed(2, 3), COMPLETED, TRIPPED, PENDING);
    phases(Story.running(SIX).failed(0, 1).choose(Choice.RETRY_FAILED), RUNNING, PENDING, PENDING);
    phases(Story.running(SIX).failed(0, 1).choose(Choice.CONTINUE_ANYWAY), COMPLETED, RUNNING, PENDING);
  }

  @Test
  void what_an_end_leaves() {
    phases(Story.running(SIX).healthy(0, 1).abort(), COMPLETED, COMPLETED, NOT_STARTED);
    phases(Story.running(SIX.maxInFlight(1)).abort(), COMPLETED, NOT_STARTED, NOT_STARTED);
    phases(Story.running(SIX.maxInFlight(1).streak(1)).failed(0).abort(), TRIPPED, NOT_STARTED, NOT_STARTED);
    phases(Story.running(SIX).failed(0, 1).choose(Choice.ABORT), TRIPPED, NOT_STARTED, NOT_STARTED);
    phases(Story.running(SIX.maxInFlight(1)).failed(0).failed(1).choose(Choice.CONTINUE_ANYWAY).abort(), COMPLETED, COMPLETED, NOT_STARTED);
  }

  @Test
  void batches_on_the_way_back() {
    var story = Story.running(SIX).healthy(0, 1).handedOut(2, 3).rollback();
    phases(story, COMPLETED, ROLLING_BACK, NOT_STARTED);
    phases(story.pause(), COMPLETED, ROLLING_BACK, NOT_STARTED);
    phases(story.resume().healthy(2, 3), ROLLING_BACK, ROLLED_BACK, NOT_STARTED);
    phases(story.healthy(0, 1), ROLLED_BACK, ROLLED_BACK, NOT_STARTED);
  }

  @Test
  void batches_on_a_second_way_back() {
    var story = Story.running(SIX).healthy(0, 1).handedOut(2, 3).rollback().failed(2).healthy(3).healthy(0, 1);
    phases(story, ROLLED_BACK, ROLLED_BACK, NOT_STARTED);
    phases(story.rollback(), ROLLED_BACK, ROLLING_BACK, NOT_STARTED);
    phases(story.healthy(2), ROLLED_BACK, ROLLED_BACK, NOT_STARTED);
  }

  @Test
  void a_batch_counts_its_members() {
    var story = Story.running(SIX.batchPct(100)).healthy(0, 1).failed(2).gone(Reason.DECOMMISSIONED, 3);
    assertThat(story.standing().batch(0)).isEqualTo(new Batch(0, false, RUNNING, 6, 2, 1, 1, 2));
    var back = Story.running(SIX).handedOut(0, 1).rollback().failed(0);
    assertThat(back.standing().batch(0).failedCount()).as("failed on the way back").isEqualTo(1);
    assertThat(Story.running(SIX.canary(1)).standing().batch(0).canary()).isTrue();
  }

  @Test
  void a_canary_is_a_batch_of_its_own() {
    assertThat(Story.running(SIX.canary(1)).standing().batch(0).instanceCount()).isEqualTo(1);
  }

  @Test
  void under_way_is_who_goes_up_or_back() {
    assertThat(Story.running(SIX).standing().underWay()).isEqualTo(2);
    assertThat(Story.running(SIX).handedOut(0, 1).rollback().standing().underWay()).isEqualTo(2);
    assertThat(Story.running(SIX).failed(0, 1).standing().underWay()).isZero();
  }

  @Test
  void the_open_batch_waits_for_those_under_way() {
    assertThat(Story.planned(SIX).standing().awaited(9)).isEmpty();
    assertThat(Story.running(SIX).healthy(0).standing().awaited(9)).containsExactly(Plans.id(1));
    assertThat(Story.running(SIX).standing().awaited(1)).containsExactly(Plans.id(0));
    assertThat(Story.running(SIX).healthy(0, 1).handedOut(2, 3).rollback().standing().awaited(9)).containsExactly(Plans.id(2), Plans.id(3));
    var gone = Story.running(SIX).gone(Reason.DECOMMISSIONED, 0, 1).gone(Reason.DECOMMISSIONED, 2, 3).gone(Reason.DECOMMISSIONED, 4, 5)
        .templateMoved(Plans.TARGET).rollback().is(RolloutState.ROLLING_BACK);
    assertThat(gone.standing().awaited(9)).as("nobody goes back, the template does").isEmpty();
    var unknown = Story.running(SIX);
    unknown.rollout = unknown.rollout.with((Roster) null);
    assertThat(unknown.standing().awaited(9)).as("its members are not known here yet").isEmpty();
  }

  @Test
  void the_health_service_may_hand_out_while_it_runs_or_goes_back() {
    for (var states : List.of(always(s -> s.delivers().equals(Optional.of(Purpose.UPGRADE))),
        ever(s -> s.delivers().equals(Optional.of(Purpose.UPGRADE)))))
      assertThat(states).containsExactly(RolloutState.RUNNING);
    for (var states : List.of(always(s -> s.delivers().equals(Optional.of(Purpose.ROLLBACK))),
        ever(s -> s.delivers().equals(Optional.of(Purpose.ROLLBACK)))))
      assertThat(states).containsExactly(RolloutState.ROLLING_BACK);
    assertThat(Story.of(SIX).standing().delivers()).isEmpty();
  }

  @Test
  void instructions_are_held_after_a_trip_and_in_a_pause_on_the_way_up_and_back() {
    assertThat(always(Standing::holds)).containsExactly(RolloutState.AWAITING_DECISION);
    assertThat(ever(Standing::holds)).containsExactlyInAnyOrder(RolloutState.AWAITING_DECISION, RolloutState.PAUSED);
    assertThat(Story.running(SIX).pause().standing().holds()).isTrue();
    assertThat(Story.approved(SIX).pause().standing().holds()).isFalse();
    assertThat(Story.running(SIX).rollback().pause().standing().holds()).isTrue();
    assertThat(Story.running(SIX).standing().counts()).containsEntry(MemberState.HELD, 0).containsEntry(MemberState.IN_FLIGHT, 2);
    var back = Story.running(SIX).handedOut(0, 1).rollback();
    assertThat(back.standing().counts()).containsEntry(MemberState.HELD, 0).containsEntry(MemberState.ROLLING_BACK, 2);
    back.handedOut(0).pause();
    assertThat(back.standing().counts()).containsEntry(MemberState.HELD, 1).containsEntry(MemberState.ROLLING_BACK, 1);
    assertThat(back.member(0)).isEqualTo(MemberState.ROLLING_BACK);
    assertThat(back.member(1)).isEqualTo(MemberState.HELD);
    assertThat(Counters.of(back.standing().rollout())).as("what is written of a decision, as it always was").extracting(Counters::held,
        Counters::rollingBack).containsExactly(0, 2);
  }

  @Test
  void its_members_are_needed_from_the_approval_on_as_long_as_anyone_was_told() {
    assertThat(always(Standing::needsRoster)).containsExactlyInAnyOrder(RolloutState.APPROVED, RolloutState.RUNNING, RolloutState.PAUSED,
        RolloutState.AWAITING_DECISION, RolloutState.ROLLING_BACK, RolloutState.COMPLETED, RolloutState.COMPLETED_WITH_FAILURES,
        RolloutState.ROLLED_BACK, RolloutState.ROLLED_BACK_WITH_FAILURES);
    assertThat(ever(Standing::needsRoster)).doesNotContain(RolloutState.AWAITING_APPROVAL, RolloutState.REJECTED, RolloutState.EXPIRED,
        RolloutState.CANCELLED);
    assertThat(Story.running(SIX).abort().standing().needsRoster()).isTrue();
    assertThat(Story.approved(SIX).abort().standing().needsRoster()).isFalse();
    assertThat(Story.of(SIX).standing().needsRoster()).isFalse();
  }

  @Test
  void what_it_has_come_to() {
    var absent = Story.of(SIX).standing();
    assertThat(absent.exists()).isFalse();
    var planned = Story.planned(SIX).standing();
    assertThat(planned.exists()).isTrue();
    assertThat(planned.plan()).isEqualTo(SIX.header());
    assertThat(planned.hasRoster()).isTrue();
    assertThat(planned.startedAt()).isEmpty();
    assertThat(planned.currentBatch()).isEmpty();
    assertThat(planned.batchOpen()).isFalse();
    var running = Story.running(SIX).standing();
    assertThat(running.startedAt()).isPresent();
    assertThat(running.currentBatch()).contains(0);
    assertThat(running.batchOpen()).isTrue();
    assertThat(running.trip()).isEmpty();
    var tripped = Story.running(SIX).failed(0, 1).choose(Choice.CONTINUE_ANYWAY).failed(2, 3).standing();
    assertThat(tripped.trips()).isEqualTo(2);
    assertThat(tripped.trip()).hasValueSatisfying(t -> assertThat(t.number()).isEqualTo(2));
    assertThat(Story.running(SIX).abort().standing().unanswered()).isEqualTo(2);
  }
}
