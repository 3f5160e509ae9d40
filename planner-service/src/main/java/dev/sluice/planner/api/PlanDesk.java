package dev.sluice.planner.api;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Loop;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.planner.domain.InputRules;
import dev.sluice.planner.domain.PlanCommand;
import dev.sluice.planner.domain.PlanDecider;
import dev.sluice.planner.domain.PlanState;
import dev.sluice.planner.store.Draft;
import dev.sluice.planner.store.PlanStore;
import dev.sluice.planner.store.PlanWriter;
import dev.sluice.planner.store.Stores;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where a wish for a plan meets its pair's one open rollout.
///
/// A plan stays only if all works: those who must hear of it are ready, the pair is free, and both have told that they know it within 5 s, and a second more for
/// each 10,000 members, 40 at most. Otherwise it is withdrawn, and the answer is 503.
public final class PlanDesk {
  private static final Logger log = LoggerFactory.getLogger(PlanDesk.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  /// After this, and the time that its maker waits, a plan that not both know has no maker any more.
  private static final Duration FORGOTTEN = Duration.ofSeconds(30);
  private static final int MEMBERS_A_SECOND = 10_000;
  private static final int MOST_SECONDS = 40;
  private static final Duration LOOK = Duration.ofMillis(20);
  private final Chassis chassis;
  private final Stores stores;
  private final Drafting drafting;
  private final PlanWriter writer;
  private final Holders holders;
  private final Begun begun;
  private final long startedNanos = System.nanoTime();

  /// @param heartbeatIntervalSec how often agents report, in seconds
  public PlanDesk(Chassis chassis, Stores stores, int heartbeatIntervalSec) {
    this.chassis = chassis;
    this.stores = stores;
    this.drafting = new Drafting(chassis, stores, heartbeatIntervalSec);
    this.writer = new PlanWriter(chassis.journal(), stores);
    this.holders = new Holders(chassis, stores);
    this.begun = new Begun(chassis.asks());
  }

  /// @param kept whether it opened a rollout; a dry run and an empty plan leave nothing behind
  record Outcome(Draft draft, boolean kept) {}

  /// Makes a plan and asks for its approval. A dry run is answered as the plan would be, refusals included.
  ///
  /// @param rollout the id that it gets
  /// @param given   as it was sent
  Outcome make(RolloutId rollout, Map<String, Object> given, String actor, boolean byModel) {
    var faults = InputRules.faults(given);
    if (!faults.isEmpty()) throw new ProblemException(Problem.invalid(faults));
    var inputs = InputRules.inputs(given);
    var target = drafting.target(inputs);
    awaitFree(inputs);
    var began = stores.claims().now();
    var draft = drafting.draft(rollout, 1, inputs, target, byModel, actor);
    if (InputRules.dryRun(given) || draft.isEmpty()) return new Outcome(draft, false);
    if (!chassis.ready()) throw new Outage("the planner-service's database or broker is away", null);
    drafting.fleet().ready();
    keep(draft, began);
    confirm(draft.revision().header());
    return new Outcome(draft, true);
  }

  /// A plan that was kept by a maker who died, once both know it.
  PlanStore.Kept made(RolloutId rollout) {
    var plan = stores.plans().plan(rollout.value())
        .orElseThrow(() -> new ProblemException(Problem.unavailable("the plan was withdrawn, for its maker was interrupted; try again")));
    var kept = stores.plans().revision(plan.rolloutId(), plan.revision()).orElseThrow();
    confirm(kept.header());
    return kept;
  }

  /// Refuses a second rollout of a pair.
  private void awaitFree(PlanInputs inputs) {
    var first = holders.ofPair(inputs.templateId().value(), inputs.moduleId().value());
    if (!first.isEmpty()) throw second(inputs, first.getFirst(), stores.claims().letsGo(first.getFirst()));
  }

  /// Computes the revision after the one that was read. It is kept as a draft, and counts once it is adopted.
  PlanHeader revise(Ask.DraftRevision ask) {
    var rollout = ask.rolloutId().value();
    var faults = InputRules.editFaults(ask.changes());
    if (!faults.isEmpty()) throw new ProblemException(Problem.invalid(faults));
    var plan = stores.plans().plan(rollout).orElseThrow(() -> new ProblemException(Problem.notFound("plan", rollout)));
    if (plan.revision() < ask.revision()) throw new ProblemException(PlanDecider.notTakenOver(ask.rolloutId(), ask.revision()));
    // of the revision that was read: by the present one, what an edit in between has changed would be undone
    var current = stores.plans().revision(rollout, ask.revision()).or(() -> stores.plans().revision(rollout, plan.revision())).orElseThrow()
        .header();
    var inputs = InputRules.edited(current.inputs(), ask.changes());
    var draft = drafting.draft(ask.rolloutId(), ask.revision() + 1, inputs, drafting.target(inputs), current.byModel(), ask.actor());
    var header = chassis.db().inTransaction(tx -> revised(tx, draft));
    chassis.journal().nudge();
    log.atInfo().addKeyValue("rollout", rollout).addKeyValue("revision", header.revision()).log("Revision drafted");
    return header;
  }

  private PlanHeader revised(Db.Tx tx, Draft draft) {
    var header = draft.revision().header();
    var state = stores.plans().held(tx, header.rolloutId().value());
    var known = stores.plans().draft(tx, header.rolloutId().value(), header.revision(), header.planHash());
    if (known.isPresent()) return again(tx, known.get().header(), draft);
    var events = accepted(PlanDecider.decide(state, new PlanCommand.Revise(draft.revision())));
    holdTarget(tx, header);
    writer.revision(tx, draft, events, false);
    return header;
  }

  /// The same change once more. Where the one before was never adopted, who is left out is read anew, and the draft is another where another person asks, or the
  /// policy or the template is another by now: who made a revision, and what was read for it, are kept with it. Its members are the same, so nothing is told anew.
  private PlanHeader again(Db.Tx tx, PlanHeader known, Draft draft) {
    var header = draft.revision().header();
    var kept = known.madeBy().equals(header.madeBy()) && known.policy().equals(header.policy())
        && Objects.equals(known.templateVersion(), header.templateVersion()) ? known : header;
    if (!stores.plans().redraft(tx, kept, draft.shown())) return known;
    stores.members().exclude(tx, kept, draft.excluded());
    return kept;
  }

  /// Makes a draft the revision that counts.
  void adopt(Ask.AdoptRevision ask) {
    boolean known = chassis.db().inTransaction(tx -> stores.plans().adopt(tx, ask.rolloutId().value(), ask.revision(), ask.planHash()));
    if (!known) throw new ProblemException(Problem.notFound("draft", ask.rolloutId() + " revision " + ask.revision()));
  }

  /// @param began when its drafting began, by the database's clock
  private void keep(Draft draft, Instant began) {
    var header = draft.revision().header();
    var inputs = header.inputs();
    var events = accepted(PlanDecider.decide(new PlanState.Absent(), new PlanCommand.Propose(draft.revision())));
    chassis.db().doInTransaction(tx -> {
      holdTarget(tx, header);
      stores.plans().add(tx, header);
      take(tx, header, began);
      writer.revision(tx, draft, events, true);
    });
    chassis.journal().nudge();
    log.atInfo().addKeyValue("rollout", header.rolloutId()).addKeyValue("template", inputs.templateId())
        .addKeyValue("module", inputs.moduleId()).addKeyValue("instances", header.slices().total()).log("Planned");
  }

  private void take(Db.Tx tx, PlanHeader header, Instant began) {
    var inputs = header.inputs();
    var template = inputs.templateId().value();
    var module = inputs.moduleId().value();
    if (!stores.claims().take(tx, header.rolloutId().value(), template, module)) {
      var first = stores.claims().holder(tx, template, module);
      throw first.map(id -> second(inputs, id, stores.claims().letsGo(tx, id)))
          .orElseGet(() -> new Outage("another plan of this template and module is just being made; try again", null));
    }
    // only who holds the pair knows that nobody changes its instances any more
    stores.claims().freedSince(tx, template, module, began).ifPresent(other -> {
      throw new Outage("rollout " + other + " of the same template and module ended while the fleet was read; try again", null);
    });
  }

  /// Waits until both services have told that they know the plan; withdraws it if they have not in time.
  private void confirm(PlanHeader header) {
    var patience = patience(header);
    long end = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < end && !Thread.currentThread().isInterrupted()) {
      if (known(header.rolloutId().value())) return;
      Await.pause(LOOK);
    }
    // a plan that is under way was taken, and leaves something behind
    if (begun.asFarAsKnown(header.rolloutId())) {
      taken(header.rolloutId().value());
      return;
    }
    var reason = "the approval-service and the rollout-service did not take the plan within " + patience.toSeconds() + " s";
    // another one may have withdrawn it meanwhile; where the database does not say, the repeat finds it
    if (withdraw(header, reason) || !stores.plans().known(header.rolloutId().value()))
      throw new ProblemException(Problem.unavailable(reason + "; nothing was left behind"));
  }

