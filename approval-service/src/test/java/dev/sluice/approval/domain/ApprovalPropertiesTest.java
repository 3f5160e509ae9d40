package dev.sluice.approval.domain;

import static dev.sluice.approval.domain.Given.DECIDER;
import static dev.sluice.approval.domain.Given.NOON;
import static dev.sluice.approval.domain.Given.PLAN;
import static dev.sluice.approval.domain.Given.ROLLOUT;
import static dev.sluice.approval.domain.Given.TRIP;
import static dev.sluice.approval.domain.Given.plan;
import static dev.sluice.approval.domain.Given.trip;
import static org.assertj.core.api.Assertions.assertThat;
import dev.sluice.contract.Words;

import dev.sluice.approval.domain.ApprovalCommand.Apply;
import dev.sluice.approval.domain.ApprovalCommand.Approve;
import dev.sluice.approval.domain.ApprovalCommand.ByPerson;
import dev.sluice.approval.domain.ApprovalCommand.Choose;
import dev.sluice.approval.domain.ApprovalCommand.Expire;
import dev.sluice.approval.domain.ApprovalCommand.Reject;
import dev.sluice.approval.domain.ApprovalCommand.RequestContinuation;
import dev.sluice.approval.domain.ApprovalCommand.RequestPlan;
import dev.sluice.approval.domain.ApprovalCommand.Revise;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.ApprovalEvent.ContinuationDecided;
import dev.sluice.contract.ApprovalEvent.OutcomeRecorded;
import dev.sluice.contract.ApprovalEvent.PlanApproved;
import dev.sluice.contract.ApprovalEvent.PlanRejected;
import dev.sluice.contract.ApprovalEvent.RequestCancelled;
import dev.sluice.contract.ApprovalEvent.RequestExpired;
import dev.sluice.contract.ApprovalEvent.Revised;
import dev.sluice.contract.ApprovalEvent.Voted;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Thousands of seeded random requests against what must hold for each. The checks know nothing of the decider's state: they read its events only.
class ApprovalPropertiesTest {
  private static final int RUNS = 10_000;
  private static final List<String> PEOPLE = List.of("ann", "bob", "cyd", "maker");
  private static final Map<Choice, Integer> decided = new EnumMap<>(Choice.class);

  /// One random request: its commands in turn, each with what it led to.
  private static final class Run {
    final Random random;
    final List<ApprovalEvent> events = new ArrayList<>();
    Request request = DECIDER.initial();
    Instant now = NOON;
    Instant end;
    int revision = 1;
    int required;

    Run(long seed) {
      random = new Random(seed);
    }

    List<ApprovalEvent> step(ApprovalCommand command) {
      if (!(DECIDER.decide(request, command) instanceof Decision.Accepted<ApprovalEvent>(var more))) return List.of();
      request = Given.after(request, more);
      assertThat(DECIDER.decide(request, command)).as("a repeat of %s", command)
          .satisfies(repeat -> assertThat(repeat instanceof Decision.Accepted<ApprovalEvent>(var again) && !again.isEmpty()).isFalse());
      events.addAll(more);
      return more;
    }

    <T> T any(List<T> of) { return of.get(random.nextInt(of.size())); }

    PolicyView policy() {
      return PolicyPrecedence.policy(any(List.of(Policy.values())), 1 + random.nextInt(3), random.nextBoolean(), 30L + random.nextInt(100),
          "action");
    }
  }

  @Test
  void plans() {
    var seed = new Random().nextLong();
    System.out.println("ApprovalPropertiesTest.plans seed " + seed);
    var closings = new HashSet<Class<?>>();
    for (int i = 0; i < RUNS; i++) {
      var run = new Run(seed + i);
      planRun(run);
      check(run, closings);
    }
    assertThat(closings).as("every end was met").containsExactlyInAnyOrder(PlanApproved.class, PlanRejected.class, RequestExpired.class,
        RequestCancelled.class);
  }

  private static void planRun(Run run) {
    var first = plan(1, run.policy(), 50, run.random.nextBoolean());
    run.required = first.policy().requiredApprovals();
    run.end = NOON.plusSeconds(first.policy().expiresAfterSec());
    var now = run.policy();
    var opening = run.step(new RequestPlan(PLAN, first, now, NOON));
    var policy = first.policy().policy();
    boolean unasked = !first.byModel() && now.policy() != Policy.BLOCKED
        && (policy == Policy.AUTO_APPROVE || policy == Policy.NOTIFY_AND_PROCEED);
    assertThat(opening.getLast() instanceof PlanApproved).as("approved unasked").isEqualTo(unasked);
    for (int i = 0; i < 12; i++) {
      run.now = run.now.plusSeconds(run.random.nextInt(15));
      var command = planCommand(run);
      var more = run.step(command);
      if (!run.now.isBefore(run.end) && command instanceof ByPerson) assertThat(more).as("past the end").isEmpty();
      if (command instanceof ByPerson person && person.revision() != run.revision) assertThat(more).as("another revision").isEmpty();
      if (more.stream().anyMatch(Revised.class::isInstance)) {
        var plan = ((Revise) command).plan();
        run.revision = plan.revision();
        run.required = plan.policy().requiredApprovals();
        run.end = run.now.plusSeconds(plan.policy().expiresAfterSec());
      }
      for (var event : more)
        if (event instanceof PlanApproved e) approvedByEnough(run, e);
    }
  }

