package dev.sluice.health.domain;

import static dev.sluice.health.domain.ModuleStatus.State.APPLYING;
import static dev.sluice.health.domain.ModuleStatus.State.APPLY_FAILED;
import static dev.sluice.health.domain.ModuleStatus.State.HEALTHY;
import static dev.sluice.health.domain.ModuleStatus.State.UNHEALTHY;
import static dev.sluice.health.domain.Scene.GENERATION;
import static dev.sluice.health.domain.Scene.GOOD;
import static dev.sluice.health.domain.Scene.MODULE;
import static dev.sluice.health.domain.Scene.OTHER;
import static dev.sluice.health.domain.Scene.RUNS_NOTHING;
import static dev.sluice.health.domain.Scene.RUNS_OTHER;
import static dev.sluice.health.domain.Scene.RUNS_TARGET;
import static dev.sluice.health.domain.Scene.SAYS_NOTHING;
import static dev.sluice.health.domain.Scene.at;
import static dev.sluice.health.domain.Scene.says;
import static dev.sluice.health.domain.Scene.seen;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Reason;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Each sentence of `behaviour.md`, Execution, about evidence.
class GateTest {
  private static Finding healthy(double second) { return new Finding.Judged(true, false, null, null, at(second)); }

  private static Finding timeout(Reason reason, double second) { return new Finding.Judged(false, true, reason, null, at(second)); }

  private static Finding failed(Reason reason, double second) { return new Finding.Judged(false, false, reason, "its words", at(second)); }

  private static final Observation STOPS = new Observation(InstanceStatus.STOPPED, null, null, Map.of());
  private static final Observation NO_DIGESTS_BUT_UNHEALTHY = seen(null, UNHEALTHY, GENERATION);

  // Healthy

  @Test
  void is_healthy_at_the_first_heartbeat_with_the_target_digest() {
    assertThat(new Scene().hears(2, RUNS_OTHER).hears(10, RUNS_TARGET).hears(20, RUNS_TARGET).findings()).containsExactly(healthy(10));
  }

  @Test
  void a_heartbeat_from_before_the_hand_out_is_no_evidence() {
    assertThat(new Scene().handedOut(5.0).hears(4, RUNS_TARGET).findings()).isEmpty();
    assertThat(new Scene().handedOut(5.0).hears(5, RUNS_TARGET).findings()).isEmpty();
    assertThat(new Scene().handedOut(5.0).hears(4.99, says(HEALTHY)).findings()).as("a claim").isEmpty();
    assertThat(new Scene().handedOut(null).hears(4, RUNS_TARGET).findings()).isEmpty();
  }

  @Test
  void needs_the_status_healthy_where_the_agent_reports_one() {
    assertThat(new Scene().hears(10, says(APPLYING)).findings()).isEmpty();
    assertThat(new Scene().hears(10, says(HEALTHY)).findings()).containsExactly(healthy(10));
  }

  @Test
  void a_status_of_another_generation_does_not_count_as_healthy() {
    var stale = seen(Map.of(MODULE, GOOD), HEALTHY, GENERATION - 1);
    assertThat(new Scene().hears(10, stale).findings()).isEmpty();
  }

  @Test
  void a_status_of_another_generation_does_not_count_as_failed() {
    assertThat(new Scene().hears(10, seen(Map.of(MODULE, OTHER), APPLY_FAILED, GENERATION - 1)).findings()).isEmpty();
    assertThat(new Scene().hears(10, seen(Map.of(MODULE, OTHER), UNHEALTHY, GENERATION + 1)).findings()).isEmpty();
  }

