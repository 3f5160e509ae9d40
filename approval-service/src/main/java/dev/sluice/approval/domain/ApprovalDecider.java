package dev.sluice.approval.domain;

import static dev.sluice.contract.Decision.accepted;
import static dev.sluice.contract.Decision.nothing;
import static dev.sluice.contract.Decision.refused;
import dev.sluice.contract.Words;

import dev.sluice.approval.domain.ApprovalCommand.Apply;
import dev.sluice.approval.domain.ApprovalCommand.Approve;
import dev.sluice.approval.domain.ApprovalCommand.BeginEdit;
import dev.sluice.approval.domain.ApprovalCommand.ByPerson;
import dev.sluice.approval.domain.ApprovalCommand.Choose;
import dev.sluice.approval.domain.ApprovalCommand.Expire;
import dev.sluice.approval.domain.ApprovalCommand.Reject;
import dev.sluice.approval.domain.ApprovalCommand.RequestContinuation;
import dev.sluice.approval.domain.ApprovalCommand.RequestPlan;
import dev.sluice.approval.domain.ApprovalCommand.Revise;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.approval.domain.Request.Absent;
import dev.sluice.approval.domain.Request.Closed;
import dev.sluice.approval.domain.Request.ContinuationPending;
import dev.sluice.approval.domain.Request.PlanPending;
import dev.sluice.approval.domain.Request.Settled;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.ApprovalEvent.ContinuationDecided;
import dev.sluice.contract.ApprovalEvent.ContinuationRequested;
import dev.sluice.contract.ApprovalEvent.OutcomeRecorded;
import dev.sluice.contract.ApprovalEvent.PlanApproved;
import dev.sluice.contract.ApprovalEvent.PlanRejected;
import dev.sluice.contract.ApprovalEvent.PlanRequested;
import dev.sluice.contract.ApprovalEvent.PolicyChanged;
import dev.sluice.contract.ApprovalEvent.ProceededWithoutApproval;
import dev.sluice.contract.ApprovalEvent.RequestCancelled;
import dev.sluice.contract.ApprovalEvent.RequestExpired;
import dev.sluice.contract.ApprovalEvent.Revised;
import dev.sluice.contract.ApprovalEvent.Voted;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The rules of an approval request; `behaviour.md`, Approval. One stream for each request.
///
/// What it promises:
/// - a plan is approved by the required number of distinct people, all naming the revision that counts, before `expires_at`; or by its policy, never
///   where a model made it, never after an edit, and never where `blocked` was set since;
/// - a person has one vote: repeating it changes nothing, naming another option moves it, and a rejection or a way back needs no second person;
/// - a closed request takes no answer; what became of the answer is recorded once.
public final class ApprovalDecider implements Decider<Request, ApprovalCommand, ApprovalEvent> {
  /// What a plan's request can be answered with.
  public static final List<String> PLAN_OPTIONS = List.of("approve", "reject");
  /// What a continuation's request can be answered with.
  public static final List<String> CONTINUATION_OPTIONS = Arrays.stream(Choice.values()).map(Words::of).toList();
  /// A continuation is never edited.
  public static final int CONTINUATION_REVISION = 1;
  /// Who approved where a policy did.
  public static final String POLICY = "policy";
  static final String APPLIED = "applied";
  static final String SUPERSEDED = "superseded";

  private record Row(Request request, ApprovalCommand command) {}

  @Override
  public Request initial() { return new Absent(); }

