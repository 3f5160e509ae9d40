package dev.sluice.planner.domain;

import static dev.sluice.planner.domain.Given.given;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Fault;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InputRulesTest {
  @Test
  void fills_in_every_default() {
    assertThat(InputRules.faults(given())).isEmpty();
    var inputs = InputRules.inputs(given());
    assertThat(inputs.batchPct()).isEqualTo(20);
    assertThat(inputs.maxBatchSize()).isNull();
    assertThat(inputs.maxConsecutiveFailures()).isEqualTo(2);
    assertThat(inputs.maxFailedPct()).isEqualTo(20);
    assertThat(inputs.healthTimeoutSec()).isEqualTo(300);
    assertThat(inputs.minHealthySec()).isZero();
    assertThat(inputs.canarySize()).isZero();
    assertThat(inputs.maxInFlight()).isNull();
    assertThat(inputs.countAbsent()).isTrue();
    assertThat(inputs.orderByLabel()).isEqualTo("zone");
    assertThat(InputRules.dryRun(given())).isFalse();
    assertThat(InputRules.dryRun(given("dry_run", true))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"batch_pct, 1, 100", "max_batch_size, 1, 2147483647", "max_consecutive_failures, 1, 2147483647", "max_failed_pct, 1, 100",
    "health_timeout_sec, 1, 86400", "min_healthy_sec, 0, 86400", "canary_size, 0, 2147483647", "max_in_flight, 1, 2147483647"})
  void numbers_are_integers_in_their_range(String name, int min, int max) {
    var must = "must be an integer from " + min + " to " + max;
    assertThat(InputRules.faults(given(name, min))).isEmpty();
    assertThat(InputRules.faults(given(name, max))).isEmpty();
    var wrong = new java.util.ArrayList<Object>(List.of("20", 20.5, "abc", true, List.of(20), min - 1, max + 1L, 1e300));
    wrong.add(null);
    for (var value : wrong)
      assertThat(InputRules.faults(given(name, value))).containsExactly(new Fault(name, must, value));
  }

  @Test
  void names_all_faults_at_once_with_what_was_given() {
    var wrong = new HashMap<String, Object>(
        Map.of("template_id", "a b", "batch_pct", "20", "count_absent", "yes", "order_by_label", "", "colour", "red"));
    assertThat(InputRules.faults(wrong)).extracting(Fault::field).containsExactlyInAnyOrder("template_id", "module_id", "target_version_id",
        "batch_pct", "count_absent", "order_by_label", "colour");
    assertThat(InputRules.faults(wrong)).contains(new Fault("batch_pct", "must be an integer from 1 to 100", "20"),
        new Fault("module_id", "is required: it must be an id", null), new Fault("colour", "is not a field here", "red"));
  }

  @Test
  void an_edit_changes_what_it_names_and_nothing_else() {
    var before = InputRules.inputs(given("batch_pct", 10, "max_in_flight", 4));
    Map<String, Object> changes = Map.of("batch_pct", 50, "count_absent", false);
    assertThat(InputRules.editFaults(changes)).isEmpty();
    var after = InputRules.edited(before, changes);
    assertThat(after).isEqualTo(InputRules.inputs(given("batch_pct", 50, "max_in_flight", 4, "count_absent", false)));
  }

  @Test
  void an_edit_leaves_template_module_target_and_dry_run() {
    Map<String, Object> changes = Map.of("template_id", "x", "module_id", "x", "target_version_id", "x", "dry_run", true, "batch_pct", 0,
        "hue", 1);
    assertThat(InputRules.editFaults(changes)).extracting(Fault::field).containsExactlyInAnyOrder("template_id", "module_id",
        "target_version_id", "dry_run", "batch_pct", "hue");
  }
}
