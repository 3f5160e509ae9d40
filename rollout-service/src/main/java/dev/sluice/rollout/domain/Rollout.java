package dev.sluice.rollout.domain;

import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Slices;
import java.util.Optional;
import java.util.function.Function;

/// The state of one rollout: only what the next decision needs. Immutable; one verdict copies one chunk of [Members].
///
/// @param plan   the revision that counts; null before the first
/// @param roster who the members are; null until the store has attached it
public record Rollout(PlanHeader plan, Stage stage, Progress progress, Members members, Roster roster) {
  static final Rollout ABSENT = new Rollout(null, new Stage.Absent(), Progress.NONE, Members.pending(0), null);

  /// The same with its members' names attached.
  public Rollout with(Roster of) { return new Rollout(plan, stage, progress, members, of); }

  /// The same with its members' names attached where the next decision may need them and they are known.
  public Rollout with(Function<PlanHeader, Optional<Roster>> rosters) {
    if (plan == null || roster != null || !new Standing(this).needsRoster()) return this;
    return rosters.apply(plan).map(this::with).orElse(this);
  }

  /// A revision of the plan; the roster of another one does not count for it.
  Rollout with(PlanHeader revision) {
    boolean same = plan != null && plan.planHash().equals(revision.planHash());
    return new Rollout(revision, stage, progress, Members.pending(revision.slices().total()), same ? roster : null);
  }

  Rollout with(Stage next) { return new Rollout(plan, next, progress, members, roster); }

  Rollout with(Progress next) { return new Rollout(plan, stage, next, members, roster); }

  Rollout with(Members next) { return new Rollout(plan, stage, progress, next, roster); }

  Slices slices() { return plan.slices(); }

  /// The counts over one batch.
  Tally tally(int batch) { return members.tally(slices().from(batch), slices().to(batch)); }

  /// The generation of a member as the health-service knows it, from one counted from the plan's.
  long generation(int ordinal, int counted) { return roster.generation(ordinal) + counted; }

  /// A generation as the health-service says it, counted from the plan's.
  long counted(int ordinal, long generation) { return generation - roster.generation(ordinal); }

  boolean knows(int ordinal) { return ordinal >= 0 && ordinal < members.size(); }
}
