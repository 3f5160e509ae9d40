package dev.sluice.approval.api;

import dev.sluice.contract.Words;
import dev.sluice.contract.PolicyView;
import dev.sluice.approval.ApprovalConfig;
import dev.sluice.approval.domain.ApprovalCommand;
import dev.sluice.approval.domain.ApprovalCommand.Approve;
import dev.sluice.approval.domain.ApprovalCommand.BeginEdit;
import dev.sluice.approval.domain.ApprovalCommand.Choose;
import dev.sluice.approval.domain.ApprovalCommand.Reject;
import dev.sluice.approval.domain.ApprovalCommand.Revise;
import dev.sluice.approval.domain.Request.PlanPending;
import dev.sluice.approval.store.PolicyStore;
import dev.sluice.approval.store.RequestDesk;
import dev.sluice.approval.store.RequestStore;
import dev.sluice.approval.store.RequestStore.Filter;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Await;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Choice;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RequestId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The REST of requests: read, vote, edit.
public final class RequestsApi {
  private static final Logger log = LoggerFactory.getLogger(RequestsApi.class);
  /// How long a question that a rollout has named may be on its way.
  private static final Duration ON_ITS_WAY = Duration.ofSeconds(5);
  private static final Duration LOOK = Duration.ofMillis(20);
  private final RequestDesk desk;
  private final RequestStore requests;
  private final PolicyStore policies;
  private final Asks asks;
  private final Recount recount;
  private final ApprovalConfig config;

  public RequestsApi(RequestDesk desk, RequestStore requests, PolicyStore policies, Asks asks, ApprovalConfig config) {
    this.desk = desk;
    this.requests = requests;
    this.policies = policies;
    this.asks = asks;
    this.recount = new Recount(asks);
    this.config = config;
  }

  public void routes(Http http) {
    http.on("listApprovalRequests", this::list).on("getApprovalRequest", call -> answer(id(call))).on("decideApprovalRequest", this::decide)
        .on("editApprovalRequest", this::edit);
  }

  record Page(List<RequestAnswer> approvalRequests, String nextCursor) {}

  private Answer list(Call call) {
    var filter = new Filter(call.query("status").orElse(null), call.query("type").orElse(null), call.query("rollout_id").orElse(null));
    long before = call.cursor().map(Long::valueOf).orElse(Long.MAX_VALUE);
    var found = requests.list(filter, before, call.limit() + 1);
    var page = found.subList(0, Math.min(call.limit(), found.size()));
    var next = found.size() > page.size() ? Long.toString(page.getLast().request().place()) : null;
    var now = recount.of(page);
    return Answer.ok(new Page(page.stream().map(dossier -> RequestAnswer.of(dossier, now)).toList(), next));
  }

  private Answer answer(RequestId id) {
    var dossier = requests.find(id).orElseThrow(() -> new ProblemException(Problem.notFound("approval request", id.value())));
    return Answer.ok(RequestAnswer.of(dossier, recount.of(List.of(dossier))));
  }

  record Vote(String decision, int revision, String comment) {}

  private Answer decide(Call call) {
    var id = id(call);
    if (!call.attempt().done()) desk.handle(id, clock -> command(id, call.body(Vote.class), call.actor(), clock), call.actor()).orThrow();
    return answer(id);
  }

  private ApprovalCommand command(RequestId id, Vote vote, String actor, InstantSource clock) {
    return switch (vote.decision()) {
      case "approve" -> {
        var template = desk.load(id).scope().templateId();
        var now = policies.applying(PolicyView.ROLLING_UPGRADE, template);
        // after what was waited for: the life of the request may be over by now
        yield new Approve(id, vote.revision(), actor, vote.comment(), now, clock.instant());
      }
      case "reject" -> new Reject(id, vote.revision(), actor, vote.comment(), clock.instant());
      default ->
        new Choose(id, vote.revision(), Words.read(Choice.class, vote.decision()), actor, vote.comment(), clock.instant());
    };
  }

  /// May it be edited? Then the planner drafts the next revision, the request adopts it, and the planner is told; it also hears of it on the topic.
  private Answer edit(Call call) {
    var id = id(call);
    var changes = new LinkedHashMap<>(call.body());
    int revision = ((Number) changes.remove("revision")).intValue();
    var editable = desk.handle(id, clock -> new BeginEdit(id, revision, call.actor(), clock.instant()), call.actor()).orThrow().state();
    var rollout = ((PlanPending) editable).plan().rolloutId();
    var draft = asks.ask(new Ask.DraftRevision(rollout, revision, changes, call.actor()), config.draftLimit());
    desk.handle(id, clock -> new Revise(id, revision, draft, call.actor(), clock.instant()), call.actor()).orThrow();
    adopt(draft);
    return answer(id);
  }

  private void adopt(PlanHeader draft) {
    try {
      asks.ask(new Ask.AdoptRevision(draft.rolloutId(), draft.revision(), draft.planHash()), config.askLimit());
    } catch (Outage | ProblemException e) {
      log.atInfo().addKeyValue("rollout", draft.rolloutId()).log("The planner hears of revision {} on the topic: {}", draft.revision(),
          e.getMessage());
    }
  }

  /// The id in the path. A rollout names the question after a trip before it has come here; it is waited for, so that every id in an answer can be read at once.
  private RequestId id(Call call) {
    var id = new RequestId(call.path("id"));
    var plan = id.planBefore();
    long end = System.nanoTime() + ON_ITS_WAY.toNanos();
    while (plan.isPresent() && !requests.has(id) && requests.has(plan.get()) && System.nanoTime() < end
        && !Thread.currentThread().isInterrupted())
      Await.pause(LOOK);
    return id;
  }
}