  /// With all that came before it, no longer than a connection may stand still.
  private static Duration patience(PlanHeader header) {
    return PATIENCE.plusSeconds(Math.min(MOST_SECONDS, header.slices().total() / MEMBERS_A_SECOND));
  }

  /// A database that is away for a moment is asked again.
  private boolean known(String rollout) {
    try {
      return stores.plans().known(rollout);
    } catch (Outage e) {
      return false;
    }
  }

  /// What is under way both know, whoever was to tell us of it: when it has ended it is no forgotten one.
  private void taken(String rollout) {
    chassis.db().doInTransaction(tx -> {
      stores.plans().requested(tx, rollout);
      stores.plans().opened(tx, rollout);
    });
  }

  /// Withdraws plans whose maker could not: he died, or the database went away from him. Not before this process has had the time to hear what was told while it was
  /// not there.
  public void withdrawForgotten() {
    if (System.nanoTime() - startedNanos < FORGOTTEN.toNanos()) return;
    var now = chassis.clock().instant();
    Loop.each(stores.plans().unknown(now.minus(FORGOTTEN)), "rollout", plan -> {
      var header = stores.plans().revision(plan.rolloutId(), plan.revision()).orElseThrow().header();
      if (!header.madeAt().plus(patience(header)).plus(FORGOTTEN).isBefore(now)) return;
      if (begun.begun(header.rolloutId())) taken(plan.rolloutId());
      else
        withdraw(header, "its maker was interrupted");
    });
  }

