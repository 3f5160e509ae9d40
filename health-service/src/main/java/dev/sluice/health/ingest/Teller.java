package dev.sluice.health.ingest;

import dev.sluice.health.domain.Telling;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What an agent is to be told now. What was not handed out yet is handed out first, if its rollout delivers it.
public final class Teller {
  private final Gates gates;
  private final HandOut handOut;

  public Teller(Gates gates, HandOut handOut) {
    this.gates = gates;
    this.handOut = handOut;
  }

  /// @param told      handed out, and neither echoed nor shown
  /// @param waiting   to be handed out
  private record Plan(List<Assigned> told, List<Assigned> waiting) {
    static final Plan NOTHING = new Plan(List.of(), List.of());
  }

  private Plan plan(Cell cell) {
    var all = cell.assigned();
    var plan = Plan.NOTHING;
    for (var a : all) {
      if (a.handedOut() ? a.echoed() || Telling.echoed(a.moduleId(), a.digest(), a.generation(), cell.known()) : !deliverable(cell, a))
        continue;
      if (plan == Plan.NOTHING) plan = new Plan(new ArrayList<>(1), new ArrayList<>(1));
      if (a.handedOut()) plan.told.add(a);
      else
        plan.waiting.add(a);
    }
    return plan;
  }

  /// Who says that it stops is skipped by its rollout, and must not come back with what it was handed at that moment.
  private boolean deliverable(Cell cell, Assigned a) {
    return !a.closed() && (a.rolloutId() == null || !cell.stops() && gates.delivers(a.rolloutId(), a.purpose()));
  }

  /// Whether there may be something to tell.
  public boolean mayTell(Cell cell) { return plan(cell) != Plan.NOTHING; }

  /// Whether an attempt may wait for this instance's heartbeats.
  public boolean watched(Cell cell) {
    for (var a : cell.assigned())
      if (a.rolloutId() != null && gates.isOpen(a.rolloutId())) return true;
    return false;
  }

  /// What was handed out before and is neither echoed nor shown: for a heartbeat that changes nothing.
  public List<Assigned> tellAgain(Cell cell) { return plan(cell).told; }

  /// What to tell, ordered by module. Complete at once where nothing must be handed out; else on any thread. Never fails.
  public Future<List<Assigned>> tell(Cell cell) {
    var plan = plan(cell);
    if (plan.waiting.isEmpty()) return Future.succeededFuture(plan.told);
    var asked = plan.waiting.stream().map(a -> handOut.ask(cell, a)).toList();
    return Future.all(asked).map(all -> {
      var told = new ArrayList<>(plan.told);
      for (int i = 0; i < asked.size(); i++)
        if (all.<Boolean>resultAt(i)) told.add(plan.waiting.get(i));
      told.sort(Comparator.comparing(Assigned::moduleId));
      return told;
    });
  }
}
