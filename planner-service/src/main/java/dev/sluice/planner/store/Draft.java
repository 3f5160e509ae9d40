package dev.sluice.planner.store;

import dev.sluice.planner.domain.Exclusion;
import dev.sluice.planner.domain.Revision;
import java.util.List;

/// A revision with what its reader is shown beside it, and who was left out, in order of id.
public record Draft(Revision revision, Shown shown, List<Exclusion> excluded) {
  public boolean isEmpty() { return revision.members().isEmpty(); }
}
