package dev.sluice.rollout.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.contract.TemplateId;
import dev.sluice.rollout.store.ReconcilerStore;
import dev.sluice.rollout.store.RolloutStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/// The REST of the reconciler.
public final class ReconcilerApi {
  private final ReconcilerStore store;
  private final RolloutStore rollouts;
  private final Runnable nudge;
  private final InstantSource clock;
  private final Duration tick;

  /// @param nudge lets the reconciler run now
  public ReconcilerApi(ReconcilerStore store, RolloutStore rollouts, Runnable nudge, InstantSource clock, Duration tick) {
    this.store = store;
    this.rollouts = rollouts;
    this.nudge = nudge;
    this.clock = clock;
    this.tick = tick;
  }

  public void routes(Http http) {
    http.on("getReconciler", _ -> answer()).on("pauseReconciler", call -> {
      store.pause(template(call), call.actor());
      return answer();
    }).on("resumeReconciler", call -> {
      store.resume(template(call), call.actor());
      rollouts.allDue(clock.instant());
      nudge.run();
      return answer();
    });
  }

  record Body(TemplateId templateId) {}

  private static TemplateId template(Call call) { return call.body(Body.class).templateId(); }

  record ReconcilerAnswer(boolean paused, List<TemplateId> pausedTemplates, long tickSec, Instant lastTickAt,
      List<ReconcilerStore.Replica> replicas) {}

  private Answer answer() {
    return Answer.ok(new ReconcilerAnswer(store.pausedEverywhere(), store.pausedTemplates(), tick.toSeconds(), store.lastTickAt(),
        store.replicas(clock.instant(), tick)));
  }
}
