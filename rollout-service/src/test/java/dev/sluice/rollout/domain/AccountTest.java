package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What the record says of a decision: its counters, its rule with parameters, its outcome.
class AccountTest {
  @Test
  void a_trip_is_told_with_its_counters_and_thresholds() {
    var account = last(Story.running(Plans.six().failedPct(40)).handedOut(0, 1).healthy(0).healthy(1).failed(2).failed(3));
    assertThat(account.commandKind()).isEqualTo("record_judgements");
    assertThat(account.counters()).isEqualTo("""
        {"state":"running","pending":2,"in_flight":1,"held":0,"healthy":2,"failed":1,"skipped":0,"rolling_back":0,"rolled_back":0,\
        "rollback_failed":0,"regressed":0,"failure_streak":1,"trips":0,"batch_index":1,"batch_failed":1}""");
    assertRule(account, "breaker_streak", """
        {"batch_index":1,"batch_size":2,"canary_size":0,"count_absent":true,"max_consecutive_failures":2,"max_failed_pct":40}""");
    assertThat(account.outcome()).matches("""
        \\{"events":\\["verdicts_recorded","breaker_tripped"],"from_seq":13,"to_seq":14,"as_of_seq":15,\
        "sha256":"[0-9a-f]{64}"}""");
  }

  @Test
  void the_first_decision_counts_nothing_and_begins_the_stream() {
    var account = Recorded.of(Story.planned(Plans.six())).rows().getFirst().account();
    assertThat(account.counters()).startsWith("{\"state\":null,\"pending\":0,").endsWith("\"batch_index\":null,\"batch_failed\":null}");
    assertThat(account.outcome()).startsWith("{\"events\":[\"planned\"],\"from_seq\":1,\"to_seq\":1,\"as_of_seq\":1,");
    assertRule(account, "plan", "{\"plan_hash\":\"hash-1\",\"revision\":1}");
  }

  @Test
  void each_rule_has_its_name_and_its_parameters() {
    assertRule(Story.approved(Plans.six()), "approval", """
        {"policy":"require_approval","required_approvals":1,"revision":1,"separation_of_duties":false}""");
    assertRule(Story.running(Plans.six()), "start", "{\"target_available\":true,\"target_version_id\":\"nginx-1.26.0\"}");
    assertRule(Story.running(Plans.six()).healthy(0), "evidence",
        "{\"count_absent\":true,\"health_timeout_sec\":300,\"min_healthy_sec\":0}");
    assertRule(Story.running(Plans.six()).healthy(0, 1), "batch_gate", "{\"batch_count\":3,\"reconciler_paused\":false}");
    assertRule(Story.running(Plans.six()).pause(), "operator_command", "{}");
    assertRule(Story.running(Plans.six()).handedOut(0, 1).failed(0, 1).choose(Choice.CONTINUE_ANYWAY), "continuation",
        "{\"choice\":\"continue_anyway\",\"required_approvals\":1}");
    assertRule(Story.running(Plans.six()).handedOut(0, 1).healthy(0, 1).handedOut(2, 3).rollback().healthy(2, 3), "rollback_gate",
        "{\"batch_count\":3,\"reconciler_paused\":false}");
    assertRule(Story.running(Plans.six().total(1)).healthy(0).templateMoved(Plans.TARGET), "completion", "{}");
  }

  @Test
  void a_rejection_an_expiry_and_a_withdrawn_plan_have_theirs() {
    var planned = Story.planned(Plans.six());
    assertRule(planned.hears(new RolloutCommand.Reject(planned.now(), Story.PLAN_REQUEST, "bob", "no")), "rejection", "{\"revision\":1}");
    var expired = Story.planned(Plans.six());
    assertRule(expired.hears(new RolloutCommand.Expire(expired.now(), Story.PLAN_REQUEST)), "expiry", "{\"expires_after_sec\":14400}");
    var tripped = Story.running(Plans.six()).handedOut(0, 1).failed(0, 1);
    assertRule(tripped.hears(new RolloutCommand.ExpireContinuation(tripped.now(), new RequestId("r1-trip-1"))), "expiry",
        "{\"expires_after_sec\":86400}");
    var withdrawn = Story.approved(Plans.six());
    assertRule(withdrawn.hears(new RolloutCommand.Withdraw(withdrawn.now(), "superseded")), "plan_withdrawal", "{}");
    var edited = Story.planned(Plans.six());
    assertRule(edited.hears(new RolloutCommand.Edit(edited.now(), Plans.six().header(2), "bob")), "plan",
        "{\"plan_hash\":\"hash-2\",\"revision\":2}");
  }

  @Test
  void a_tick_that_opens_a_gate_is_the_gate() {
    var held = Story.running(Plans.six());
    held.reconcilerPaused = true;
    held.healthy(0, 1);
    held.reconcilerPaused = false;
    assertRule(held.tick(), "batch_gate", "{\"batch_count\":3,\"reconciler_paused\":false}");
  }

  @Test
  void a_batch_without_evidence_is_told_as_such() {
    assertRule(last(Story.running(Plans.six().countAbsent(false)).failed(Reason.NEVER_HANDED_OUT, 0, 1)), "breaker_no_evidence", """
        {"batch_index":0,"batch_size":2,"canary_size":0,"count_absent":false,"max_consecutive_failures":2,"max_failed_pct":100}""");
  }

  @Test
  void the_document_names_every_rule() throws IOException {
    try (var in = AccountTest.class.getResourceAsStream("/openapi/rollout-service.yaml")) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).contains("breaker_streak, breaker_ratio, breaker_canary,")
          .contains(Recorded.RULES);
    }
  }

  private static Account last(Story story) { return Recorded.of(story).rows().getLast().account(); }

  private static void assertRule(Story story, String name, String parameters) { assertRule(last(story), name, parameters); }

  private static void assertRule(Account account, String name, String parameters) {
    assertThat(account.rule()).isEqualTo(name);
    assertThat(account.parameters()).isEqualTo(parameters);
  }
}
