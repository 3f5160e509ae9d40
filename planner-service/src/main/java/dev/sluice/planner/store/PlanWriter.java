package dev.sluice.planner.store;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import java.util.List;

/// Writes what became of a plan: its facts to the journal, and its rows, in the caller's transaction. Nudge the journal after the commit.
public final class PlanWriter {
  /// Facts of one statement: a chunk of members has up to 256 KB.
  private static final int AT_ONCE = 20;
  private final Journal journal;
  private final Stores stores;

  public PlanWriter(Journal journal, Stores stores) {
    this.journal = journal;
    this.stores = stores;
  }

  /// A revision with its members.
  ///
  /// @param counts false: a draft
  public void revision(Db.Tx tx, Draft draft, List<PlanEvent> events, boolean counts) {
    var header = draft.revision().header();
    stores.plans().add(tx, draft.revision(), draft.shown(), counts);
    stores.members().add(tx, header, draft.revision().members(), draft.excluded());
    tell(tx, header, events, header.madeAt(), header.madeBy());
  }

  /// Facts of a plan.
  public void tell(Db.Tx tx, PlanHeader of, List<PlanEvent> events, java.time.Instant at, String actor) {
    var stream = of.rolloutId().value();
    var scope = new Scope(of.rolloutId(), of.inputs().templateId(), of.inputs().moduleId());
    for (int from = 0; from < events.size(); from += AT_ONCE) {
      var some = events.subList(from, Math.min(events.size(), from + AT_ONCE)).stream().map(e -> new Journal.Entry(e, scope)).toList();
      journal.appendNext(tx, Topics.PLAN, stream, stream, some, at, actor);
    }
  }
}
