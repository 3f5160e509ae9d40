package dev.sluice.planner.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Ask.FleetMember;
import dev.sluice.contract.Digest;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.Exclusion.Reason;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EligibilityTest {
  private static FleetMember stopped(String id) {
    return new FleetMember(new InstanceId(id), "stopped", false, false, Given.OLD, 3, null, "z");
  }

  private static FleetMember member(String status, boolean never, boolean silent, VersionRef desired, Digest running) {
    return new FleetMember(new InstanceId("i"), status, never, silent, desired, 3, running, "z");
  }

  @Test
  void who_runs_or_starts_with_the_module_and_reports_is_eligible() {
    assertThat(Eligibility.exclusion(member("running", false, false, Given.OLD, Given.OLD.digest()), Given.NEW)).isEmpty();
    assertThat(Eligibility.exclusion(member("starting", false, false, Given.OLD, null), Given.NEW)).isEmpty();
  }

  @Test
  void each_other_instance_has_one_reason_the_first_that_holds() {
    var on = Given.NEW.digest();
    assertThat(Eligibility.exclusion(member("stopped", true, true, null, null), Given.NEW)).contains(Reason.NOT_RUNNING);
    assertThat(Eligibility.exclusion(member("running", true, true, null, null), Given.NEW)).contains(Reason.MODULE_NOT_ASSIGNED);
    assertThat(Eligibility.exclusion(member("running", true, true, Given.NEW, on), Given.NEW)).contains(Reason.NEVER_REPORTED);
    assertThat(Eligibility.exclusion(member("running", false, true, Given.NEW, on), Given.NEW)).contains(Reason.NOT_REPORTING);
    assertThat(Eligibility.exclusion(member("running", false, false, Given.NEW, on), Given.NEW)).contains(Reason.ALREADY_ON_TARGET);
  }

  @Test
  void on_target_means_desired_and_running() {
    assertThat(Eligibility.exclusion(member("running", false, false, Given.NEW, Given.OLD.digest()), Given.NEW)).isEmpty();
    assertThat(Eligibility.exclusion(member("running", false, false, Given.OLD, Given.NEW.digest()), Given.NEW)).isEmpty();
    assertThat(Eligibility.exclusion(member("running", false, false, Given.NEW, null), Given.NEW)).isEmpty();
  }

  @Test
  void drifted_is_who_is_known_to_run_another_digest() {
    assertThat(Eligibility.drifted(member("running", false, false, Given.OLD, Given.NEW.digest()))).isTrue();
    assertThat(Eligibility.drifted(member("running", false, false, Given.OLD, Given.OLD.digest()))).isFalse();
    assertThat(Eligibility.drifted(member("running", false, false, Given.OLD, null))).isFalse();
  }

  @Test
  void a_roster_sorts_all_and_counts_the_reasons() {
    var roster = new Roster(Given.NEW);
    roster.add(member("running", false, false, Given.OLD, null));
    roster.add(member("stopped", false, false, Given.OLD, null));
    roster.add(member("running", false, false, Given.NEW, Given.NEW.digest()));
    assertThat(roster.eligible()).hasSize(1);
    assertThat(roster.excluded()).hasSize(2);
    assertThat(roster.counts()).isEqualTo(Map.of(Reason.NOT_RUNNING, 1, Reason.ALREADY_ON_TARGET, 1));
    assertThat(EmptyPlan.note(roster.counts())).isEqualTo("nothing to do: 1 not_running, 1 already_on_target");
    assertThat(EmptyPlan.note(Map.of())).isEqualTo("nothing to do: the template has no instances");
  }

  @Test
  void the_excluded_are_told_in_order_of_id() {
    var roster = new Roster(Given.NEW);
    for (var id : List.of("c", "a", "b"))
      roster.add(stopped(id));
    assertThat(roster.excluded()).extracting(e -> e.instanceId().value()).containsExactly("a", "b", "c");
  }
}