  @Override
  public Decision<ApprovalEvent> decide(Request request, ApprovalCommand command) {
    return switch (new Row(request, command)) {
      case Row(Absent _, RequestPlan c) -> accepted(asked(c));
      case Row(Absent _, RequestContinuation c) -> accepted(List.of(asked(c)));
      case Row(Absent _, Supersede c) -> accepted(superseded(c)); // said before the plan came: nobody is asked later
      case Row(Absent _, ByPerson c) -> refused(Problem.notFound("approval request", c.id().value()));
      case Row(Absent _, Expire _) -> nothing();
      case Row(Absent _, Apply _) -> nothing();

      case Row(PlanPending p, ByPerson c) when late(c, p.expiresAt()) -> refused(over(p.expiresAt()));
      case Row(PlanPending p, Revise c) when adopted(p, c) -> nothing(); // revised before
      case Row(PlanPending p, ByPerson c) when c.revision() != p.plan().revision() -> refused(stale(c, p.plan().revision()));
      case Row(PlanPending p, Approve c) -> approve(p, c);
      case Row(PlanPending p, Reject c) -> accepted(reject(p, c));
      case Row(PlanPending _, Choose c) -> refused(wrongDecision(Words.of(c.choice()), PLAN_OPTIONS));
      case Row(PlanPending _, BeginEdit _) -> nothing();
      case Row(PlanPending p, Revise c) -> revise(p, c);
      case Row(PlanPending p, Expire c) when !c.at().isBefore(p.expiresAt()) ->
        accepted(List.of(new RequestExpired(p.id(), p.plan().rolloutId(), RequestType.ROLLING_UPGRADE_PLAN)));
      case Row(PlanPending _, Expire _) -> nothing();
      case Row(PlanPending _, Supersede c) -> accepted(superseded(c));
      case Row(PlanPending _, RequestPlan _) -> nothing();
      case Row(PlanPending _, RequestContinuation _) -> nothing();
      case Row(PlanPending _, Apply _) -> nothing();

      case Row(ContinuationPending p, ByPerson c) when late(c, p.expiresAt()) -> refused(over(p.expiresAt()));
      case Row(ContinuationPending _, ByPerson c) when c.revision() != CONTINUATION_REVISION -> refused(stale(c, CONTINUATION_REVISION));
      case Row(ContinuationPending p, Choose c) -> accepted(choose(p, c));
      case Row(ContinuationPending _, Approve _) -> refused(wrongDecision("approve", CONTINUATION_OPTIONS));
      case Row(ContinuationPending _, Reject _) -> refused(wrongDecision("reject", CONTINUATION_OPTIONS));
      case Row(ContinuationPending _, BeginEdit _) -> refused(notEditable());
      case Row(ContinuationPending _, Revise _) -> refused(notEditable());
      case Row(ContinuationPending p, Expire c) when !c.at().isBefore(p.expiresAt()) ->
        accepted(List.of(new RequestExpired(p.id(), p.rolloutId(), RequestType.ROLLING_UPGRADE_CONTINUATION)));
      case Row(ContinuationPending _, Expire _) -> nothing();
      case Row(ContinuationPending _, Supersede c) -> accepted(superseded(c));
      case Row(ContinuationPending _, RequestPlan _) -> nothing();
      case Row(ContinuationPending _, RequestContinuation _) -> nothing();
      case Row(ContinuationPending _, Apply _) -> nothing();

      case Row(Closed c, ByPerson _) -> refused(closed(c));
      case Row(Closed c, Apply _) -> accepted(List.of(outcome(c, APPLIED)));
      case Row(Closed c, Supersede _) -> accepted(List.of(outcome(c, SUPERSEDED)));
      case Row(Closed _, RequestPlan _) -> nothing();
      case Row(Closed _, RequestContinuation _) -> nothing();
      case Row(Closed _, Expire _) -> nothing();

      case Row(Settled s, ByPerson _) -> refused(closed(s.closed()));
      case Row(Settled _, RequestPlan _) -> nothing();
      case Row(Settled _, RequestContinuation _) -> nothing();
      case Row(Settled _, Expire _) -> nothing();
      case Row(Settled _, Supersede _) -> nothing();
      case Row(Settled _, Apply _) -> nothing();
    };
  }

  private static List<ApprovalEvent> asked(RequestPlan c) {
    var plan = c.plan();
    var events = new ArrayList<ApprovalEvent>();
    events.add(new PlanRequested(c.id(), plan, end(plan, c.at())));
    var policy = plan.policy().policy();
    boolean proceeds = policy == Policy.AUTO_APPROVE || policy == Policy.NOTIFY_AND_PROCEED;
    if (!proceeds || plan.byModel() || c.now().policy() == Policy.BLOCKED) return events;
    if (policy == Policy.NOTIFY_AND_PROCEED) events.add(new ProceededWithoutApproval(c.id(), plan.rolloutId(), plan.revision(), policy));
    events.add(new PlanApproved(c.id(), plan.rolloutId(), plan.revision(), plan.planHash(), List.of(), POLICY,
        "policy " + Words.of(policy) + " (" + plan.policy().source() + ")"));
    return events;
  }

