package dev.sluice.planner.api;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Ask.Service;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Problem;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.VersionId;
import dev.sluice.planner.domain.LifecycleMoves;
import dev.sluice.planner.store.PlanStore;
import dev.sluice.planner.store.Stores;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What other services ask the planner.
public final class PlannerAsks {
  private static final Logger log = LoggerFactory.getLogger(PlannerAsks.class);
  /// How long a rollback that was asked for may take to start before somebody finds out whether it has, and its pair is free again where not.
  private static final Duration TO_START = Duration.ofSeconds(30);
  private final Chassis chassis;
  private final Stores stores;
  private final PlanDesk desk;
  private final Holders holders;

  public PlannerAsks(Chassis chassis, Stores stores, PlanDesk desk) {
    this.chassis = chassis;
    this.stores = stores;
    this.desk = desk;
    this.holders = new Holders(chassis, stores);
  }

  public void answer(Asks asks) {
    asks.answer(Service.PLANNER, Ask.AreYouReady.class, _ -> ready());
    asks.answer(Service.PLANNER, Ask.DraftRevision.class, desk::revise);
    asks.answer(Service.PLANNER, Ask.AdoptRevision.class, ask -> {
      desk.adopt(ask);
      return new Ask.Done();
    });
    asks.answer(Service.PLANNER, Ask.TemplateOf.class, this::template);
    asks.answer(Service.PLANNER, Ask.VersionsAvailable.class, this::available);
    asks.answer(Service.PLANNER, Ask.ClaimForRollback.class, this::claim);
  }

  private Ask.Done ready() {
    if (!chassis.ready()) throw new Outage("the planner-service's database or broker is away", null);
    return new Ask.Done();
  }

  private Ask.TemplateView template(Ask.TemplateOf ask) {
    var template = stores.templates().template(ask.templateId().value())
        .orElseThrow(() -> new ProblemException(Problem.notFound("template", ask.templateId().value())));
    return new Ask.TemplateView(new TemplateId(template.id()), template.name(),
        template.modules().stream().map(a -> new Ask.Assignment(new ModuleId(a.moduleId()), a.version())).toList());
  }

  private Ask.AvailableVersions available(Ask.VersionsAvailable ask) {
    return new Ask.AvailableVersions(stores.catalog().among(ask.versions().stream().map(VersionId::value).toList()).stream()
        .filter(v -> LifecycleMoves.mayBeRunAgain(v.lifecycleState())).map(v -> new VersionId(v.id())).toList());
  }

  private Ask.Claimed claim(Ask.ClaimForRollback ask) {
    var rollout = ask.rolloutId().value();
    stores.plans().planOrWithdrawn(rollout).ifPresent(plan -> holders.settle(plan.templateId(), plan.moduleId()));
    var until = chassis.clock().instant().plus(TO_START);
    try {
      chassis.db().doInTransaction(tx -> claim(tx, rollout, until));
    } catch (PgException e) {
      if (Db.isDuplicate(e)) throw new ProblemException(open(rollout, "another rollout", Map.of()));
      throw e;
    }
    log.atInfo().addKeyValue("rollout", rollout).log("Pair taken for a rollback");
    return new Ask.Claimed(until);
  }

  private void claim(Db.Tx tx, String rollout, Instant until) {
    var plan = stores.plans().planOrWithdrawn(tx, rollout).orElseThrow(() -> new ProblemException(Problem.notFound("plan", rollout)));
    stores.plans().later(tx, rollout).ifPresent(later -> {
      throw new ProblemException(Problem.conflict("rollout " + rollout + " cannot be rolled back: rollout " + later
          + " of the same template and module was made after it; only the newest can be rolled back, and a plan leads to any version",
          Map.of("rollout_id", later)));
    });
    // who archives one of them now waits, and is refused; who has just done it was waited for
    stores.plans().revision(tx, rollout, plan.revision()).ifPresent(kept -> stores.catalog().held(tx, PlanStore.versions(kept.header())));
    if (stores.claims().retake(tx, rollout, until)) return;
    var holder = stores.claims().holder(tx, plan.templateId(), plan.moduleId());
    throw new ProblemException(open(rollout, "rollout " + holder.orElse("another"),
        holder.<Map<String, Object>>map(id -> Map.of("rollout_id", id)).orElse(Map.of())));
  }

  private static Problem open(String rollout, String other, Map<String, Object> extra) {
    return Problem.conflict("rollout " + rollout + " cannot be rolled back while " + other + " of the same template and module is open",
        extra);
  }
}
