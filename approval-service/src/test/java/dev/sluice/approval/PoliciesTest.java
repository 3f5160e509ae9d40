package dev.sluice.approval;

import static dev.sluice.approval.World.WEB;
import static dev.sluice.approval.World.asks;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Policy;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OneWorld.class)
class PoliciesTest {
  private static final String UPGRADE = "system.fleet_rolling_upgrade";
  private static final String ACTION = "/v1/intervention-policies/" + UPGRADE;
  private static final String NARROWED = ACTION + "/templates/web";
  private static World world;

  @BeforeAll
  static void open(World one) { world = one; }

  @AfterEach
  void clean() {
    world.send("DELETE", ACTION, null, "ann");
    world.send("DELETE", NARROWED, null, "ann");
  }

  @Test
  void a_policy_is_set_read_listed_and_removed() {
    assertThat(world.get(ACTION).status()).isEqualTo(404);
    var put = put(ACTION, Map.of("policy", "require_approval", "required_approvals", 2, "expires_after_sec", 60));
    assertThat(put.status()).isEqualTo(200);
    assertThat(put.body()).containsEntry("action", UPGRADE).containsEntry("template_id", null).containsEntry("required_approvals", 2)
        .containsEntry("separation_of_duties", false).containsEntry("expires_after_sec", 60).containsEntry("changed_by", "ann");
    assertThat(put(NARROWED, Map.of("policy", "blocked")).body()).containsEntry("template_id", "web").containsEntry("expires_after_sec",
        14_400);
    assertThat(world.get("/v1/intervention-policies").objects("intervention_policies")).extracting(p -> p.get("policy"))
        .containsExactlyInAnyOrder("require_approval", "blocked");
    assertThat(world.get("/v1/intervention-policies?limit=1").get("next_cursor")).isNotNull();
    assertThat(world.send("DELETE", ACTION, null, "ann").status()).isEqualTo(204);
    assertThat(world.send("DELETE", ACTION, null, "ann").status()).isEqualTo(404);
    assertThat(world.get(ACTION).status()).isEqualTo(404);
    assertThat(world.told(ApprovalEvent.PolicyChanged.class, "policy-" + UPGRADE + "-web").policy().policy()).isEqualTo(Policy.BLOCKED);
  }

  @Test
  void the_narrower_policy_applies_and_explain_says_why() {
    assertThat(explain("").object("applies")).containsEntry("policy", "require_approval").containsEntry("source", "default");
    put(ACTION, Map.of("policy", "auto_approve"));
    put(NARROWED, Map.of("policy", "blocked"));
    var narrowed = explain("&template_id=web");
    assertThat(narrowed.object("applies")).containsEntry("policy", "blocked").containsEntry("source", "template");
    assertThat(narrowed.objects("considered")).extracting(c -> c.get("source") + " " + c.get("applies"))
        .containsExactly("template true", "action false", "default false");
    assertThat(explain("&template_id=db").object("applies")).containsEntry("policy", "auto_approve").containsEntry("source", "action");
    assertThat(policyFor(UPGRADE)).isEqualTo(Policy.BLOCKED);
  }

  @Test
  void a_later_blocked_refuses_approval_and_names_the_policy() {
    var id = world.planned(asks(1));
    put(NARROWED, Map.of("policy", "blocked"));
    var refused = world.decide(id, "ann", "approve", 1);
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).containsEntry("policy", "blocked").containsEntry("source", "template");
    assertThat(world.decide(id, "ann", "reject", 1).body()).containsEntry("status", "rejected");
  }

  @Test
  void a_later_blocked_lets_no_policy_approve_either() {
    put(NARROWED, Map.of("policy", "blocked"));
    var id = world.planned(PolicyPrecedence.policy(Policy.AUTO_APPROVE, 1, false, null, "action"));
    assertThat(world.request(id).body()).containsEntry("status", "pending");
    assertThat(world.decide(id, "ann", "approve", 1).status()).isEqualTo(403);
    world.send("DELETE", NARROWED, null, "ann");
    assertThat(world.decide(id, "ann", "approve", 1).body()).containsEntry("status", "approved").containsEntry("decided_by", "ann");
  }

  @Test
  void a_later_blocked_stops_nothing_that_runs() {
    var trip = world.tripped(asks(1));
    var approved = world.planned(asks(1));
    world.decide(approved, "ann", "approve", 1);
    put(NARROWED, Map.of("policy", "blocked"));
    assertThat(world.request(approved).body()).containsEntry("status", "approved");
    assertThat(world.decide(trip, "ann", "continue_anyway", 1).body()).containsEntry("status", "approved")
        .containsEntry("decision", "continue_anyway");
  }

  @Test
  void who_made_the_revision_may_not_approve_it_where_duties_are_separate() {
    var separate = PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, 1, true, null, "action");
    var id = world.planned(separate);
    var refused = world.decide(id, "maker", "approve", 1);
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).containsEntry("policy", "require_approval").containsEntry("source", "action");
    assertThat(world.request(id).body()).containsEntry("status", "pending").containsEntry("votes", List.of());
    assertThat(world.decide(id, "ann", "approve", 1).body()).containsEntry("status", "approved");
  }

  @Test
  void a_plan_made_by_a_model_waits_for_a_person_whatever_the_policy() {
    var id = world.plannedByModel(PolicyPrecedence.policy(Policy.AUTO_APPROVE, 1, false, null, "action"));
    assertThat(world.request(id).body()).containsEntry("status", "pending");
    assertThat(world.decide(id, "ann", "approve", 1).body()).containsEntry("status", "approved").containsEntry("decided_by", "ann");
  }

  @Test
  void unknown_actions_and_templates_are_404_and_bad_policies_400() {
    var unknown = world.get("/v1/intervention-policies/system.typo");
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.body()).containsEntry("actions", List.of(UPGRADE));
    assertThat(put("/v1/intervention-policies/system.typo", Map.of("policy", "blocked")).status()).isEqualTo(404);
    assertThat(world.get("/v1/intervention-policies/explain?action=system.typo").status()).isEqualTo(404);
    assertThat(world.get("/v1/intervention-policies/explain").status()).isEqualTo(400);
    assertThat(put(ACTION + "/templates/mistyped", Map.of("policy", "blocked")).status()).isEqualTo(404);
    assertThat(
        put(ACTION, Map.of("policy", "allow", "required_approvals", 0, "separation_of_duties", "yes", "expires_after_sec", 0.5, "x", 1))
            .objects("errors"))
        .extracting(e -> e.get("field"))
        .containsExactlyInAnyOrder("policy", "required_approvals", "separation_of_duties", "expires_after_sec", "x");
    assertThat(put(ACTION, Map.of()).objects("errors")).extracting(e -> e.get("field")).containsExactly("policy");
    assertThat(world.get(ACTION).status()).isEqualTo(404);
  }

  @Test
  void the_planner_is_told_which_actions_there_are() {
    assertThat(policyFor(UPGRADE)).isEqualTo(Policy.REQUIRE_APPROVAL);
    org.assertj.core.api.Assertions.assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> policyFor("system.typo"))
        .satisfies(e -> assertThat(e.problem().status()).isEqualTo(404));
  }

  private static Policy policyFor(String action) { return world.ask(new Ask.PolicyFor(action, WEB), World.LIMIT).policy(); }

  private static World.Reply put(String path, Map<String, Object> policy) { return world.send("PUT", path, policy, "ann"); }

  private static World.Reply explain(String more) { return world.get("/v1/intervention-policies/explain?action=" + UPGRADE + more); }
}
