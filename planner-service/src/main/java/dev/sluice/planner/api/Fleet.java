package dev.sluice.planner.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Await;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.Roster;
import java.time.Duration;
import java.util.Map;

/// What a plan has to ask the other services. A lost ask is asked again until its time is over: 5 s each, a minute for a whole fleet. Blocks.
final class Fleet {
  private static final int PAGE = 5_000;
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration WHOLE = Duration.ofSeconds(60);
  private static final Duration AGAIN = Duration.ofMillis(50);
  private final Asks asks;

  Fleet(Asks asks) {
    this.asks = asks;
  }

  /// All instances of the template; every heartbeat that was answered before is in it.
  ///
  /// @throws Outage if the health-service does not answer in time
  Roster roster(PlanInputs inputs, VersionRef target) {
    var roster = new Roster(target);
    long end = System.nanoTime() + WHOLE.toNanos();
    InstanceId after = null;
    do {
      if (System.nanoTime() > end)
        throw new Outage("the health-service did not give the whole fleet within " + WHOLE.toSeconds() + " s", null);
      var page = persist(
          new Ask.FleetSlice(inputs.templateId(), inputs.moduleId(), inputs.orderByLabel(), after, PAGE, after == null));
      page.members().forEach(roster::add);
      after = page.next();
    } while (after != null);
    return roster;
  }

  /// The policy that applies.
  ///
  /// @throws ProblemException 403 if it is `blocked`
  PolicyView policy(PlanInputs inputs) {
    var view = persist(new Ask.PolicyFor(PolicyView.ROLLING_UPGRADE, inputs.templateId()));
    if (view.policy() != Policy.BLOCKED) return view;
    throw new ProblemException(Problem.forbidden(
        "the policy `blocked` of " + PolicyView.ROLLING_UPGRADE + " (" + view.source() + ") forbids rollouts of template "
            + inputs.templateId()
            + "; change the policy first",
        Map.of("policy", Words.of(view.policy()), "action", PolicyView.ROLLING_UPGRADE, "source", view.source())));
  }

  /// @throws Outage if one of those who must hear of a plan does not work
  void ready() {
    persist(new Ask.AreYouReady(Ask.Service.APPROVAL));
    persist(new Ask.AreYouReady(Ask.Service.ROLLOUT));
  }

  private <R> R persist(Ask<R> question) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        return asks.ask(question, Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime())));
      } catch (Outage e) {
        if (System.nanoTime() + AGAIN.toNanos() > end || Thread.currentThread().isInterrupted()) throw e;
        Await.pause(AGAIN);
      }
    }
  }
}