  @Test
  void without_digests_a_heartbeat_says_nothing() {
    assertThat(new Scene().hears(10, SAYS_NOTHING).findings()).isEmpty();
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(30, SAYS_NOTHING).hears(71, RUNS_TARGET).findings())
        .containsExactly(healthy(70));
  }

  @Test
  void a_status_alone_may_be_bad_but_never_good() {
    var applying = seen(null, APPLYING, GENERATION);
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(30, applying).is(80).findings()).isEmpty();
    assertThat(new Scene().hears(10, seen(null, HEALTHY, GENERATION)).findings()).isEmpty();
    var stale = seen(null, APPLYING, GENERATION - 1);
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(30, stale).is(80).findings()).containsExactly(healthy(70));
    var healthy = seen(null, HEALTHY, GENERATION);
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(30, healthy).is(80).findings()).containsExactly(healthy(70));
  }

  @Test
  void holds_for_the_whole_soak() {
    var scene = new Scene().soak(60).hears(10, RUNS_TARGET).hears(40, RUNS_TARGET).is(69.9);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.is(70).findings()).containsExactly(healthy(70));
  }

  @Test
  void the_soak_may_end_after_the_deadline() {
    assertThat(new Scene().soak(60).keepsHearing(290, 350, RUNS_TARGET).is(350).findings()).containsExactly(healthy(350));
  }

  @Test
  void a_bad_heartbeat_before_the_deadline_starts_the_soak_anew() {
    var scene = new Scene().soak(60).hears(10, RUNS_TARGET).hears(40, RUNS_OTHER).hears(50, RUNS_TARGET).hears(80, RUNS_TARGET).is(109);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.hears(110, RUNS_TARGET).findings()).containsExactly(healthy(110));
  }

  @Test
  void an_empty_map_in_the_soak_is_bad_since_nothing_runs() {
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(40, RUNS_NOTHING).is(75).findings()).isEmpty();
  }

  @Test
  void a_bad_heartbeat_after_the_deadline_fails_the_soak() {
    var findings = new Scene().soak(60).keepsHearing(260, 290, RUNS_TARGET).hears(305, RUNS_OTHER).findings();
    assertThat(findings).singleElement().isInstanceOfSatisfying(Finding.Judged.class, j -> {
      assertThat(j.healthy()).isFalse();
      assertThat(j.timeout()).as("it rests on the deadline").isTrue();
      assertThat(j.reason()).isEqualTo(Reason.UNHEALTHY);
    });
  }

  @Test
  void a_failed_soak_says_what_made_it_bad() {
    assertThat(words(RUNS_OTHER)).isEqualTo("another digest runs than the target");
    assertThat(words(seen(Map.of(MODULE, OTHER), HEALTHY, GENERATION))).isEqualTo("another digest runs than the target");
    assertThat(words(seen(Map.of(MODULE, OTHER), HEALTHY, GENERATION - 1))).isEqualTo("another digest runs than the target");
    assertThat(words(seen(Map.of(MODULE, GOOD), HEALTHY, GENERATION - 1))).isEqualTo("its status is of generation 6 and not of 7");
    assertThat(words(says(APPLYING))).isEqualTo("its words");
  }

  /// How it is put that this heartbeat failed the soak.
  private static String words(Observation bad) {
    var findings = new Scene().soak(60).keepsHearing(260, 290, RUNS_TARGET).hears(305, bad).findings();
    assertThat(findings).singleElement().isInstanceOf(Finding.Judged.class);
    return ((Finding.Judged) findings.getFirst()).detail();
  }

  @Test
  void after_a_bad_heartbeat_the_next_good_one_must_come_before_the_deadline() {
    assertThat(new Scene().soak(60).keepsHearing(200, 230, RUNS_TARGET).hears(240, RUNS_OTHER).keepsHearing(270, 290, RUNS_OTHER).hears(301,
        RUNS_TARGET).findings()).containsExactly(timeout(Reason.HEALTH_TIMEOUT, 300));
  }

  @Test
  void a_soak_that_ends_in_silence_is_not_passed_until_it_is_heard_again() {
    var scene = new Scene().soak(120).hears(10, RUNS_TARGET).is(200);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.hears(210, RUNS_TARGET).findings()).containsExactly(healthy(210));
  }

  @Test
  void a_soak_that_ends_in_silence_fails_at_the_deadline() {
    assertThat(new Scene().soak(120).hears(10, RUNS_TARGET).is(300).findings()).contains(timeout(Reason.SILENT, 300));
  }

  // Failed

  @Test
  void an_absent_machine_was_never_handed_out_to() {
    var scene = new Scene().handedOut(null).is(299);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.is(300).findings()).containsExactly(timeout(Reason.NEVER_HANDED_OUT, 300));
  }

  @Test
  void is_silent_where_it_was_last_heard_more_than_three_intervals_before_the_deadline() {
    assertThat(new Scene().hears(209, RUNS_OTHER).is(300).findings()).contains(timeout(Reason.SILENT, 300));
    assertThat(new Scene().hears(210, RUNS_OTHER).is(300).findings()).containsExactly(timeout(Reason.HEALTH_TIMEOUT, 300));
  }

  @Test
  void a_good_heartbeat_at_the_deadline_is_too_late() {
    assertThat(new Scene().hears(290, RUNS_OTHER).hears(300, RUNS_TARGET).findings()).startsWith(timeout(Reason.HEALTH_TIMEOUT, 300));
  }

  @Test
  void fails_at_once_when_the_agent_says_so_for_this_generation() {
    assertThat(new Scene().hears(10, says(APPLY_FAILED)).findings()).containsExactly(failed(Reason.APPLY_FAILED, 10));
    assertThat(new Scene().hears(10, says(UNHEALTHY)).findings()).containsExactly(failed(Reason.UNHEALTHY, 10));
    assertThat(new Scene().hears(10, NO_DIGESTS_BUT_UNHEALTHY).findings()).containsExactly(failed(Reason.UNHEALTHY, 10));
    assertThat(new Scene().soak(60).hears(5, RUNS_TARGET).hears(10, says(UNHEALTHY)).findings())
        .containsExactly(failed(Reason.UNHEALTHY, 10));
  }

  @Test
  void applying_is_no_verdict() {
    assertThat(new Scene().keepsHearing(2, 299, says(APPLYING)).findings()).isEmpty();
  }

  @Test
  void a_verdict_is_found_once() {
    assertThat(new Scene().hears(10, says(UNHEALTHY)).hears(20, says(UNHEALTHY)).is(310).findings()).hasSize(1);
  }

  // Clocks

  @Test
  void a_stopped_clock_times_nobody_out_but_evidence_counts() {
    var scene = new Scene().clockStopped(true).keepsHearing(10, 400, RUNS_OTHER).is(410);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.due()).isNull();
    assertThat(scene.hears(420, RUNS_TARGET).findings()).containsExactly(healthy(420));
  }

  @Test
  void time_in_which_we_were_deaf_is_added_to_the_deadline() {
    var scene = new Scene().deaf(100, 150).hears(90, RUNS_OTHER).keepsHearing(150, 340, RUNS_OTHER).is(349);
    assertThat(scene.due()).isEqualTo(350.0);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.is(350).findings()).containsExactly(timeout(Reason.HEALTH_TIMEOUT, 350));
  }

  @Test
  void time_in_which_we_were_deaf_makes_nobody_silent() {
    var scene = new Scene().hears(10, RUNS_OTHER).deaf(20, 140).is(200);
    assertThat(scene.facts()).isEmpty();
    assertThat(scene.is(221).facts()).containsExactly("silent");
  }

  @Test
  void time_in_which_we_were_deaf_is_no_soak() {
    var scene = new Scene().soak(60).deaf(20, 50).keepsHearing(10, 70, RUNS_TARGET).is(99);
    assertThat(scene.findings()).isEmpty();
    assertThat(scene.is(100).findings()).containsExactly(healthy(100));
  }

  // After the verdict

  @Test
  void healthy_after_the_deadline_is_late_and_stays_failed() {
    assertThat(new Scene().keepsHearing(10, 290, RUNS_OTHER).hears(310, RUNS_TARGET).hears(320, RUNS_TARGET).findings())
        .containsExactly(timeout(Reason.HEALTH_TIMEOUT, 300), new Finding.LateHealthy());
  }

  @Test
  void a_failure_that_recovers_before_the_deadline_is_late_healthy_only_after_it() {
    var scene = new Scene().hears(10, says(UNHEALTHY)).keepsHearing(20, 280, says(HEALTHY)).is(299);
    assertThat(scene.findings()).hasSize(1);
    assertThat(scene.is(300).findings()).endsWith(new Finding.LateHealthy());
  }

  @Test
  void a_healthy_member_that_reports_another_digest_regresses_once() {
    assertThat(new Scene().hears(10, RUNS_TARGET).hears(20, RUNS_OTHER).hears(30, RUNS_TARGET).hears(40, RUNS_OTHER).findings())
        .containsExactly(healthy(10), new Finding.Regressed(Reason.OTHER_DIGEST));
  }

  @Test
  void a_healthy_member_whose_service_fails_regresses() {
    assertThat(new Scene().hears(10, says(HEALTHY)).hears(20, says(UNHEALTHY)).findings())
        .containsExactly(healthy(10), new Finding.Regressed(Reason.UNHEALTHY));
    assertThat(new Scene().hears(10, says(HEALTHY)).hears(20, says(APPLYING)).findings()).containsExactly(healthy(10));
  }

  @Test
  void a_healthy_member_that_falls_silent_regresses_and_may_still_show_worse() {
    var scene = new Scene().hears(10, RUNS_TARGET).is(101);
    assertThat(scene.findings()).containsExactly(healthy(10), new Finding.Regressed(Reason.SILENT));
    assertThat(scene.hears(110, RUNS_TARGET).findings()).hasSize(2);
    assertThat(scene.hears(120, RUNS_OTHER).findings()).endsWith(new Finding.Regressed(Reason.OTHER_DIGEST));
    assertThat(scene.facts()).containsExactly("silent", "recovered");
  }

  @Test
  void on_the_way_back_nobody_regresses() {
    assertThat(new Scene().rollingBack().hears(10, RUNS_TARGET).hears(20, RUNS_OTHER).is(200).findings()).containsExactly(healthy(10));
  }

  // Gone

  @Test
  void a_member_that_stops_or_is_decommissioned_is_gone_and_not_failed() {
    assertThat(new Scene().hears(10, STOPS).is(400).findings()).containsExactly(new Finding.Gone(Reason.STOPPED));
    assertThat(new Scene().goes().is(400).findings()).containsExactly(new Finding.Gone(Reason.DECOMMISSIONED));
    assertThat(new Scene().hears(10, RUNS_TARGET).goes().findings()).containsExactly(healthy(10));
  }

  /// It stops what runs on it, and says so.
  @Test
  void what_runs_on_a_member_while_it_stops_is_no_evidence() {
    var empty = new Observation(InstanceStatus.STOPPED, null, Map.of(), Map.of());
    assertThat(new Scene().hears(10, RUNS_TARGET).hears(20, empty).findings()).containsExactly(healthy(10));
    assertThat(new Scene().soak(60).hears(10, RUNS_TARGET).hears(20, empty).findings()).containsExactly(new Finding.Gone(Reason.STOPPED));
    var sick = new Observation(InstanceStatus.STOPPED, null, null,
        Map.of(Scene.MODULE, new ModuleStatus(UNHEALTHY, Scene.GENERATION, "no")));
    assertThat(new Scene().hears(10, sick).findings()).containsExactly(new Finding.Gone(Reason.STOPPED));
    var late = new Scene().keepsHearing(10, 310, RUNS_OTHER).soak(60).hears(320, RUNS_TARGET).hears(330, empty);
    assertThat(late.is(400).findings()).as("nothing runs on it any more").containsExactly(timeout(Reason.HEALTH_TIMEOUT, 300));
  }

  @Test
  void an_apply_that_failed_did_so_before_its_host_stopped() {
    var failed = new Observation(InstanceStatus.STOPPED, null, Map.of(),
        Map.of(Scene.MODULE, new ModuleStatus(APPLY_FAILED, Scene.GENERATION, "its words")));
    assertThat(new Scene().hears(10, failed).findings()).containsExactly(failed(Reason.APPLY_FAILED, 10));
    assertThat(new Scene().hears(5, RUNS_TARGET).hears(10, failed).findings()).as("of one that was healthy").containsExactly(healthy(5));
  }

  @Test
  void who_stopped_after_the_deadline_to_which_his_timeout_is_taken_back_has_failed() {
    var first = new Scene().keepsHearing(10, 400, RUNS_OTHER).hears(410, STOPS);
    assertThat(first.takenBack(405).is(420).findings()).last().isEqualTo(
        new Finding.Judged(false, true, Reason.HEALTH_TIMEOUT, null, Scene.at(405)));
    var second = new Scene().keepsHearing(10, 400, RUNS_OTHER).hears(410, STOPS);
    assertThat(second.takenBack(415).is(420).findings()).last().isEqualTo(new Finding.Gone(Reason.STOPPED));
  }

  @Test
  void who_stopped_is_not_silent() {
    assertThat(new Scene().hears(10, STOPS).is(1000).facts()).isEmpty();
  }
}
