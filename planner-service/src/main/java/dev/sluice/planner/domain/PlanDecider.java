package dev.sluice.planner.domain;

import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.PlanCommand.MoveTemplate;
import dev.sluice.planner.domain.PlanCommand.Propose;
import dev.sluice.planner.domain.PlanCommand.Revise;
import dev.sluice.planner.domain.PlanCommand.UndoMove;
import dev.sluice.planner.domain.PlanCommand.Withdraw;
import dev.sluice.planner.domain.PlanState.Absent;
import dev.sluice.planner.domain.PlanState.Made;
import dev.sluice.planner.domain.PlanState.Withdrawn;
import java.util.List;
import java.util.Map;

/// What becomes of a plan. The state is read from the plan's row, which the caller holds: a plan of a million members is not folded from its events for each
/// decision.
public final class PlanDecider {
  private PlanDecider() {}

  private record Row(PlanState state, PlanCommand command) {}

  /// What follows from a command; a repeated one decides to no events.
  public static Decision<PlanEvent> decide(PlanState state, PlanCommand command) {
    return switch (new Row(state, command)) {
      case Row(Absent _, Propose(var revision)) -> propose(revision);
      case Row(Made _, Propose _) -> Decision.nothing();
      case Row(Withdrawn _, Propose _) -> Decision.nothing();
      case Row(Made made, Revise(var draft)) when made.withdrawn() ->
        Decision.refused(Problem.notFound("plan", draft.header().rolloutId().value()));
      case Row(Made made, Revise(var draft)) -> revise(made, draft);
      case Row(Made made, Withdraw _) when made.withdrawn() || made.requested() && made.opened() -> Decision.nothing();
      case Row(Made made, Withdraw(var reason)) ->
        Decision.accepted(List.of(new PlanEvent.PlanWithdrawn(made.plan().rolloutId(), reason)));
      case Row(Absent _, Withdraw _) -> Decision.nothing();
      case Row(Withdrawn _, Withdraw _) -> Decision.nothing();
      case Row(Made made, MoveTemplate(_, var to)) -> moved(made, to);
      case Row(Made made, UndoMove(var present)) -> undone(made, present);
      case Row(Absent _, Revise(var draft)) -> Decision.refused(Problem.notFound("plan", draft.header().rolloutId().value()));
      case Row(Withdrawn _, Revise(var draft)) -> Decision.refused(Problem.notFound("plan", draft.header().rolloutId().value()));
      case Row(Absent _, MoveTemplate _) -> Decision.nothing();
      case Row(Withdrawn _, MoveTemplate _) -> Decision.nothing();
      case Row(Absent _, UndoMove _) -> Decision.nothing();
      case Row(Withdrawn _, UndoMove _) -> Decision.nothing();
    };
  }

  private static Decision<PlanEvent> propose(Revision revision) {
    return revision.members().isEmpty() ? Decision.nothing() : Decision.accepted(revision.events());
  }

  private static Decision<PlanEvent> revise(Made made, Revision draft) {
    int current = made.plan().revision();
    var rollout = made.plan().rolloutId().value();
    if (!made.open()) return Decision.refused(Problem.conflict("rollout " + rollout + " has ended; make a new plan", Map.of()));
    if (draft.header().revision() > current + 1)
      return Decision.refused(notTakenOver(made.plan().rolloutId(), draft.header().revision() - 1));
    if (draft.header().revision() != current + 1)
      return Decision.refused(
          Problem.conflict("the plan of rollout " + rollout + " is at revision " + current + ", not " + (draft.header().revision() - 1)
              + "; read it and decide again", Map.of("revision", current)));
    if (draft.members().isEmpty())
      return Decision.refused(Problem.conflict(
          "the edit would leave nobody: no instance is eligible any more; reject the plan, or leave it as it is", Map.of()));
    return Decision.accepted(draft.events());
  }

  /// The revision that somebody read does not count here yet.
  public static Problem notTakenOver(RolloutId rollout, int revision) {
    return Problem
        .unavailable("revision " + revision + " of the plan of rollout " + rollout + " is not taken over everywhere yet; try again");
  }

  /// Told each time it is asked: who asks again, say after a pause, may have missed the answer.
  private static Decision<PlanEvent> moved(Made made, VersionRef to) { return Decision.accepted(List.of(move(made, to))); }

  /// Whether the template stands where this rollout has set it, so that a repeated move changes nothing.
  public static boolean stands(Made made, VersionRef present, VersionRef to) {
    return made.moved() != null && VersionRef.same(made.moved().to(), to) && VersionRef.same(present, to);
  }

  /// Whether a move leads back, to where the template stood before this rollout moved it or when it was planned: then there is nothing to undo any more.
  public static boolean returns(Made made, PlanCommand command, VersionRef to) {
    return command instanceof UndoMove || VersionRef.same(made.plan().templateVersion(), to);
  }

  private static Decision<PlanEvent> undone(Made made, VersionRef present) {
    if (made.moved() == null || !VersionRef.same(made.moved().to(), present)) return Decision.nothing();
    return Decision.accepted(List.of(move(made, made.moved().from())));
  }

  private static PlanEvent move(Made made, VersionRef to) {
    var inputs = made.plan().inputs();
    return new PlanEvent.TemplateMoved(made.plan().rolloutId(), inputs.templateId(), inputs.moduleId(), to);
  }
}
