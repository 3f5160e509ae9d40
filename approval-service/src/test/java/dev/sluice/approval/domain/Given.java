package dev.sluice.approval.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Decision;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Slices;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Trip;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.time.Instant;
import java.util.List;

/// Sentences for the tests of a request: given commands that were done, when another comes, then these events or this refusal.
record Given(Request request) {
  static final ApprovalDecider DECIDER = new ApprovalDecider();
  static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  static final RolloutId ROLLOUT = new RolloutId("r1");
  static final RequestId PLAN = new RequestId("r1-plan");
  static final RequestId TRIP = new RequestId("r1-trip-1");

  static Given given(ApprovalCommand... commands) {
    var request = DECIDER.initial();
    for (var command : commands)
      request = after(request, accepted(DECIDER.decide(request, command)));
    return new Given(request);
  }

  When when(ApprovalCommand command) { return new When(DECIDER.decide(request, command)); }

  record When(Decision<ApprovalEvent> decision) {
    void then(ApprovalEvent... events) { assertThat(accepted(decision)).containsExactly(events); }

    void thenNothing() { assertThat(accepted(decision)).isEmpty(); }

    Problem thenRefused(int status) {
      assertThat(decision).isInstanceOf(Decision.Refused.class);
      var problem = ((Decision.Refused<ApprovalEvent>) decision).problem();
      assertThat(problem.status()).as(problem.detail()).isEqualTo(status);
      return problem;
    }
  }

  static List<ApprovalEvent> accepted(Decision<ApprovalEvent> decision) {
    assertThat(decision).isInstanceOf(Decision.Accepted.class);
    return ((Decision.Accepted<ApprovalEvent>) decision).events();
  }

  static Request after(Request request, List<ApprovalEvent> events) {
    for (var event : events)
      request = DECIDER.evolve(request, event);
    return request;
  }

  static PolicyView asks(int approvals) { return PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, approvals, false, null, "action"); }

  static PolicyView policy(Policy policy) { return PolicyPrecedence.policy(policy, 1, false, null, "action"); }

  static PolicyView twoEyes() { return PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, 1, true, null, "template"); }

  static PlanHeader plan(int revision, PolicyView policy) { return plan(revision, policy, 50, false); }

  static PlanHeader plan(int revision, PolicyView policy, int instances, boolean byModel) {
    var inputs = new PlanInputs(new TemplateId("web"), new ModuleId("nginx"), new VersionId("v2"), 20, null, 2, 20, 300, 0, 0, null, true,
        "zone");
    var target = new VersionRef(new VersionId("v2"), "1.26.0", null, null);
    return new PlanHeader(ROLLOUT, revision, "hash-" + revision, inputs, target, List.of(), null, new Slices(instances, 0, 10), 1500,
        policy, byModel,
        "maker", NOON, List.of());
  }

  static Trip trip() {
    return new Trip(1, 0, BreakerRule.STREAK, List.of(new InstanceId("i1"), new InstanceId("i2")), 2, 10, 40, "two in a row");
  }

  static ApprovalCommand asked(PlanHeader plan) { return asked(plan, plan.policy()); }

  static ApprovalCommand asked(PlanHeader plan, PolicyView now) { return new ApprovalCommand.RequestPlan(PLAN, plan, now, NOON); }

  static ApprovalCommand tripped(int requiredApprovals) {
    return new ApprovalCommand.RequestContinuation(TRIP, ROLLOUT, trip(), asks(requiredApprovals), NOON);
  }
}
