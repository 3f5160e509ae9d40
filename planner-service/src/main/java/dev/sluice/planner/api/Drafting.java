package dev.sluice.planner.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Fault;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.Basis;
import dev.sluice.planner.domain.EmptyPlan;
import dev.sluice.planner.domain.LifecycleMoves;
import dev.sluice.planner.domain.Revision;
import dev.sluice.planner.domain.Roster;
import dev.sluice.planner.store.CatalogStore.Version;
import dev.sluice.planner.store.Draft;
import dev.sluice.planner.store.Shown;
import dev.sluice.planner.store.Stores;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Brings together what a revision is made from: the catalog, the fleet, the policy, and what was learned before. Writes nothing.
final class Drafting {
  private static final int LEARNINGS = 100;
  private final Chassis chassis;
  private final Stores stores;
  private final Fleet fleet;
  private final int heartbeatIntervalSec;

  Drafting(Chassis chassis, Stores stores, int heartbeatIntervalSec) {
    this.chassis = chassis;
    this.stores = stores;
    this.fleet = new Fleet(chassis.asks());
    this.heartbeatIntervalSec = heartbeatIntervalSec;
  }

  Fleet fleet() { return fleet; }

  /// The target of a plan.
  ///
  /// @throws ProblemException if an id names nothing, the version is another module's, or it may be no target
  VersionRef target(PlanInputs inputs) {
    var unknown = new ArrayList<Fault>();
    if (stores.templates().template(inputs.templateId().value()).isEmpty())
      unknown.add(new Fault("template_id", "must name a template that exists", inputs.templateId()));
    if (stores.catalog().module(inputs.moduleId().value()).isEmpty())
      unknown.add(new Fault("module_id", "must name a module that exists", inputs.moduleId()));
    var version = stores.catalog().version(inputs.targetVersionId().value());
    if (version.isEmpty())
      unknown.add(new Fault("target_version_id", "must name a module version that exists", inputs.targetVersionId()));
    Unknown.refuse(unknown);
    var target = version.orElseThrow();
    if (!target.moduleId().equals(inputs.moduleId().value()))
      throw new ProblemException(
          Problem.invalid("target_version_id", "must be a version of the module " + inputs.moduleId(), inputs.targetVersionId()));
    refuseUnlessTarget(target);
    return target.ref();
  }

  /// @throws ProblemException if a version may not be a target
  static void refuseUnlessTarget(Version version) {
    if (LifecycleMoves.mayBeTarget(version.lifecycleState())) return;
    var state = Words.of(version.lifecycleState());
    throw new ProblemException(Problem.conflict(
        version.named() + " is " + state + "; only a blessed or live version can be a target: promote it, or choose another",
        Map.of("target_version_id", version.id(), "lifecycle_state", state)));
  }

  /// The revision that follows from the fleet as it is now.
  Draft draft(RolloutId rollout, int revision, PlanInputs inputs, VersionRef target, boolean byModel, String actor) {
    var roster = fleet.roster(inputs, target);
    var policy = fleet.policy(inputs);
    var template = stores.templates().template(inputs.templateId().value()).orElseThrow();
    var basis = new Basis(rollout, revision, inputs, target, template.versionOf(inputs.moduleId().value()), policy, byModel, actor,
        chassis.clock().instant(), heartbeatIntervalSec);
    return new Draft(Revision.make(basis, roster.eligible()), shown(inputs, roster), List.copyOf(roster.excluded()));
  }

  private Shown shown(PlanInputs inputs, Roster roster) {
    var reasons = new LinkedHashMap<String, Integer>();
    roster.counts().forEach((reason, count) -> reasons.put(Words.of(reason), count));
    var module = inputs.moduleId().value();
    return new Shown(stores.learnings().matching(module, inputs.templateId().value(), LEARNINGS), stores.history().of(module),
        roster.excluded().size(), reasons, roster.eligible().isEmpty() ? EmptyPlan.note(roster.counts()) : null);
  }
}