  private static ApprovalCommand planCommand(Run run) {
    int revision = run.random.nextInt(8) == 0 ? run.revision + 1 - run.random.nextInt(3) : run.revision;
    var who = run.any(PEOPLE);
    return switch (run.random.nextInt(14)) {
      case 0 -> new Reject(PLAN, revision, who, null, run.now);
      case 1, 2 -> new Revise(PLAN, revision, plan(revision + 1, run.policy(), 50, run.random.nextBoolean()), who, run.now);
      case 3 -> new Expire(PLAN, run.now);
      case 4 -> run.random.nextInt(4) == 0 ? new Supersede(PLAN, ROLLOUT, who, null) : new Apply(PLAN);
      case 5 -> new Choose(PLAN, revision, run.any(List.of(Choice.values())), who, null, run.now);
      default -> new Approve(PLAN, revision, who, null, run.random.nextInt(9) == 0 ? run.policy() : PolicyPrecedence.byDefault(), run.now);
    };
  }

  private static void approvedByEnough(Run run, PlanApproved approved) {
    assertThat(run.now).as("approved in its life").isBefore(run.end);
    assertThat(approved.revision()).isEqualTo(run.revision);
    var voters = new HashSet<String>();
    for (var event : run.events)
      if (event instanceof Voted v && v.decision().equals("approve") && v.revision() == run.revision) voters.add(v.actor());
    assertThat(approved.approvers()).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(voters);
    assertThat(voters).hasSize(run.required);
  }

  @Test
  void continuations() {
    var seed = new Random().nextLong();
    System.out.println("ApprovalPropertiesTest.continuations seed " + seed);
    var closings = new HashSet<Class<?>>();
    decided.clear();
    for (int i = 0; i < RUNS; i++) {
      var run = new Run(seed + i);
      continuationRun(run);
      check(run, closings);
    }
    assertThat(closings).as("every end was met").containsExactlyInAnyOrder(ContinuationDecided.class, RequestExpired.class,
        RequestCancelled.class);
    assertThat(decided.keySet()).as("every choice was met").containsExactlyInAnyOrder(Choice.values());
  }

  private static void continuationRun(Run run) {
    var policy = run.policy();
    run.required = policy.requiredApprovals();
    run.end = NOON.plusSeconds(policy.continuationExpiresAfterSec());
    run.step(new RequestContinuation(TRIP, ROLLOUT, trip(), policy, NOON));
    var votes = new HashMap<String, String>();
    for (int i = 0; i < 10; i++) {
      run.now = run.now.plusSeconds(run.random.nextInt(15));
      for (var event : run.step(continuationCommand(run))) {
        if (event instanceof Voted v) votes.put(v.actor(), v.decision());
        if (event instanceof ContinuationDecided d) {
          assertThat(run.now).as("decided in its life").isBefore(run.end);
          long agreeing = votes.values().stream().filter(Words.of(d.choice())::equals).count();
          boolean goesOn = d.choice() == Choice.CONTINUE_ANYWAY || d.choice() == Choice.RETRY_FAILED;
          assertThat(agreeing).isEqualTo(goesOn ? run.required : 1);
          decided.merge(d.choice(), 1, Integer::sum);
        }
      }
    }
  }

  private static ApprovalCommand continuationCommand(Run run) {
    var who = run.any(PEOPLE);
    return switch (run.random.nextInt(12)) {
      case 0 -> new Expire(TRIP, run.now);
      case 1 -> run.random.nextInt(4) == 0 ? new Supersede(TRIP, ROLLOUT, who, null) : new Apply(TRIP);
      case 2 -> new Choose(TRIP, 1, run.any(List.of(Choice.values())), who, null, run.now);
      default -> new Choose(TRIP, 1, run.any(List.of(Choice.CONTINUE_ANYWAY, Choice.RETRY_FAILED)), who, null, run.now);
    };
  }

  /// A request closes at most once, nothing but the outcome follows, and a replay of its events is its state.
  private static void check(Run run, HashSet<Class<?>> closings) {
    boolean closed = false;
    int outcomes = 0;
    for (var event : run.events) {
      if (event instanceof OutcomeRecorded) outcomes++;
      else
        assertThat(closed).as("nothing follows a closing: %s", run.events).isFalse();
      if (closes(event)) {
        closed = true;
        closings.add(event.getClass());
      }
    }
    assertThat(outcomes).isLessThanOrEqualTo(closed ? 1 : 0);
    assertThat(Given.after(DECIDER.initial(), run.events)).isEqualTo(run.request);
  }

  private static boolean closes(ApprovalEvent event) {
    return event instanceof PlanApproved || event instanceof PlanRejected || event instanceof RequestExpired
        || event instanceof RequestCancelled
        || event instanceof ContinuationDecided;
  }
}
