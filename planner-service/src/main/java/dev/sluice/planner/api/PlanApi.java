package dev.sluice.planner.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Fault;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.planner.api.PlanAnswer.Standing;
import dev.sluice.planner.domain.Progress;
import dev.sluice.planner.store.Draft;
import dev.sluice.planner.store.MemberStore.Excluded;
import dev.sluice.planner.store.PlanStore;
import dev.sluice.planner.store.Stores;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Plans.
public final class PlanApi {
  private final PlanDesk desk;
  private final Stores stores;

  public PlanApi(PlanDesk desk, Stores stores) {
    this.desk = desk;
    this.stores = stores;
  }

  public void routes(Http http) {
    http.on("createPlan", call -> create(call, call.body())).on("getPlan", this::get);
    http.on("executeRollingModuleUpgrade", call -> {
      @SuppressWarnings("unchecked")
      var inputs = (Map<String, Object>) call.body().get("inputs");
      try {
        return create(call, inputs);
      } catch (ProblemException e) {
        throw new ProblemException(within("inputs.", e.problem()));
      }
    });
  }

  /// A problem whose fields lie deeper in what was sent.
  private static Problem within(String prefix, Problem p) {
    var faults = p.errors().stream().map(f -> new Fault(prefix + f.field(), f.message(), f.given())).toList();
    return new Problem(p.type(), p.title(), p.status(), p.detail(), faults, p.extra());
  }

  private Answer create(Call call, Map<String, Object> inputs) {
    var rollout = new RolloutId(call.attempt().ids().next());
    var place = "/v1/plans/" + rollout;
    if (call.attempt().done()) return Answer.created(place, shown(desk.made(rollout), true, 0, PlanAnswer.MOST));
    boolean byModel = call.header("X-Sluice-Via").filter("model"::equals).isPresent();
    var outcome = desk.make(rollout, inputs, call.actor(), byModel);
    var header = outcome.draft().revision().header();
    if (!outcome.kept()) return Answer.ok(shown(outcome.draft(), Standing.NONE));
    return Answer.created(place, shown(outcome.draft(), standing(header, true, 0)));
  }

  private static Map<String, Object> shown(Draft draft, Standing standing) {
    var members = draft.revision().members();
    var ids = members.size() > PlanAnswer.MOST ? null : members.stream().map(PlanMember::instanceId).map(Object::toString).toList();
    var excluded = draft.excluded().stream().limit(PlanAnswer.MOST).map(e -> new Excluded(e.instanceId().value(), Words.of(e.reason())))
        .toList();
    return PlanAnswer.of(draft.revision().header(), draft.shown(), ids, excluded, standing, 0, PlanAnswer.MOST);
  }

  private Answer get(Call call) {
    var rollout = call.path("rollout_id");
    var plan = stores.plans().plan(rollout).orElseThrow(() -> new ProblemException(Problem.notFound("plan", rollout)));
    int revision = call.number("revision").orElse(plan.revision());
    var kept = stores.plans().revision(rollout, revision)
        .orElseThrow(() -> new ProblemException(Problem.notFound("revision " + revision + " of plan", rollout)));
    var header = kept.header();
    int from = Cursors.place(call);
    if (call.number("batch_index").isPresent()) return Answer.ok(batch(header, call.number("batch_index").get(), from, call.limit()));
    if (call.flag("excluded")) return Answer.ok(excluded(header, kept.shown().excludedCount(), from, call.limit()));
    return Answer.ok(shown(kept, revision == plan.revision(), from, call.number("limit").orElse(PlanAnswer.MOST)));
  }

  private Map<String, Object> shown(PlanStore.Kept kept, boolean counts, int from, int limit) {
    var header = kept.header();
    int total = header.slices().total();
    return PlanAnswer.of(header, kept.shown(), total > PlanAnswer.MOST ? null : stores.members().members(header, 0, total),
        stores.members().excluded(header, 0, PlanAnswer.MOST), standing(header, counts, from), from, limit);
  }

  private Standing standing(PlanHeader header, boolean counts, int fromBatch) {
    var rollout = header.rolloutId().value();
    var progress = stores.progress().course(rollout).progress();
    var phases = stores.progress().phases(rollout, fromBatch, fromBatch + PlanAnswer.MOST);
    var untold = counts ? progress.untold() : Progress.START.untold();
    return new Standing(rollout, Words.of(progress.state()), batch -> counts ? phases.getOrDefault(batch, untold) : untold);
  }

  private Map<String, Object> batch(PlanHeader header, int batch, int from, int limit) {
    var slices = header.slices();
    if (batch >= slices.count())
      throw new ProblemException(Problem.notFound("batch", batch + " of this plan; it has " + slices.count()));
    int start = (int) Math.min((long) slices.from(batch) + from, slices.to(batch));
    int end = Math.min(start + limit, slices.to(batch));
    var body = page(header);
    body.put("batch_index", batch);
    body.put("instance_ids", stores.members().members(header, start, end));
    body.put("next_cursor", end < slices.to(batch) ? Integer.toString(from + limit) : null);
    return body;
  }

  private Map<String, Object> excluded(PlanHeader header, int count, int from, int limit) {
    int end = (int) Math.min((long) from + limit, count);
    var body = page(header);
    body.put("excluded", from < end ? stores.members().excluded(header, from, end) : List.of());
    body.put("next_cursor", end < count ? Integer.toString(end) : null);
    return body;
  }

  private static Map<String, Object> page(PlanHeader header) {
    var body = new LinkedHashMap<String, Object>();
    body.put("rollout_id", header.rolloutId());
    body.put("revision", header.revision());
    return body;
  }
}
