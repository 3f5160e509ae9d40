package dev.sluice.approval.domain;

import dev.sluice.contract.RequestId;
import static dev.sluice.approval.domain.Given.NOON;
import static dev.sluice.approval.domain.Given.PLAN;
import static dev.sluice.approval.domain.Given.ROLLOUT;
import static dev.sluice.approval.domain.Given.TRIP;
import static dev.sluice.approval.domain.Given.after;
import static dev.sluice.approval.domain.Given.asked;
import static dev.sluice.approval.domain.Given.asks;
import static dev.sluice.approval.domain.Given.given;
import static dev.sluice.approval.domain.Given.plan;
import static dev.sluice.approval.domain.Given.policy;
import static dev.sluice.approval.domain.Given.trip;
import static dev.sluice.approval.domain.Given.tripped;
import static dev.sluice.approval.domain.Given.twoEyes;
import static org.assertj.core.api.Assertions.assertThat;
import dev.sluice.contract.Words;

import dev.sluice.approval.domain.ApprovalCommand.Apply;
import dev.sluice.approval.domain.ApprovalCommand.Approve;
import dev.sluice.approval.domain.ApprovalCommand.BeginEdit;
import dev.sluice.approval.domain.ApprovalCommand.Choose;
import dev.sluice.approval.domain.ApprovalCommand.Expire;
import dev.sluice.approval.domain.ApprovalCommand.Reject;
import dev.sluice.approval.domain.ApprovalCommand.RequestContinuation;
import dev.sluice.approval.domain.ApprovalCommand.Revise;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.contract.ApprovalEvent.ContinuationDecided;
import dev.sluice.contract.ApprovalEvent.ContinuationRequested;
import dev.sluice.contract.ApprovalEvent.OutcomeRecorded;
import dev.sluice.contract.ApprovalEvent.PlanApproved;
import dev.sluice.contract.ApprovalEvent.PlanRejected;
import dev.sluice.contract.ApprovalEvent.PlanRequested;
import dev.sluice.contract.ApprovalEvent.ProceededWithoutApproval;
import dev.sluice.contract.ApprovalEvent.RequestCancelled;
import dev.sluice.contract.ApprovalEvent.RequestExpired;
import dev.sluice.contract.ApprovalEvent.Revised;
import dev.sluice.contract.ApprovalEvent.Voted;
import dev.sluice.contract.Choice;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ApprovalDeciderTest {
  private static final Instant LATER = NOON.plusSeconds(60);
  private static final Instant PLAN_END = NOON.plusSeconds(4 * 3600);
  private static final Instant TRIP_END = NOON.plusSeconds(24 * 3600);

  @Test
  void a_plan_is_asked_of_people_for_four_hours() {
    given().when(asked(plan(1, asks(1)))).then(new PlanRequested(PLAN, plan(1, asks(1)), PLAN_END));
  }

  @Test
  void a_policy_may_narrow_the_life() {
    var policy = PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, 1, false, 60L, "action");
    given().when(asked(plan(1, policy))).then(new PlanRequested(PLAN, plan(1, policy), LATER));
    given().when(new RequestContinuation(TRIP, ROLLOUT, trip(), policy, NOON))
        .then(new ContinuationRequested(TRIP, ROLLOUT, trip(), 1, LATER));
  }

  @Test
  void a_plan_is_asked_once() {
    given(asked(plan(1, asks(1)))).when(asked(plan(1, asks(1)))).thenNothing();
  }

  @Test
  void auto_approve_approves_as_policy() {
    var plan = plan(1, policy(Policy.AUTO_APPROVE));
    given().when(asked(plan)).then(new PlanRequested(PLAN, plan, PLAN_END),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of(), "policy", "policy auto_approve (action)"));
  }

  @Test
  void notify_and_proceed_approves_as_policy_and_warns() {
    var plan = plan(1, policy(Policy.NOTIFY_AND_PROCEED));
    given().when(asked(plan)).then(new PlanRequested(PLAN, plan, PLAN_END),
        new ProceededWithoutApproval(PLAN, ROLLOUT, 1, Policy.NOTIFY_AND_PROCEED),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of(), "policy", "policy notify_and_proceed (action)"));
  }

  @ParameterizedTest
  @EnumSource(value = Policy.class, names = {"AUTO_APPROVE", "NOTIFY_AND_PROCEED"})
  void what_a_policy_would_approve_waits_for_people_where_blocked_was_set_since(Policy policy) {
    var plan = plan(1, policy(policy));
    given().when(asked(plan, policy(Policy.BLOCKED))).then(new PlanRequested(PLAN, plan, PLAN_END));
    given(asked(plan, policy(Policy.BLOCKED))).when(approve("ann")).then(voted("approve", "ann"),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of("ann"), "ann", "yes"));
  }

  @ParameterizedTest
  @EnumSource(value = Policy.class)
  void a_plan_made_by_a_model_is_always_asked_of_a_person(Policy policy) {
    var plan = plan(1, policy(policy), 50, true);
    given().when(asked(plan)).then(new PlanRequested(PLAN, plan, PLAN_END));
  }

  @ParameterizedTest
  @EnumSource(value = Policy.class)
  void no_policy_answers_a_continuation(Policy policy) {
    given().when(new RequestContinuation(TRIP, ROLLOUT, trip(), policy(policy), NOON))
        .then(new ContinuationRequested(TRIP, ROLLOUT, trip(), 1, TRIP_END));
  }

  @Test
  void one_approval_approves_where_one_is_required() {
    given(asked(plan(1, asks(1)))).when(approve("ann")).then(voted("approve", "ann"),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of("ann"), "ann", "yes"));
  }

  @Test
  void two_required_approvals_are_of_two_people() {
    var asked = asked(plan(1, asks(2)));
    given(asked).when(approve("ann")).then(voted("approve", "ann"));
    given(asked, approve("ann")).when(approve("ann")).thenNothing();
    given(asked, approve("ann")).when(approve("bob")).then(voted("approve", "bob"),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of("ann", "bob"), "bob", "yes"));
  }

  @Test
  void one_rejection_ends_it_whoever_approved() {
    given(asked(plan(1, asks(3))), approve("ann")).when(reject("bob")).then(voted("reject", "bob"),
        new PlanRejected(PLAN, ROLLOUT, 1, "bob", "no"));
  }

  @Test
  void who_approved_may_still_reject() {
    given(asked(plan(1, asks(2))), approve("ann")).when(reject("ann")).then(voted("reject", "ann"),
        new PlanRejected(PLAN, ROLLOUT, 1, "ann", "no"));
  }

  @Test
  void a_closed_request_takes_no_answer() {
    var closed = given(asked(plan(1, asks(1))), approve("ann"));
    assertThat(closed.when(approve("ann")).thenRefused(409).extra()).containsEntry("request_status", "approved");
    closed.when(reject("bob")).thenRefused(409);
    closed.when(new BeginEdit(PLAN, 1, "bob", LATER)).thenRefused(409);
  }

  @Test
  void who_made_the_revision_may_not_approve_it_where_duties_are_separate() {
    var asked = asked(plan(1, twoEyes()));
    assertThat(given(asked).when(approve("maker")).thenRefused(403).detail()).contains("separation_of_duties");
    given(asked).when(reject("maker")).then(voted("reject", "maker"), new PlanRejected(PLAN, ROLLOUT, 1, "maker", "no"));
    given(asked).when(approve("ann")).then(voted("approve", "ann"),
        new PlanApproved(PLAN, ROLLOUT, 1, "hash-1", List.of("ann"), "ann", "yes"));
  }

  @Test
  void a_later_blocked_refuses_approval_but_not_rejection() {
    var asked = given(asked(plan(1, asks(1))));
    var refusal = asked.when(new Approve(PLAN, 1, "ann", null, policy(Policy.BLOCKED), LATER)).thenRefused(403);
    assertThat(refusal.extra()).containsEntry("policy", "blocked").containsEntry("source", "action");
    asked.when(reject("ann")).then(voted("reject", "ann"), new PlanRejected(PLAN, ROLLOUT, 1, "ann", "no"));
  }

  @Test
  void a_plan_that_was_made_under_blocked_is_not_approved_later() {
    given(asked(plan(1, policy(Policy.BLOCKED)))).when(approve("ann")).thenRefused(403);
  }

  @Test
  void a_later_auto_approve_does_not_lower_what_is_required() {
    given(asked(plan(1, asks(2)))).when(new Approve(PLAN, 1, "ann", "yes", policy(Policy.AUTO_APPROVE), LATER))
        .then(voted("approve", "ann"));
  }

  @Test
  void another_revision_is_refused_with_the_current_one() {
    var edited = given(asked(plan(1, asks(1))), revise(2));
    assertThat(edited.when(approve("ann")).thenRefused(409).extra()).containsEntry("current_revision", 2);
    assertThat(edited.when(reject("ann")).thenRefused(409).extra()).containsEntry("current_revision", 2);
    assertThat(edited.when(new BeginEdit(PLAN, 1, "ann", LATER)).thenRefused(409).extra()).containsEntry("current_revision", 2);
    assertThat(edited.when(revise(3, 1)).thenRefused(409).extra()).containsEntry("current_revision", 2);
  }

  @Test
  void an_edit_lets_the_votes_fall_and_the_life_begin_anew() {
    var asked = asked(plan(1, asks(2)));
    given(asked, approve("ann")).when(revise(2)).then(new Revised(PLAN, ROLLOUT, plan(2, asks(2)), "editor", LATER.plusSeconds(4 * 3600)));
    given(asked, approve("ann"), revise(2)).when(approve("bob", 2)).then(new Voted(PLAN, ROLLOUT, 2, "approve", "bob", "yes"));
  }

  @Test
  void an_edit_is_recorded_once() {
    given(asked(plan(1, asks(1))), revise(2)).when(revise(2)).thenNothing();
  }

  @Test
  void the_same_edit_by_another_person_at_once_is_refused() {
    var p = plan(2, asks(2));
    var others = new PlanHeader(p.rolloutId(), p.revision(), p.planHash(), p.inputs(), p.target(), p.origins(), p.templateVersion(),
        p.slices(), p.estimatedTotalSeconds(), p.policy(), p.byModel(), "another", p.madeAt(), p.warnings());
    given(asked(plan(1, asks(1))), revise(2)).when(new Revise(PLAN, 1, others, "another", LATER)).thenRefused(409);
  }

  @Test
  void an_edit_stays_pending_under_a_policy_that_would_not_ask() {
    var plan = plan(2, policy(Policy.AUTO_APPROVE));
    given(asked(plan(1, asks(1)))).when(new Revise(PLAN, 1, plan, "editor", LATER))
        .then(new Revised(PLAN, ROLLOUT, plan, "editor", LATER.plusSeconds(4 * 3600)));
  }

  @Test
  void an_edit_that_leaves_nobody_or_is_blocked_is_refused() {
    var asked = given(asked(plan(1, asks(1))));
    asked.when(new Revise(PLAN, 1, plan(2, asks(1), 0, false), "editor", LATER)).thenRefused(409);
    asked.when(new Revise(PLAN, 1, plan(2, policy(Policy.BLOCKED)), "editor", LATER)).thenRefused(403);
  }

  @Test
  void past_its_end_nothing_can_be_done_swept_or_not() {
    var asked = given(asked(plan(1, asks(1))));
    assertThat(asked.when(new Approve(PLAN, 1, "ann", null, asks(1), PLAN_END)).thenRefused(409).extra()).containsEntry("expires_at",
        PLAN_END);
    asked.when(new Reject(PLAN, 1, "ann", null, PLAN_END)).thenRefused(409);
    asked.when(new BeginEdit(PLAN, 1, "ann", PLAN_END)).thenRefused(409);
    asked.when(new Revise(PLAN, 1, plan(2, asks(1)), "ann", PLAN_END)).thenRefused(409);
    given(tripped(1)).when(new Choose(TRIP, 1, Choice.ABORT, "ann", null, TRIP_END)).thenRefused(409);
  }

  @Test
  void a_request_expires_at_its_end_and_not_before() {
    given(asked(plan(1, asks(1)))).when(new Expire(PLAN, PLAN_END.minusNanos(1))).thenNothing();
    given(asked(plan(1, asks(1)))).when(new Expire(PLAN, PLAN_END))
        .then(new RequestExpired(PLAN, ROLLOUT, RequestType.ROLLING_UPGRADE_PLAN));
    given(tripped(1)).when(new Expire(TRIP, TRIP_END.minusNanos(1))).thenNothing();
    given(tripped(1)).when(new Expire(TRIP, TRIP_END)).then(new RequestExpired(TRIP, ROLLOUT, RequestType.ROLLING_UPGRADE_CONTINUATION));
  }

  @ParameterizedTest
  @EnumSource(value = Choice.class, names = {"ROLLBACK_COMPLETED_BATCHES", "ABORT"})
  void one_person_suffices_to_stop_or_go_back(Choice choice) {
    given(tripped(3)).when(choose(choice, "ann")).then(chose(choice, "ann"), decided(choice, "ann"));
  }

  @ParameterizedTest
  @EnumSource(value = Choice.class, names = {"CONTINUE_ANYWAY", "RETRY_FAILED"})
  void going_on_needs_the_required_people_who_name_the_same(Choice choice) {
    var other = choice == Choice.RETRY_FAILED ? Choice.CONTINUE_ANYWAY : Choice.RETRY_FAILED;
    given(tripped(2)).when(choose(choice, "ann")).then(chose(choice, "ann"));
    given(tripped(2), choose(choice, "ann")).when(choose(choice, "ann")).thenNothing();
    given(tripped(2), choose(other, "ann")).when(choose(choice, "bob")).then(chose(choice, "bob"));
    given(tripped(2), choose(choice, "ann")).when(choose(choice, "bob")).then(chose(choice, "bob"), decided(choice, "bob"));
  }

  @Test
  void a_person_may_move_his_vote_and_has_only_one() {
    var moved = given(tripped(2), choose(Choice.CONTINUE_ANYWAY, "ann"), choose(Choice.RETRY_FAILED, "ann"));
    moved.when(choose(Choice.CONTINUE_ANYWAY, "bob")).then(chose(Choice.CONTINUE_ANYWAY, "bob"));
    moved.when(choose(Choice.RETRY_FAILED, "bob")).then(chose(Choice.RETRY_FAILED, "bob"), decided(Choice.RETRY_FAILED, "bob"));
  }

  @Test
  void a_decision_must_fit_the_type() {
    assertThat(given(asked(plan(1, asks(1)))).when(new Choose(PLAN, 1, Choice.ABORT, "ann", null, LATER)).thenRefused(400).errors())
        .singleElement().satisfies(fault -> assertThat(fault.message()).contains("approve, reject"));
    given(tripped(1)).when(new Approve(TRIP, 1, "ann", null, asks(1), LATER)).thenRefused(400);
    given(tripped(1)).when(new Reject(TRIP, 1, "ann", null, LATER)).thenRefused(400);
    given(tripped(1)).when(new BeginEdit(TRIP, 1, "ann", LATER)).thenRefused(409);
    given(tripped(1)).when(new Revise(TRIP, 1, plan(2, asks(1)), "ann", LATER)).thenRefused(409);
    given(tripped(1)).when(new Choose(TRIP, 2, Choice.ABORT, "ann", null, LATER)).thenRefused(409);
  }

  @Test
  void nobody_is_asked_when_the_rollout_went_another_way() {
    var gone = new Supersede(PLAN, ROLLOUT, "ann", "no need");
    var cancelled = new RequestCancelled(PLAN, ROLLOUT, "ann", "no need");
    given(asked(plan(1, asks(1)))).when(gone).then(cancelled, new OutcomeRecorded(PLAN, ROLLOUT, "superseded"));
    given(asked(plan(1, asks(1))), gone).when(gone).thenNothing();
    given(gone).when(asked(plan(1, asks(1)))).thenNothing();
  }

  @Test
  void the_outcome_of_an_answer_is_recorded_once() {
    var approved = given(asked(plan(1, asks(1))), approve("ann"));
    approved.when(new Apply(PLAN)).then(new OutcomeRecorded(PLAN, ROLLOUT, "applied"));
    approved.when(new Supersede(PLAN, ROLLOUT, "bob", null)).then(new OutcomeRecorded(PLAN, ROLLOUT, "superseded"));
    given(asked(plan(1, asks(1))), approve("ann"), new Apply(PLAN)).when(new Supersede(PLAN, ROLLOUT, "bob", null)).thenNothing();
    given(asked(plan(1, asks(1))), approve("ann"), new Apply(PLAN)).when(new Apply(PLAN)).thenNothing();
  }

  @Test
  void a_request_that_was_cancelled_before_its_plan_came_is_about_its_rollout_at_revision_one() {
    var gone = given(new Supersede(PLAN, ROLLOUT, "ann", "no need"));
    assertThat(gone.request().scope()).isEqualTo(new Scope(ROLLOUT, null, null));
    assertThat(gone.when(approve("ann")).thenRefused(409).extra()).containsEntry("request_status", "cancelled")
        .containsEntry("current_revision", 1);
  }

  @Test
  void a_closed_request_stays_about_what_it_was_about() {
    var web = new Scope(ROLLOUT, new TemplateId("web"), new ModuleId("nginx"));
    var gone = new Supersede(PLAN, ROLLOUT, "ann", "no need");
    assertThat(given(asked(plan(1, asks(1))), revise(2), gone).request().scope()).isEqualTo(web);
    assertThat(given(asked(plan(1, asks(1))), approve("ann")).request().scope()).isEqualTo(web);
    assertThat(given(asked(plan(1, asks(1))), revise(2), gone).when(approve("ann")).thenRefused(409).extra())
        .containsEntry("current_revision", 2);
  }

  @Test
  void what_only_tells_people_something_leaves_a_request_as_it_is() {
    var pending = given(asked(plan(1, asks(2))), approve("ann")).request();
    assertThat(after(pending, List.of(new ProceededWithoutApproval(PLAN, ROLLOUT, 1, Policy.NOTIFY_AND_PROCEED)))).isEqualTo(pending);
    assertThat(after(pending, List.of(voted("reject", "bob")))).as("a rejection is its own event").isEqualTo(pending);
  }

  @Test
  void a_trip_is_about_the_rollout_whose_plan_was_asked_for() {
    assertThat(RequestId.ofPlan(ROLLOUT)).isEqualTo(PLAN);
    assertThat(TRIP.planBefore()).contains(PLAN);
    assertThat(PLAN.planBefore()).isEmpty();
  }

  private static Approve approve(String actor) { return approve(actor, 1); }

  private static Approve approve(String actor, int revision) { return new Approve(PLAN, revision, actor, "yes", now(), LATER); }

  private static PolicyView now() { return asks(1); }

  private static Reject reject(String actor) { return new Reject(PLAN, 1, actor, "no", LATER); }

  private static Revise revise(int to) { return revise(to, to - 1); }

  private static Revise revise(int to, int from) { return new Revise(PLAN, from, plan(to, asks(2)), "editor", LATER); }

  private static Choose choose(Choice choice, String actor) { return new Choose(TRIP, 1, choice, actor, "so", LATER); }

  private static Voted voted(String decision, String actor) {
    return new Voted(PLAN, ROLLOUT, 1, decision, actor, decision.equals("approve") ? "yes" : "no");
  }

  private static Voted chose(Choice choice, String actor) {
    return new Voted(TRIP, ROLLOUT, 1, Words.of(choice), actor, "so");
  }

  private static ContinuationDecided decided(Choice choice, String actor) {
    return new ContinuationDecided(TRIP, ROLLOUT, choice, actor, "so");
  }
}