  private static ApprovalEvent asked(RequestContinuation c) {
    return new ContinuationRequested(c.id(), c.rolloutId(), c.trip(), c.policy().requiredApprovals(),
        c.at().plusSeconds(c.policy().continuationExpiresAfterSec()));
  }

  private static Decision<ApprovalEvent> approve(PlanPending p, Approve c) {
    var kept = p.plan().policy();
    if (c.now().policy() == Policy.BLOCKED) return refused(blocked(c.now()));
    if (kept.policy() == Policy.BLOCKED) return refused(blocked(kept));
    if (kept.separationOfDuties() && c.actor().equals(p.plan().madeBy())) return refused(ownWork(p, kept));
    if (p.approvers().contains(c.actor())) return nothing();
    var vote = new Voted(p.id(), p.plan().rolloutId(), c.revision(), "approve", c.actor(), c.comment());
    var approvers = plus(p.approvers(), c.actor());
    if (approvers.size() < kept.requiredApprovals()) return accepted(List.of(vote));
    return accepted(List.of(vote,
        new PlanApproved(p.id(), p.plan().rolloutId(), c.revision(), p.plan().planHash(), approvers, c.actor(), c.comment())));
  }

  private static List<ApprovalEvent> reject(PlanPending p, Reject c) {
    return List.of(new Voted(p.id(), p.plan().rolloutId(), c.revision(), "reject", c.actor(), c.comment()),
        new PlanRejected(p.id(), p.plan().rolloutId(), c.revision(), c.actor(), c.comment()));
  }

  private static Decision<ApprovalEvent> revise(PlanPending p, Revise c) {
    if (c.plan().policy().policy() == Policy.BLOCKED) return refused(blocked(c.plan().policy()));
    if (c.plan().slices().total() == 0)
      return refused(Problem.conflict("the edit leaves no instance to upgrade; revision " + c.revision() + " still stands",
          Map.of("current_revision", c.revision())));
    return accepted(List.of(new Revised(p.id(), p.plan().rolloutId(), c.plan(), c.actor(), end(c.plan(), c.at()))));
  }

  private static List<ApprovalEvent> choose(ContinuationPending p, Choose c) {
    if (p.votes().get(c.actor()) == c.choice()) return List.of();
    var vote = new Voted(p.id(), p.rolloutId(), c.revision(), Words.of(c.choice()), c.actor(), c.comment());
    long agreeing = 1 + p.votes().entrySet().stream().filter(v -> v.getValue() == c.choice() && !v.getKey().equals(c.actor())).count();
    if (agreeing < needed(c.choice(), p.requiredApprovals())) return List.of(vote);
    return List.of(vote, new ContinuationDecided(p.id(), p.rolloutId(), c.choice(), c.actor(), c.comment()));
  }

  /// Going on is as grave as the plan was; stopping and going back are not.
  private static int needed(Choice choice, int requiredApprovals) {
    return switch (choice) {
      case CONTINUE_ANYWAY, RETRY_FAILED -> requiredApprovals;
      case ROLLBACK_COMPLETED_BATCHES, ABORT -> 1;
    };
  }

  private static List<ApprovalEvent> superseded(Supersede c) {
    return List.of(new RequestCancelled(c.id(), c.rolloutId(), c.actor(), c.comment()),
        new OutcomeRecorded(c.id(), c.rolloutId(), SUPERSEDED));
  }

  private static ApprovalEvent outcome(Closed c, String outcome) { return new OutcomeRecorded(c.id(), c.scope().rolloutId(), outcome); }

  private static Instant end(PlanHeader plan, Instant at) { return at.plusSeconds(plan.policy().expiresAfterSec()); }

  private static boolean late(ByPerson c, Instant expiresAt) { return !c.at().isBefore(expiresAt); }

  private static boolean adopted(PlanPending p, Revise c) {
    return p.plan().revision() == c.plan().revision() && p.plan().planHash().equals(c.plan().planHash())
        && p.plan().madeBy().equals(c.plan().madeBy());
  }

  private static Problem over(Instant expiresAt) {
    return Problem.conflict("the request's life ended at " + expiresAt + "; it can no longer be answered or edited",
        Map.of("expires_at", expiresAt));
  }

