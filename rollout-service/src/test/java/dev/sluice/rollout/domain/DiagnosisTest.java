package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Reason;
import dev.sluice.rollout.domain.Diagnosis.Check;
import dev.sluice.rollout.domain.Diagnosis.Surroundings;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Why it stands where it stands, and what would move it.
class DiagnosisTest {
  private static final Surroundings WELL = new Surroundings(false, false, true);
  private static final Surroundings PAUSED = new Surroundings(true, false, true);
  private static final Surroundings PAUSED_HERE = new Surroundings(false, true, true);
  private static final Plans SIX = Plans.six();

  private static void says(Story story, Surroundings around, String blockedOn, String... words) {
    var diagnosis = Diagnosis.of(story.standing(), around);
    assertThat(diagnosis.blockedOn()).isEqualTo(blockedOn);
    assertThat(diagnosis.detail()).contains(words);
  }

  private static List<String> failing(Story story, Surroundings around) {
    return Diagnosis.of(story.standing(), around).checks().stream().filter(c -> !c.ok()).map(Check::name).toList();
  }

  private static String detail(Story story, Surroundings around, String check) {
    return Diagnosis.of(story.standing(), around).checks().stream().filter(c -> c.name().equals(check)).findFirst().orElseThrow().detail();
  }

  @Test
  void before_the_start_it_waits_for_people_then_for_its_members_the_reconciler_and_the_target() {
    says(Story.planned(SIX), WELL, "approval", "needs 1 approval(s)", "request r1-plan");
    var story = Story.approved(SIX);
    says(story, WELL, "target_check", "target version");
    says(story, PAUSED, "reconciler", "the reconciler is paused, so the rollout does not start");
    says(story, PAUSED_HERE, "reconciler", "the reconciler is paused for this template, so the rollout does not start");
    story.rollout = new Rollout(story.rollout.plan(), story.rollout.stage(), story.rollout.progress(), story.rollout.members(), null);
    says(story, WELL, "plan_members", "have not all arrived");
  }

  @Test
  void an_open_batch_waits_for_instances_that_it_names() {
    var story = Story.running(SIX.batchPct(100).maxInFlight(3)).handedOut(0, 1);
    says(story, WELL, "instances", "batch 1 waits for 6 instances (i0, i1, i2, ...)", "1 did not fetch the instruction yet",
        "3 are not told yet (max_in_flight)", "within 300 s");
    says(story.handedOut(2), WELL, "instances", "3 are not told yet");
    assertThat(Diagnosis.of(story.standing(), WELL).detail()).doesNotContain("did not fetch");
    assertThat(Diagnosis.of(Story.running(SIX).handedOut(0).standing(), WELL).detail()).doesNotContain("not told");
    says(Story.running(SIX).healthy(0), WELL, "instances", "waits for 1 instance (i1)", "1 did not fetch");
    says(Story.running(SIX).healthy(0, 1), WELL, "instances", "batch 2 waits for 2 instances (i2, i3)");
  }

  @Test
  void what_is_held_back_is_no_fault_of_the_agents_and_the_way_back_is_a_batch_too() {
    var tripped = Story.running(SIX.batchPct(100)).handedOut(0, 1, 2, 3).failed(0, 1);
    assertThat(detail(tripped, WELL, "batch_ended")).contains("2 instruction(s) are held back").doesNotContain("agents");
    assertThat(detail(Story.running(SIX).failed(0, 1), WELL, "batch_ended"))
        .isEqualTo("batch 1 has all its verdicts; the rollout itself waits");
    assertThat(detail(Story.running(SIX).handedOut(0, 1).rollback(), WELL, "batch_ended")).startsWith("batch 1 goes back: waiting for 2");
    assertThat(failing(Story.running(SIX).handedOut(0, 1).rollback(), WELL)).containsExactly("batch_ended");
  }

  @Test
  void it_names_twenty_at_most() {
    var names = String.join(", ", IntStream.range(0, 20).mapToObj(i -> "i" + i).toList());
    says(Story.running(SIX.total(21).batchPct(100)), WELL, "instances", "21 instances (" + names + ", ...)");
    says(Story.running(SIX.total(20).batchPct(100)), WELL, "instances", "20 instances (" + names + ")");
  }

