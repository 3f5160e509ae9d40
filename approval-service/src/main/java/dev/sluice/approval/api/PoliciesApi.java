package dev.sluice.approval.api;

import dev.sluice.approval.ApprovalConfig;
import dev.sluice.approval.domain.PolicyCommand.RemovePolicy;
import dev.sluice.approval.domain.PolicyCommand.SetPolicy;
import dev.sluice.approval.domain.PolicyDecider;
import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.approval.store.PolicyDesk;
import dev.sluice.approval.store.PolicyStore;
import dev.sluice.approval.store.PolicyStore.PolicyRow;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.TemplateId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The REST of intervention policies: of an action as a whole, and narrowed to a template.
public final class PoliciesApi {
  private static final List<String> ALWAYS = List.of("no policy answers a continuation: after a trip a person decides",
      "a plan made by a model is always asked of a person", "an edited revision is always asked of a person");
  private final PolicyDesk desk;
  private final PolicyStore policies;
  private final Asks asks;
  private final ApprovalConfig config;

  public PoliciesApi(PolicyDesk desk, PolicyStore policies, Asks asks, ApprovalConfig config) {
    this.desk = desk;
    this.policies = policies;
    this.asks = asks;
    this.config = config;
  }

  public void routes(Http http) {
    http.on("listPolicies", this::list).on("explainPolicy", this::explain);
    http.on("getPolicy", call -> get(action(call), null)).on("putPolicy", call -> put(call, action(call), null))
        .on("deletePolicy", call -> delete(call, action(call), null));
    http.on("getTemplatePolicy", call -> get(action(call), template(call))).on("putTemplatePolicy", this::putNarrowed)
        .on("deleteTemplatePolicy", call -> delete(call, action(call), template(call)));
  }

  record PolicyAnswer(String action, TemplateId templateId, Policy policy, int requiredApprovals, boolean separationOfDuties,
      long expiresAfterSec,
      long continuationExpiresAfterSec, String source, String changedBy, Instant changedAt) {
    static PolicyAnswer of(PolicyRow row) { return of(row.action(), row.templateId(), row.policy(), row.changedBy(), row.changedAt()); }

    static PolicyAnswer of(String action, TemplateId templateId, PolicyView p, String by, Instant at) {
      return new PolicyAnswer(action, templateId, p.policy(), p.requiredApprovals(), p.separationOfDuties(), p.expiresAfterSec(),
          p.continuationExpiresAfterSec(), p.source(), by, at);
    }
  }

  record Page(List<PolicyAnswer> interventionPolicies, String nextCursor) {}

  private Answer list(Call call) {
    var found = policies.list(call.cursor().map(Long::valueOf).orElse(0L), call.limit() + 1);
    var page = found.subList(0, Math.min(call.limit(), found.size()));
    var next = found.size() > page.size() ? Long.toString(page.getLast().place()) : null;
    return Answer.ok(new Page(page.stream().map(PolicyAnswer::of).toList(), next));
  }

  private Answer get(String action, TemplateId template) {
    return Answer.ok(policies.find(action, template).map(PolicyAnswer::of)
        .orElseThrow(() -> new ProblemException(PolicyDecider.notSet(action, template))));
  }

  record PolicyInput(Policy policy, Integer requiredApprovals, Boolean separationOfDuties, Long expiresAfterSec) {
    PolicyView view(TemplateId template) {
      return PolicyPrecedence.policy(policy, requiredApprovals == null ? 1 : requiredApprovals, Boolean.TRUE.equals(separationOfDuties),
          expiresAfterSec,
          template == null ? PolicyPrecedence.ACTION : PolicyPrecedence.TEMPLATE);
    }
  }

  private Answer put(Call call, String action, TemplateId template) {
    desk.handle(new SetPolicy(action, template, call.body(PolicyInput.class).view(template), call.actor())).orThrow();
    return get(action, template);
  }

  /// A policy for a mistyped template would protect nothing: the planner must know the template.
  private Answer putNarrowed(Call call) {
    var action = action(call);
    var template = template(call);
    asks.ask(new Ask.TemplateOf(template), config.askLimit());
    return put(call, action, template);
  }

  private Answer delete(Call call, String action, TemplateId template) {
    desk.handle(new RemovePolicy(action, template, call.actor())).orThrow();
    return Answer.noContent();
  }

  record Place(String source, Policy policy, boolean applies, String why) {}

  record Explanation(String action, TemplateId templateId, PolicyAnswer applies, String why, List<Place> considered, List<String> always) {}

  private Answer explain(Call call) {
    var action = known(call.query("action").orElseThrow());
    var template = call.query("template_id").map(TemplateId::new).orElse(null);
    var whole = policies.find(action, null);
    var narrowed = template == null ? Optional.<PolicyRow>empty() : policies.find(action, template);
    var considered = PolicyPrecedence.considered(narrowed.map(PolicyRow::policy), whole.map(PolicyRow::policy));
    var winner = narrowed.or(() -> whole).map(PolicyAnswer::of)
        .orElseGet(() -> PolicyAnswer.of(action, null, PolicyPrecedence.byDefault(), null, null));
    var why = winner.source() + ": " + considered.stream().filter(PolicyPrecedence.Considered::applies).findFirst().orElseThrow().why();
    var places = considered.stream().map(c -> new Place(c.source(), c.policy() == null ? null : c.policy().policy(), c.applies(), c.why()))
        .toList();
    return Answer.ok(new Explanation(action, template, winner, why, places, ALWAYS));
  }

  private static String action(Call call) { return known(call.path("action")); }

  private static String known(String action) {
    PolicyPrecedence.unknown(action).ifPresent(problem -> {
      throw new ProblemException(problem);
    });
    return action;
  }

  private static TemplateId template(Call call) { return new TemplateId(call.path("template_id")); }
}