  /// Its pair is free when the rollout-service lets go of it: somebody may have approved it meanwhile.
  ///
  /// @return whether it is withdrawn now; not where both know it, or it was before
  private boolean withdraw(PlanHeader header, String reason) {
    var rollout = header.rolloutId().value();
    boolean withdrawn = chassis.db().inTransaction(tx -> {
      var events = accepted(PlanDecider.decide(stores.plans().held(tx, rollout), new PlanCommand.Withdraw(reason)));
      if (events.isEmpty()) return false;
      var now = chassis.clock().instant();
      stores.plans().withdraw(tx, rollout, now);
      writer.tell(tx, header, events, now, header.madeBy());
      return true;
    });
    if (withdrawn) {
      chassis.journal().nudge();
      log.atWarn().addKeyValue("rollout", rollout).log("Plan withdrawn: {}", reason);
    }
    return withdrawn;
  }

  /// Holds the versions that the plan needs, and refuses if the target may be none any more.
  private void holdTarget(Db.Tx tx, PlanHeader header) {
    for (var version : stores.catalog().held(tx, PlanStore.versions(header)))
      if (version.id().equals(header.target().id().value())) Drafting.refuseUnlessTarget(version);
  }

  /// @param letsGo whether the first one's plan was withdrawn; whether it was approved before that, the rollout-service alone can tell
  private static RuntimeException second(PlanInputs inputs, String first, boolean letsGo) {
    var pair = "template " + inputs.templateId() + " and module " + inputs.moduleId();
    if (letsGo)
      return new Outage("the plan before of " + pair + " was withdrawn, and the rollout-service has not let go of it yet; try again", null);
    return new ProblemException(Problem.conflict("rollout " + first + " of " + pair
        + " is open; let it end, or cancel or abort it, before you plan another", Map.of("rollout_id", first)));
  }

  private static List<PlanEvent> accepted(Decision<PlanEvent> decision) {
    return switch (decision) {
      case Decision.Accepted<PlanEvent>(var events) -> events;
      case Decision.Refused<PlanEvent>(var problem) -> throw new ProblemException(problem);
    };
  }
}