  private static Problem stale(ByPerson c, int current) {
    return Problem.conflict(
        "revision " + c.revision() + " is not the one that is asked about; read revision " + current + " and answer that",
        Map.of("current_revision", current));
  }

  private static Problem closed(Closed c) {
    var status = Words.of(c.status());
    return Problem.conflict("the request is " + status + "; only a pending one can be answered or edited",
        Map.of("request_status", status, "current_revision", c.revision()));
  }

  private static Problem notEditable() {
    return Problem.conflict("a continuation cannot be edited; answer it with one of " + String.join(", ", CONTINUATION_OPTIONS),
        Map.of("request_status", "pending", "current_revision", CONTINUATION_REVISION));
  }

  private static Problem wrongDecision(String given, List<String> options) {
    return Problem.invalid("decision", "must be one of " + String.join(", ", options), given);
  }

  private static Problem blocked(PolicyView policy) {
    return Problem.forbidden("the policy blocked (" + policy.source() + ") forbids upgrades; change the policy or reject the request",
        Map.of("policy", "blocked", "source", policy.source()));
  }

  private static Problem ownWork(PlanPending p, PolicyView policy) {
    return Problem.forbidden("the policy " + Words.of(policy.policy()) + " (" + policy.source() + ") asks for separation_of_duties: "
        + p.plan().madeBy() + " made revision " + p.plan().revision() + " and may not approve it",
        Map.of("policy", Words.of(policy.policy()), "source", policy.source()));
  }

  @Override
  public Request evolve(Request request, ApprovalEvent event) {
    return switch (event) {
      case PlanRequested e -> new PlanPending(e.requestId(), e.plan(), e.expiresAt(), List.of());
      case ContinuationRequested e -> new ContinuationPending(e.requestId(), e.rolloutId(), e.requiredApprovals(), e.expiresAt(), Map.of());
      case Voted e -> voted(request, e);
      case Revised e -> new PlanPending(e.requestId(), e.plan(), e.expiresAt(), List.of());
      case PlanApproved e -> new Closed(e.requestId(), request.scope(), RequestStatus.APPROVED, e.revision());
      case PlanRejected e -> new Closed(e.requestId(), request.scope(), RequestStatus.REJECTED, e.revision());
      case ContinuationDecided e -> new Closed(e.requestId(), request.scope(), RequestStatus.APPROVED, CONTINUATION_REVISION);
      case RequestExpired e -> new Closed(e.requestId(), request.scope(), RequestStatus.EXPIRED, revision(request));
      case RequestCancelled e -> new Closed(e.requestId(), scope(request, e.rolloutId()), RequestStatus.CANCELLED, revision(request));
      case OutcomeRecorded _ -> request instanceof Closed c ? new Settled(c) : request;
      case ProceededWithoutApproval _,PolicyChanged _ -> request;
    };
  }

  private static Request voted(Request request, Voted vote) {
    return switch (request) {
      case PlanPending p when vote.decision().equals("approve") ->
        new PlanPending(p.id(), p.plan(), p.expiresAt(), plus(p.approvers(), vote.actor()));
      case ContinuationPending p ->
        new ContinuationPending(p.id(), p.rolloutId(), p.requiredApprovals(), p.expiresAt(), plus(p.votes(), vote));
      case PlanPending _,Absent _,Closed _,Settled _ -> request;
    };
  }

  private static Scope scope(Request request, RolloutId rolloutId) {
    return request instanceof Absent ? new Scope(rolloutId, null, null) : request.scope();
  }

  private static int revision(Request request) {
    return switch (request) {
      case Absent _ -> 1;
      case PlanPending p -> p.plan().revision();
      case ContinuationPending _ -> CONTINUATION_REVISION;
      case Closed c -> c.revision();
      case Settled s -> s.closed().revision();
    };
  }

  private static List<String> plus(List<String> approvers, String actor) {
    var more = new ArrayList<>(approvers);
    more.add(actor);
    return more;
  }

  private static Map<String, Choice> plus(Map<String, Choice> votes, Voted vote) {
    var more = new HashMap<>(votes);
    more.put(vote.actor(), Words.read(Choice.class, vote.decision()));
    return more;
  }
}
