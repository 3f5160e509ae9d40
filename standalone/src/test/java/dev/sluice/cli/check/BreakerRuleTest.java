package dev.sluice.cli.check;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sluice.chassis.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The rule of the breaker as the checker has it, sentence by sentence of `behaviour.md`: each history trips where it must and is refused where it does not.
class BreakerRuleTest {
  private final ObjectNode inputs = Json.mapper().createObjectNode().put("max_consecutive_failures", 2).put("max_failed_pct", 20)
      .put("count_absent", true).put("canary_size", 0);
  private final List<Event> events = new ArrayList<>();
  private List<List<String>> batches = List.of();
  private int trips;

  /// Two batches of this size, `a0`, `a1`, ... and `b0`, `b1`, ...; the first has started.
  private BreakerRuleTest of(int size) {
    batches = List.of(names("a", size), names("b", size));
    return about("started").batch("batch_started", 0);
  }

  private static List<String> names(String letter, int size) { return IntStream.range(0, size).mapToObj(i -> letter + i).toList(); }

  private BreakerRuleTest ok(String... instances) { return verdicts(true, null, instances); }

  private BreakerRuleTest failed(String... instances) { return verdicts(false, "unhealthy", instances); }

  private BreakerRuleTest absent(String... instances) { return verdicts(false, "never_handed_out", instances); }

  private BreakerRuleTest verdicts(boolean healthy, String reason, String... instances) {
    for (var instance : instances)
      add("instance_health_check", instance.startsWith("a") ? 0 : 1, instance, healthy, reason, null);
    return this;
  }

  private BreakerRuleTest regressed(String instance, String reason) {
    return add("instance_regressed", instance.startsWith("a") ? 0 : 1, instance, false, reason, null);
  }

  private BreakerRuleTest batch(String kind, int index) {
    return add(kind, index, null, false, null, Json.mapper().createObjectNode());
  }

  private BreakerRuleTest about(String kind) { return add(kind, -1, null, false, null, Json.mapper().createObjectNode()); }

  private BreakerRuleTest trip(String rule, int index, int failedCount, String... named) {
    var more = Json.mapper().createObjectNode().put("rule", rule).put("failed_count", failedCount)
        .put("approval_request_id", "trip-" + ++trips);
    for (var one : named)
      more.withArray("failed_instance_ids").add(one);
    return add("circuit_breaker_tripped", index, null, false, null, more);
  }

  private BreakerRuleTest decided(String decision) {
    return add("continuation_decided", -1, null, false, null, Json.mapper().createObjectNode().put("decision", decision));
  }

  private BreakerRuleTest add(String kind, int batch, String instance, boolean healthy, String reason, ObjectNode more) {
    long place = events.size() + 1L;
    events.add(new Event(place, place, kind, Instant.EPOCH, batch, instance, healthy, reason, 1, 1, null, more));
    return this;
  }

  private void holds() { assertThat(breaches()).isEmpty(); }

  private void isRefused(String why) { assertThat(breaches()).singleElement().satisfies(b -> assertThat(b.detail()).contains(why)); }

  private List<Finding.Breach> breaches() {
    var shown = Json.mapper().createObjectNode();
    shown.set("inputs", inputs);
    var history = new History(Plan.of(shown, batches), Json.mapper().createObjectNode(), List.of(), false, events, List.of(), List.of(),
        List.of());
    return Judge.of(history).get(Invariant.BREAKER_RULE.ordinal()).breaches();
  }

  @Test
  void two_failures_in_a_row_trip_and_must() {
    of(3).failed("a1", "a0").trip("streak", 0, 2, "a0", "a1").holds();
    events.removeLast();
    isRefused("the failure of a0 breaks the rule streak, and nothing tripped");
  }

  @Test
  void one_trips_on_the_first_failure() {
    inputs.put("max_consecutive_failures", 1);
    of(3).failed("a1").trip("streak", 0, 1, "a1").holds();
  }

  @Test
  void a_healthy_one_between_them_ends_the_run_in_whatever_order_they_come() {
    of(3).failed("a0", "a2").trip("streak", 0, 2, "a0", "a2").holds(); // a1 has no verdict yet
    events.clear();
    of(3).ok("a1").failed("a0", "a2").holds();
    trip("streak", 0, 2, "a0", "a2").isRefused("it tripped by the rule streak; no rule was broken");
  }

  @Test
  void a_run_goes_across_the_borders_of_batches_and_over_skipped_ones() {
    of(3).ok("a0").failed("a1").add("instance_skipped", 0, "a2", false, "stopped", null).batch("batch_completed", 0)
        .batch("batch_started", 1).failed("b0").trip("streak", 1, 2, "a1", "b0").holds();
  }

  @Test
  void more_than_the_share_of_a_batch_trips_and_not_before_the_streak_could() {
    of(10).ok("a1", "a3", "a5").failed("a0", "a2").holds();
    failed("a4").trip("ratio", 0, 3, "a0", "a2", "a4").holds();
    events.removeLast();
    isRefused("breaks the rule ratio");
  }

  @Test
  void any_canary_trips() {
    inputs.put("canary_size", 3);
    of(3).failed("a1").trip("canary", 0, 1, "a1").holds();
    events.removeLast();
    isRefused("breaks the rule canary");
  }

  @Test
  void the_absent_count_for_nothing_where_they_are_not_to() {
    of(3).absent("a0", "a1").trip("streak", 0, 2, "a0", "a1").holds();
    inputs.put("count_absent", false);
    isRefused("it tripped by the rule streak; no rule was broken");
  }

  @Test
  void a_batch_in_which_nobody_was_there_trips_instead_of_ending_once() {
    inputs.put("count_absent", false);
    of(2).absent("a0", "a1").trip("no_evidence", 0, 2, "a0", "a1").decided("continue_anyway").batch("batch_completed", 0).holds();
    events.clear();
    of(2).absent("a0", "a1").batch("batch_completed", 0).isRefused("batch 1 ended though nobody was there, and nothing tripped");
    events.clear();
    of(2).absent("a0").ok("a1").trip("no_evidence", 0, 1, "a0").isRefused("it tripped by the rule no_evidence");
  }

  @Test
  void a_regressed_one_counts_at_its_place_and_silence_for_the_share_only() {
    of(3).ok("a0").failed("a1").regressed("a0", "other_digest").trip("streak", 0, 2, "a0", "a1").holds();
    events.clear();
    of(3).ok("a0").failed("a1").regressed("a0", "silent").holds();
    regressed("a0", "unhealthy").trip("streak", 0, 2, "a0", "a1").holds();
  }

  @Test
  void to_continue_sets_all_counts_to_zero() {
    of(3).failed("a0", "a1").trip("streak", 0, 2, "a0", "a1").decided("continue_anyway").failed("a2").holds();
    batch("batch_completed", 0).batch("batch_started", 1).failed("b0").trip("streak", 1, 2, "a2", "b0").holds();
  }

  @Test
  void who_is_tried_again_has_no_verdict_until_it_has_one() {
    of(3).failed("a0", "a1").trip("streak", 0, 2, "a0", "a1").decided("retry_failed").failed("a0").ok("a1").failed("a2").holds();
    trip("streak", 0, 2, "a0", "a2").isRefused("no rule was broken");
  }

  @Test
  void there_is_no_second_trip_before_the_answer_and_none_on_the_way_back() {
    of(4).failed("a0", "a1").trip("streak", 0, 2, "a0", "a1").failed("a2", "a3").holds();
    about("rollback_started").failed("a0", "a1").holds();
  }
}
