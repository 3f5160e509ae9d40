package dev.sluice.rollout.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.Diagnosis;
import dev.sluice.rollout.domain.Refusal;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.ReconcilerStore;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;
import dev.sluice.rollout.store.RolloutStore.Filter;
import dev.sluice.rollout.store.RolloutView;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/// The REST of rollouts for reading.
public final class RolloutsApi {
  private final RolloutDesk desk;
  private final RolloutStore rollouts;
  private final ReconcilerStore reconciler;
  private final InstantSource clock;
  private final Duration tick;

  public RolloutsApi(RolloutDesk desk, RolloutStore rollouts, ReconcilerStore reconciler, InstantSource clock, Duration tick) {
    this.desk = desk;
    this.rollouts = rollouts;
    this.reconciler = reconciler;
    this.clock = clock;
    this.tick = tick;
  }

  public void routes(Http http) {
    http.on("listRollouts", this::list).on("getRollout", call -> Answer.ok(show(id(call)))).on("diagnoseRollout", this::diagnose);
  }

  record Page(List<Map<String, Object>> rollouts, String nextCursor) {}

  private Answer list(Call call) {
    var filter = new Filter(call.query("state").orElse(null), call.query("template_id").orElse(null), call.query("module_id").orElse(null));
    long before = call.cursor().map(Long::valueOf).orElse(Long.MAX_VALUE);
    var found = rollouts.list(filter, before, call.limit() + 1);
    var page = found.subList(0, Math.min(call.limit(), found.size()));
    var next = found.size() > page.size() ? Long.toString(page.getLast().place()) : null;
    return Answer.ok(new Page(page.stream().map(RolloutStore.Listed::view).toList(), next));
  }

  /// A rollout as it stands at the end of its stream.
  RolloutView show(RolloutId id) {
    var loaded = desk.load(id);
    var standing = existing(loaded.state(), id);
    return RolloutView.of(standing, times(id), loaded.end().told(), clock.instant(), Integer.MAX_VALUE);
  }

  record DiagnosisAnswer(String blockedOn, String detail, Instant since, List<Diagnosis.Check> checks) {}

  private Answer diagnose(Call call) {
    var id = id(call);
    var standing = existing(desk.load(id).state(), id);
    var template = standing.plan().inputs().templateId();
    var around = new Diagnosis.Surroundings(reconciler.pausedEverywhere(), reconciler.pausedTemplates().contains(template),
        !reconciler.replicas(clock.instant(), tick).isEmpty());
    var diagnosis = Diagnosis.of(standing, around);
    return Answer.ok(new DiagnosisAnswer(diagnosis.blockedOn(), diagnosis.detail(), since(standing, times(id)), diagnosis.checks()));
  }

  /// Since the batch began, where one is waited for; else since the rollout is in its state.
  private static Instant since(Standing standing, RolloutView.Times times) {
    var batch = standing.batchOpen() && standing.trip().isEmpty() ? standing.currentBatch().map(times.batches()::get).orElse(null) : null;
    return batch == null || batch.startedAt().isBefore(times.since()) ? times.since() : batch.startedAt();
  }

  /// A refusal of the command table as it is where a later rollout of the pair was made, which the table does not know: no rollback is legal then.
  Problem refusal(RolloutId id, Problem refused) {
    if (!(refused.extra().get("legal_commands") instanceof List<?> legal && legal.contains("rollback"))) return refused;
    var state = existing(desk.load(id).state(), id).state();
    return state.ended() && times(id).followed() ? Refusal.of(id, state, true) : refused;
  }

  private RolloutView.Times times(RolloutId id) { return rollouts.times(id).orElseThrow(() -> missing(id)); }

  static Standing existing(Rollout rollout, RolloutId id) {
    var standing = new Standing(rollout);
    if (!standing.exists()) throw missing(id);
    return standing;
  }

  static ProblemException missing(RolloutId id) { return new ProblemException(Problem.notFound("rollout", id.value())); }

  static RolloutId id(Call call) { return new RolloutId(call.path("id")); }
}
