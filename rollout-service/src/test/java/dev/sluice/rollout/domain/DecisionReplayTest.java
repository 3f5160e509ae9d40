package dev.sluice.rollout.domain;

import static dev.sluice.rollout.domain.DecisionChainTest.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionChain.Whole;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The decider comes to what is recorded, or the position where it does not is named: also where every hash was made to fit.
class DecisionReplayTest {
  private static final Recorded RECORD = Recorded.of(Story.running(Plans.six()).handedOut(0, 1).healthy(0, 1).failed(2, 3)
      .choose(Choice.RETRY_FAILED).failed(2, 3).choose(Choice.ROLLBACK_COMPLETED_BATCHES));

  @Test
  void a_record_decides_to_the_same_again() { assertThat(RECORD.replay()).isEmpty(); }

  @Test
  void a_record_of_a_plan_that_was_turned_down_needs_no_members() {
    var record = Recorded.of(Story.planned(Plans.six()).abort());
    var replay = DecisionReplay.of(Recorded.TEXTS, _ -> Optional.empty());
    for (var row : record.rows())
      replay = replay.then(row);
    assertThat(replay.differs()).isEmpty();
  }

  @Test
  void what_the_decider_does_not_come_to_is_named_with_both() {
    assertDiffers(5, 2, "{\"state\":null}", "records the counters {\"state\":null}, where the decider comes to {\"state\":\"running\"");
    assertDiffers(6, 3, "breaker_ratio", "records the rule breaker_ratio, where the decider comes to breaker_streak");
    assertDiffers(6, 4, "{}", "records the parameters {}, where the decider comes to {\"batch_index\":1,");
    assertDiffers(3, 5, "{}", "records the outcome {}, where the decider comes to {\"events\":[\"started\",\"batch_started\",");
  }

  @Test
  void a_command_that_was_exchanged_is_named() {
    assertDiffers(5, 1, RECORD.rows().get(5).account().command(), "holds a command that decides to nothing");
    assertDiffers(5, 1, "{\"now\":", "holds a command that the decider cannot take: ");
    assertDiffers(5, 1, "{}", "holds a command that the decider cannot take: ");
    assertDiffers(5, 0, "no_such_command", "holds a command that the decider cannot take: unknown kind no_such_command");
    assertDiffers(5, 0, "expire", "holds a command that decides to nothing");
    assertDiffers(2, 0, "pause", "holds a command that the decider refuses: rollout r1 is awaiting_approval");
  }

  @Test
  void a_judgement_turned_round_is_named() {
    var command = RECORD.rows().get(5).account().command();
    assertDiffers(6, 1, command.replaceFirst("\"healthy\":false", "\"healthy\":true"), "records the rule breaker_streak");
    assertDiffers(6, 1, command.replaceFirst("\"seconds\":300.0", "\"seconds\":299.0"), "records the outcome");
  }

  @Test
  void a_record_that_begins_in_the_midst_is_told_from_the_first_row_on() {
    var late = new Recorded(RECORD.plan(), RECORD.rows().subList(3, 7));
    assertThat(late.replay()).hasValue(
        new Broken(4, "is no beginning: the record is younger than its rollout, and cannot be decided again"));
  }

  @Test
  void members_that_are_not_known_or_not_the_same_are_named_where_they_are_told_first() {
    for (var roster : Stream.of(Optional.<Roster>empty(), Optional.of(Plans.six().total(3).roster())).toList()) {
      var replay = DecisionReplay.of(Recorded.TEXTS, _ -> roster);
      for (var row : RECORD.rows())
        replay = replay.then(row);
      assertThat(replay.differs()).hasValueSatisfying(broken -> assertThat(broken.position()).isLessThanOrEqualTo(5));
    }
  }

  /// Every hash is made to fit, so that only deciding again finds it.
  private static void assertDiffers(int position, int column, String text, String what) {
    var forged = RECORD.rewritten(position, a -> with(a, column, text));
    assertThat(forged.check()).isEqualTo(new Whole(forged.head()));
    assertThat(forged.replay()).hasValueSatisfying(broken -> {
      assertThat(broken.position()).isEqualTo(position);
      assertThat(broken.what()).startsWith(what);
    });
  }
}