  @Test
  void between_batches_it_waits_for_the_reconciler_and_at_the_end_for_the_template() {
    var story = Story.running(SIX);
    story.reconcilerPaused = true;
    story.healthy(0, 1);
    says(story, PAUSED, "reconciler", "the reconciler is paused, so batch 2 does not start");
    says(story, WELL, "reconciler", "batch 2 starts with the next tick");
    says(Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5), WELL, "template_move", "1.26.0");
  }

  @Test
  void a_pause_says_what_it_left_and_what_it_holds() {
    says(Story.running(SIX).handedOut(0).pause(), WELL, "resume", "paused out of running; 1 instruction(s) are held back;");
    says(Story.running(SIX).handedOut(0, 1).pause(), WELL, "resume", "paused out of running; nothing is handed out;");
    says(Story.running(SIX).rollback().pause(), WELL, "resume", "paused out of rolling_back");
  }

  @Test
  void a_trip_waits_for_a_decision() {
    says(Story.running(SIX).failed(0, 1), WELL, "decision", "tripped in batch 1: 2 failed in a row", "request r1-trip-1:");
  }

  @Test
  void the_way_back_waits_for_those_under_way_then_for_the_template() {
    var story = Story.running(SIX).healthy(0, 1).healthy(2).rollback().withdrawn(true, 3);
    says(story, WELL, "rollback_instances", "batch 2 goes back: waiting for 1 instance (i2)");
    says(story.healthy(2), WELL, "rollback_instances", "batch 1 goes back: waiting for 2 instances (i0, i1)");
    var moved = Story.running(SIX).healthy(0, 1).healthy(2, 3).healthy(4, 5).templateMoved(Plans.TARGET).rollback();
    says(moved.healthy(4, 5).healthy(2, 3).healthy(0, 1), WELL, "template_move", "set the template back");
  }

  @Test
  void what_has_ended_waits_for_withdrawals_or_for_nothing() {
    says(Story.running(SIX).abort(), WELL, "withdrawals", "confirmed 2 withdrawal(s)");
    says(Story.running(SIX).abort().withdrawn(true, 0, 1), WELL, "nothing", "it has ended: aborted");
  }

  @Test
  void each_check_says_what_must_be_so_in_the_order_in_which_it_is_needed() {
    assertThat(Diagnosis.of(Story.running(SIX).standing(), WELL).checks()).extracting(Check::name).containsExactly("approved", "not_paused",
        "breaker_armed", "batch_ended", "reconciler_not_paused", "reconciler_alive");
    assertThat(failing(Story.planned(SIX), WELL)).containsExactly("approved");
    assertThat(failing(Story.approved(SIX), WELL)).isEmpty();
    assertThat(failing(Story.running(SIX), WELL)).containsExactly("batch_ended");
    assertThat(failing(Story.running(SIX).pause(), WELL)).containsExactly("not_paused", "batch_ended");
    assertThat(failing(Story.running(SIX).failed(0, 1), WELL)).containsExactly("breaker_armed", "batch_ended");
    assertThat(failing(Story.approved(SIX), PAUSED_HERE)).containsExactly("reconciler_not_paused");
    assertThat(failing(Story.approved(SIX), new Surroundings(false, false, false))).containsExactly("reconciler_alive");
  }

  @Test
  void each_check_says_it_in_words_both_ways() {
    var running = Story.running(SIX).failed(Reason.UNHEALTHY, 0);
    assertThat(detail(Story.planned(SIX), WELL, "approved")).isEqualTo("the approval request is open");
    assertThat(detail(running, WELL, "approved")).isEqualTo("decided");
    assertThat(failing(Story.planned(SIX).abort(), WELL)).contains("approved");
    assertThat(detail(Story.planned(SIX).abort(), WELL, "approved")).isEqualTo("cancelled");
    assertThat(detail(running, WELL, "not_paused")).isEqualTo("no pause");
    assertThat(detail(Story.running(SIX).pause(), WELL, "not_paused")).isEqualTo("an operator paused it");
    assertThat(detail(running, WELL, "breaker_armed")).isEqualTo("the longest run of failures is 1 of 2");
    assertThat(detail(Story.running(SIX).failed(0, 1), WELL, "breaker_armed")).isEqualTo("tripped");
    assertThat(detail(running, WELL, "batch_ended")).startsWith("batch 1 waits for 1 instance (i1)");
    assertThat(detail(Story.approved(SIX), WELL, "batch_ended")).isEqualTo("no batch is open");
    assertThat(detail(running, WELL, "reconciler_not_paused")).isEqualTo("batches may start");
    assertThat(detail(running, PAUSED, "reconciler_not_paused")).startsWith("the reconciler is paused, so a batch does not start");
    assertThat(detail(running, WELL, "reconciler_alive")).isEqualTo("it has run lately");
    assertThat(detail(running, new Surroundings(false, false, false), "reconciler_alive")).startsWith("it has not run for three ticks");
  }
}
