package dev.sluice.approval.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.approval.domain.PolicyCommand.RemovePolicy;
import dev.sluice.approval.domain.PolicyCommand.SetPolicy;
import dev.sluice.approval.domain.PolicyPrecedence.Considered;
import dev.sluice.contract.Ask;
import dev.sluice.contract.ApprovalEvent.PolicyChanged;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.TemplateId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PolicyTest {
  private static final String UPGRADE = "system.fleet_rolling_upgrade";
  private static final PolicyView BLOCKED = PolicyPrecedence.policy(Policy.BLOCKED, 1, false, null, "template");
  private static final PolicyView AUTO = PolicyPrecedence.policy(Policy.AUTO_APPROVE, 2, false, 60L, "action");
  private final PolicyDecider decider = new PolicyDecider();

  @Test
  void the_narrower_wins() {
    assertThat(PolicyPrecedence.applying(Optional.of(BLOCKED), Optional.of(AUTO))).isEqualTo(BLOCKED);
    assertThat(PolicyPrecedence.applying(Optional.empty(), Optional.of(AUTO))).isEqualTo(AUTO);
    assertThat(PolicyPrecedence.applying(Optional.of(BLOCKED), Optional.empty())).isEqualTo(BLOCKED);
  }

  @Test
  void where_none_is_set_one_person_is_asked_for_four_hours_and_after_a_trip_for_a_day() {
    var policy = PolicyPrecedence.applying(Optional.empty(), Optional.empty());
    assertThat(policy).isEqualTo(new PolicyView(Policy.REQUIRE_APPROVAL, 1, false, 14_400, 86_400, "default"));
  }

  @Test
  void a_life_that_is_set_holds_for_both_types() {
    assertThat(AUTO.expiresAfterSec()).isEqualTo(60);
    assertThat(AUTO.continuationExpiresAfterSec()).isEqualTo(60);
  }

  @Test
  void an_unknown_action_is_refused_with_those_that_there_are() {
    assertThat(PolicyPrecedence.unknown(UPGRADE)).isEmpty();
    assertThat(PolicyPrecedence.unknown("system.typo")).hasValueSatisfying(problem -> {
      assertThat(problem.status()).isEqualTo(404);
      assertThat(problem.detail()).contains(UPGRADE);
    });
  }

  @Test
  void exactly_one_place_applies_and_each_says_why() {
    for (var narrowed : List.of(Optional.<PolicyView>empty(), Optional.of(BLOCKED)))
      for (var action : List.of(Optional.<PolicyView>empty(), Optional.of(AUTO))) {
        var considered = PolicyPrecedence.considered(narrowed, action);
        assertThat(considered).extracting(Considered::source).containsExactly("template", "action", "default");
        assertThat(considered).filteredOn(Considered::applies).singleElement().extracting(Considered::policy)
            .isEqualTo(PolicyPrecedence.applying(narrowed, action));
        assertThat(considered).allSatisfy(c -> assertThat(c.why()).isNotBlank());
      }
  }

  @Test
  void a_policy_is_set_once_and_removed_once() {
    var set = new SetPolicy(UPGRADE, new TemplateId("web"), BLOCKED, "ann");
    var remove = new RemovePolicy(UPGRADE, new TemplateId("web"), "ann");
    var changed = new PolicyChanged(UPGRADE, new TemplateId("web"), BLOCKED, "ann");
    var none = decider.initial();
    var blocked = new PlacedPolicy(UPGRADE, new TemplateId("web"), BLOCKED);
    assertThat(decider.decide(none, set)).isEqualTo(Decision.accepted(List.of(changed)));
    assertThat(decider.evolve(none, changed)).isEqualTo(blocked);
    assertThat(decider.decide(blocked, set)).isEqualTo(Decision.nothing());
    var removed = new PolicyChanged(UPGRADE, new TemplateId("web"), null, "ann");
    assertThat(decider.decide(blocked, remove)).isEqualTo(Decision.accepted(List.of(removed)));
    assertThat(decider.decide(decider.evolve(blocked, removed), remove)).isInstanceOfSatisfying(Decision.Refused.class,
        refused -> assertThat(refused.problem().status()).isEqualTo(404));
  }

  @Test
  void where_no_policy_is_set_it_is_said_of_which_place() {
    assertThat(PolicyDecider.notSet(UPGRADE, null).detail()).contains(UPGRADE).doesNotContain("template");
    assertThat(PolicyDecider.notSet(UPGRADE, new TemplateId("web")).detail()).contains(UPGRADE + " and the template web");
  }

  @Test
  void the_consequences_of_a_trip_are_numbers() {
    var consequences = Consequences.of(new Ask.Stake(Given.TRIP, 2, 10, 3, 40));
    assertThat(consequences)
        .extracting(c -> c.option() + " " + c.instancesGoingOn() + " " + c.instancesRetried() + " " + c.instancesRolledBack())
        .containsExactly("continue_anyway 43 0 0", "retry_failed 43 2 0", "rollback_completed_batches 0 0 10", "abort 0 0 0");
  }
}
