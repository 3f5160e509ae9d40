package dev.sluice.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Genuine histories hold; each doctored one is refused by the name of what it breaks, and by no other.
class DoctoredTest {
  @ParameterizedTest
  @ValueSource(strings = {Recorded.THERE_AND_BACK, Recorded.ABSENT})
  void a_genuine_history_breaks_nothing(String name) {
    assertThat(Judge.of(Recorded.of(name).history())).hasSize(Invariant.values().length)
        .allSatisfy(f -> assertThat(f.breaches()).as(f.invariant().word()).isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void the_premise_of_each_invariant_occurs_in_a_genuine_history(Invariant invariant) {
    assertThat(List.of(Recorded.THERE_AND_BACK, Recorded.ABSENT))
        .map(name -> Judge.of(Recorded.of(name).history()).get(invariant.ordinal()))
        .anySatisfy(f -> assertThat(f.premises()).isPositive());
  }

  @ParameterizedTest
  @EnumSource
  void each_doctored_history_is_refused_by_exactly_its_name(Invariant invariant) {
    assertThat(broken(doctored(invariant))).containsExactly(invariant);
  }

  private static List<Invariant> broken(Recorded recorded) {
    return Judge.of(recorded.history()).stream().filter(f -> !f.holds()).map(Finding::invariant).toList();
  }

  private static Recorded doctored(Invariant invariant) {
    var r = Recorded.of(switch (invariant) {
      case AFTER_ABORT, OFFER_ENDED, OWN_ABSENCE, EVENT_CHANGE -> Recorded.ABSENT;
      default -> Recorded.THERE_AND_BACK;
    });
    switch (invariant) {
      case BATCH_GATE -> r.move(r.find(0, "batch_completed"), r.find(0, "batch_started", e -> e.path("batch_index").asInt() == 1));
      case IN_FLIGHT -> {
        int verdict = r.find(0, "instance_health_check");
        r.move(r.find(verdict, "instance_started"), verdict);
      }
      case MEMBERS_ONLY -> r.events.get(r.find(0, "instance_started", e -> e.path("batch_index").asInt() == 1)).put("batch_index", 0);
      case ONE_CLAIM -> r.repeat(r.find(0, "instance_started"));
      case EVIDENCE_AFTER -> r.events.get(r.find(0, "instance_health_check")).put("occurred_at", "2020-01-01T00:00:00Z");
      case VERDICT_ONCE -> r.repeat(r.find(0, "instance_health_check"));
      case BREAKER_RULE -> r.events.get(r.find(0, "circuit_breaker_tripped")).put("rule", "ratio");
      case ONE_QUESTION -> r.list("approval_requests").removeIf(q -> q.path("id").asText().endsWith("-trip-2"));
      case WITHHELD -> {
        int answer = r.find(0, "continuation_decided");
        r.move(answer, r.find(answer, "instance_started"));
      }
      case AFTER_ABORT -> {
        int batch = r.find(0, "batch_started", e -> e.path("batch_index").asInt() == 1);
        r.move(r.find(0, "aborted"), r.find(batch, "instance_started"));
      }
      case REVISION_APPROVED -> ((ObjectNode) r.request("-plan").path("plan")).put("plan_hash", "another");
      case ROLLBACK_OWN -> r.events.get(r.find(0, "instance_rolled_back")).put("to_version", "1.25.0");
      case OFFER_ENDED -> r.member(DoctoredTest::absent).put("handed_out_at", "2100-01-01T00:00:00Z");
      case OWN_ABSENCE -> r.events.get(r.find(0, "instance_health_check", DoctoredTest::absent)).put("seconds", 1.0);
      case EVENT_CHANGE -> r.drop(r.find(0, "instance_skipped"));
      case STREAM_WHOLE -> {
        r.events.getLast().put("stream_seq", r.events.size() + 1);
        r.rollout().put("as_of_seq", r.events.size() + 1);
      }
      case COUNTS_ADD_UP -> ((ObjectNode) r.rollout().path("counts")).put("failed", 7);
    }
    return r;
  }

  private static boolean absent(JsonNode one) { return one.path("reason").asText().equals("never_handed_out"); }

  @Test
  void a_refusal_names_the_event_and_the_instance() {
    var r = doctored(Invariant.VERDICT_ONCE);
    int repeated = r.find(0, "instance_health_check") + 1;
    assertThat(Judge.of(r.history()).get(Invariant.VERDICT_ONCE.ordinal()).breaches())
        .containsExactly(new Finding.Breach(repeated + 1, repeated + 1,
            r.events.get(repeated).path("instance_id").asText() + " was judged twice in one attempt"));
  }

  @Test
  void a_long_history_is_read_in_pages_and_judged_the_same() {
    for (var name : List.of(Recorded.THERE_AND_BACK, Recorded.ABSENT))
      assertThat(Judge.of(Recorded.inPages(name, 2).history())).isEqualTo(Judge.of(Recorded.of(name).history()));
  }

  @Test
  void a_rollout_that_is_still_open_is_judged_as_far_as_it_is() {
    var whole = Recorded.of(Recorded.THERE_AND_BACK);
    int batch = whole.find(0, "batch_completed");
    whole.rollout().put("as_of_seq", batch + 1).put("state", "running").put("current_batch_index", 0).putNull("ended_at");
    assertThat(whole.history().events()).hasSize(batch + 1);
  }

  @Test
  void every_invariant_has_a_name_of_its_own() {
    assertThat(Arrays.stream(Invariant.values()).map(Invariant::word)).doesNotHaveDuplicates().allMatch(w -> w.matches("[a-z-]+"));
  }
}
