package dev.sluice.rollout.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Problem;
import dev.sluice.contract.TemplateId;
import dev.sluice.rollout.RolloutConfig;
import dev.sluice.rollout.store.ReconcilerStore;
import dev.sluice.rollout.store.RolloutStore;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The REST of the reconciler.
public final class ReconcilerApi {
  private static final Logger log = LoggerFactory.getLogger(ReconcilerApi.class);
  private final ReconcilerStore store;
  private final RolloutStore rollouts;
  private final Runnable nudge;
  private final Asks asks;
  private final InstantSource clock;
  private final RolloutConfig config;

  /// @param nudge lets the reconciler run now
  public ReconcilerApi(ReconcilerStore store, RolloutStore rollouts, Runnable nudge, Chassis chassis, RolloutConfig config) {
    this.store = store;
    this.rollouts = rollouts;
    this.nudge = nudge;
    this.asks = chassis.asks();
    this.clock = chassis.clock();
    this.config = config;
  }

  public void routes(Http http) {
    http.on("getReconciler", _ -> answer()).on("pauseReconciler", call -> {
      var template = template(call);
      if (template != null) known(template);
      if (!call.attempt().done()) store.pause(template, call.actor());
      return answer();
    }).on("resumeReconciler", call -> {
      var template = template(call);
      if (template != null && !store.pausedTemplates().contains(template)) known(template);
      if (!call.attempt().done()) store.resume(template, call.actor());
      rollouts.allDue(clock.instant());
      nudge.run();
      return answer();
    });
  }

  /// A name that is mistyped would hold nothing back. Where nobody can say, a pause is never refused: it is a brake.
  private void known(TemplateId template) {
    try {
      asks.ask(new Ask.TemplateOf(template), config.askLimit());
    } catch (ProblemException e) {
      if (e.problem().status() == 404) throw new ProblemException(Problem.unknown("template_id", "template", template.value()));
      throw e;
    } catch (Outage e) {
      log.atWarn().addKeyValue("template", template).log("Paused or resumed though nobody says whether there is such a template: {}",
          e.getMessage());
    }
  }

  record Body(TemplateId templateId) {}

  private static TemplateId template(Call call) { return call.body(Body.class).templateId(); }

  record ReconcilerAnswer(boolean paused, List<TemplateId> pausedTemplates, long tickSec, Instant lastTickAt,
      List<ReconcilerStore.Replica> replicas) {}

  private Answer answer() {
    return Answer.ok(new ReconcilerAnswer(store.pausedEverywhere(), store.pausedTemplates(), config.tick().toSeconds(), store.lastTickAt(),
        store.replicas(clock.instant(), config.tick())));
  }
}
