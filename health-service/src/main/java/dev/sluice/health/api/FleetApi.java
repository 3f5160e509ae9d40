package dev.sluice.health.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Problem;
import dev.sluice.health.domain.Drift;
import dev.sluice.health.store.DriftView;
import dev.sluice.health.store.FleetStore;
import dev.sluice.health.store.FleetView;
import dev.sluice.health.store.FleetView.Filter;
import dev.sluice.health.store.FleetView.Instance;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The fleet for people and programs.
final class FleetApi {
  private final Enrolments enrolments;
  private final FleetStore store;
  private final FleetView view;
  private final DriftView drift;
  private final InstantSource clock;
  private final Consumer<Collection<String>> changed;
  private final Runnable settle;

  /// @param changed told of those that are decommissioned
  /// @param settle  waits for what was heard, so that who has sent a heartbeat, and was answered, reads it
  FleetApi(Enrolments enrolments, FleetStore store, FleetView view, DriftView drift, InstantSource clock,
      Consumer<Collection<String>> changed, Runnable settle) {
    this.enrolments = enrolments;
    this.store = store;
    this.view = view;
    this.drift = drift;
    this.clock = clock;
    this.changed = changed;
    this.settle = settle;
  }

  void mount(Http http) {
    http.on("enrolInstance", this::enrol).on("listInstances", settled(this::list)).on("getInstance", settled(this::get))
        .on("decommissionInstance", this::decommission)
        .on("fleetSummary", settled(call -> Answer.ok(view.summary(call.query("template_id").orElse(null)))))
        .on("driftReport", settled(this::drift));
  }

  /// Only the first page waits: the others are of the same reading.
  private Http.Endpoint settled(Http.Endpoint read) {
    return call -> {
      if (call.cursor().isEmpty()) settle.run();
      return read.answer(call);
    };
  }

  private Answer enrol(Call call) {
    var outcome = enrolments.enrol(List.of(call.body(Enrolments.Wish.class)), call.actor(), call.attempt()).getFirst();
    if (outcome.refusal() != null) throw new ProblemException(outcome.refusal());
    return Answer.created("/v1/instances/" + outcome.enrolled().id(), outcome.enrolled());
  }

  private Answer list(Call call) {
    var label = call.query("label").map(l -> l.split("[:=]", 2));
    var filter = new Filter(call.query("template_id").orElse(null), call.query("status").orElse(null), call.query("module_id").orElse(null),
        label.map(l -> l[0]).orElse(null), label.map(l -> l[1]).orElse(null));
    var found = view.list(filter, call.cursor().orElse(null), call.limit() + 1);
    return Answer.ok(page("instances", found, call.limit(), Instance::id));
  }

  private static <T> Map<String, Object> page(String name, List<T> found, int limit, java.util.function.Function<T, String> id) {
    boolean more = found.size() > limit;
    var items = more ? found.subList(0, limit) : found;
    var page = new LinkedHashMap<String, Object>();
    page.put(name, items);
    page.put("next_cursor", more ? id.apply(items.getLast()) : null);
    return page;
  }

  private Answer get(Call call) {
    return Answer.ok(view.one(call.path("id")).stream().findFirst().orElseThrow(() -> missing(call)));
  }

  private Answer decommission(Call call) {
    if (!store.decommission(call.path("id"), clock.instant(), call.actor())) throw missing(call);
    changed.accept(List.of(call.path("id")));
    return Answer.noContent();
  }

  private static ProblemException missing(Call call) { return new ProblemException(Problem.notFound("instance", call.path("id"))); }

  private Answer drift(Call call) {
    var template = enrolments.template(call.query("template_id").orElseThrow());
    var counts = call.cursor().isEmpty()
        ? drift.counts(template.id().value(), template.modules())
        : drift.countsOfLate(template.id().value(), template.modules());
    var found = drift.page(template.id().value(), template.modules(), call.cursor().orElse(null), call.limit() + 1);
    long total = counts.values().stream().mapToLong(n -> n).sum();
    var words = new LinkedHashMap<String, Long>();
    counts.forEach((bucket, n) -> words.put(Words.of(bucket), n));
    var report = new LinkedHashMap<String, Object>();
    report.put("template_id", template.id());
    report.put("drift", counts.get(Drift.Bucket.CONVERGED) < total);
    report.put("total", total);
    report.put("counts", words);
    report.putAll(page("instances", found, call.limit(), DriftView.Drifter::instanceId));
    report.put("assessed_at", clock.instant());
    return Answer.ok(report);
  }
}
