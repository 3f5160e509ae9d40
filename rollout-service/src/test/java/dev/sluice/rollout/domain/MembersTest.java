package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MembersTest {
  @Test
  void a_tally_of_a_range_is_that_of_its_members_wherever_it_is_cut() {
    var random = new Random(7);
    var members = Members.pending(5_000).change(IntStream.range(0, 5_000), m -> switch (random.nextInt(5)) {
      case 0 -> m.told();
      case 1 -> m.told().judged(true, null, true);
      case 2 -> m.told().judged(true, null, true).fell(random.nextBoolean() ? Reason.SILENT : Reason.UNHEALTHY);
      case 3 -> m.told().judged(false, Reason.APPLY_FAILED, random.nextBoolean());
      default -> m.told().judged(false, Reason.NEVER_HANDED_OUT, true).asked();
    });
    for (int n = 0; n < 50; n++) {
      int from = random.nextInt(5_000);
      int to = from + random.nextInt(5_000 - from);
      var one = new Tally();
      IntStream.range(from, to).forEach(i -> one.add(members.get(i)));
      var range = members.tally(from, to);
      for (var state : MemberState.values())
        assertThat(range.of(state)).isEqualTo(one.of(state));
      assertThat(range.longestStreak()).isEqualTo(one.longestStreak());
      assertThat(range.counted()).isEqualTo(one.counted());
      assertThat(range.unanswered()).isEqualTo(one.unanswered());
      assertThat(range.regressed()).isEqualTo(one.regressed());
      assertThat(range.goingBack()).isEqualTo(one.goingBack());
    }
  }

  @Test
  void a_change_leaves_what_was_before_as_it_was() {
    var before = Members.pending(3_000);
    var after = before.change(IntStream.of(0, 2_999), Member::told);
    assertThat(before.tally().of(MemberState.PENDING)).isEqualTo(3_000);
    assertThat(after.tally().of(MemberState.IN_FLIGHT)).isEqualTo(2);
    assertThat(after.in(MemberState.IN_FLIGHT, 0, 3_000, 9)).containsExactly(0, 2_999);
    assertThat(after.in(MemberState.PENDING, 1_000, 3_000, 2)).containsExactly(1_000, 1_001);
  }

  @Test
  void a_rollout_of_a_million_members_goes_through() {
    var story = Story.running(Plans.six().total(1_000_000).batchPct(50));
    for (int from = 0; from < 1_000_000; from += 50_000)
      story.healthy(IntStream.range(from, from + 50_000).toArray());
    story.templateMoved(Plans.TARGET);
    assertThat(story.standing().counts()).containsEntry(MemberState.HEALTHY, 1_000_000);
  }
}
