package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class MembersTest {
  /// What a tally counts, each as the member's own word.
  private static final Map<ToIntFunction<Tally>, Predicate<Member>> COUNTS = Map.of(
      Tally::undelivered, m -> m.state() == MemberState.IN_FLIGHT && !m.handedOut(),
      Tally::waiting, m -> m.state() == MemberState.IN_FLIGHT || m.state() == MemberState.PENDING,
      Tally::untold, Member::untold,
      Tally::regressed, Member::regressed,
      Tally::failing, Member::failing,
      Tally::lateHealthy, Member::lateHealthy,
      Tally::unanswered, Member::unanswered,
      Tally::unsettled, Member::unsettled,
      Tally::counted, Member::counted,
      Tally::goingBack, Member::goesBack);

  private static Member some(Random random, Member m) {
    return switch (random.nextInt(11)) {
      case 0 -> m;
      case 1 -> m.told();
      case 2 -> m.told().handed();
      case 3 -> m.told().judged(true, null, true);
      case 4 -> m.told().judged(true, null, true).fell(random.nextBoolean() ? Reason.SILENT : Reason.UNHEALTHY);
      case 5 -> m.told().judged(false, Reason.APPLY_FAILED, random.nextBoolean());
      case 6 -> m.told().judged(false, Reason.HEALTH_TIMEOUT, true).late();
      case 7 -> m.told().handed().goingBack();
      case 8 -> m.told().handed().goingBack().toldBack();
      case 9 -> m.told().handed().goingBack().toldBack().handed();
      default -> m.told().judged(false, Reason.NEVER_HANDED_OUT, true).asked();
    };
  }

  @Test
  void a_tally_of_a_range_is_that_of_its_members_wherever_it_is_cut() {
    var random = new Random(7);
    var members = Members.pending(5_000).change(IntStream.range(0, 5_000), m -> some(random, m));
    for (int n = 0; n < 50; n++) {
      int from = random.nextInt(5_000);
      int to = from + random.nextInt(5_000 - from);
      var tally = members.tally(from, to);
      for (var state : MemberState.values())
        assertThat(tally.of(state)).isEqualTo(members.where(from, to, m -> m.state() == state).count());
      COUNTS.forEach((counted, asked) -> assertThat(counted.applyAsInt(tally)).isEqualTo(members.where(from, to, asked).count()));
    }
  }

  @Test
  void a_run_of_failures_is_as_long_as_it_is_over_however_many_chunks_it_goes() {
    var random = new Random(7);
    for (int n = 0; n < 100; n++) {
      int first = random.nextInt(5_000);
      int end = first + random.nextInt(5_000 - first);
      var members = Members.pending(5_000)
          .change(IntStream.range(0, 5_000), m -> m.told().judged(true, null, true))
          .change(IntStream.range(first, end), m -> m.told().judged(false, Reason.UNHEALTHY, true));
      assertThat(members.tally().longestStreak()).as("%d to %d", first, end).isEqualTo(end - first);
      int from = random.nextInt(5_000);
      int to = from + random.nextInt(5_000 - from);
      assertThat(members.tally(from, to).longestStreak()).as("%d to %d in %d to %d", first, end, from, to)
          .isEqualTo(Math.max(0, Math.min(to, end) - Math.max(from, first)));
    }
  }

  @Test
  void the_longest_of_several_runs_counts() {
    var members = Members.pending(3_000).change(IntStream.range(0, 3_000), m -> m.told().judged(true, null, true));
    for (int[] run : new int[][]{{0, 3}, {1_020, 1_027}, {1_500, 1_505}, {2_999, 3_000}})
      members = members.change(IntStream.range(run[0], run[1]), m -> m.told().judged(false, Reason.UNHEALTHY, true));
    assertThat(members.tally().longestStreak()).isEqualTo(7);
    assertThat(members.tally(1_100, 3_000).longestStreak()).isEqualTo(5);
    assertThat(members.tally(0, 1_024).longestStreak()).isEqualTo(4);
  }

  @Test
  void two_are_equal_when_each_member_is() {
    var one = Members.pending(3_000).change(IntStream.of(5, 2_999), Member::told);
    assertThat(one).isEqualTo(Members.pending(3_000).change(IntStream.of(2_999, 5), Member::told))
        .hasSameHashCodeAs(Members.pending(3_000).change(IntStream.of(2_999, 5), Member::told));
    assertThat(one).isNotEqualTo(Members.pending(3_000)).isNotEqualTo(one.change(IntStream.of(2_998), Member::told));
    assertThat(Members.pending(3_000)).isNotEqualTo(Members.pending(2_999));
    assertThat(one.hashCode()).isNotEqualTo(Members.pending(3_000).hashCode());
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
  @Tag("large")
  void a_rollout_of_a_million_members_goes_through() {
    var story = Story.running(Plans.six().total(1_000_000).batchPct(50));
    for (int from = 0; from < 1_000_000; from += 50_000)
      story.healthy(IntStream.range(from, from + 50_000).toArray());
    story.templateMoved(Plans.TARGET);
    assertThat(story.standing().counts()).containsEntry(MemberState.HEALTHY, 1_000_000);
  }
}
