package dev.sluice.rollout.domain;

import dev.sluice.contract.MemberState;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.rollout.domain.Stage.*;
import java.util.List;

/// What follows by itself, step by step until nothing does. It looks at the state alone, not at what led there: whatever nudge was
/// lost, the next command or tick goes on from the same place.
///
/// 1. A batch of which nobody waits any more ends, unless nobody was there and that is no evidence.
/// 2. A batch starts only when the one before it has ended, the breaker is armed, and neither rollout nor reconciler is paused.
/// 3. In an open batch members are told in plan order as slots are free.
/// 4. After the last batch the planner is asked to move the template; on the way back, [Rollback].
/// 5. The pair of template and module is freed when the rollout has ended and no withdrawal is unanswered.
final class Advance {
  private Advance() {}

  static void toFixedPoint(Draft draft) {
    while (step(draft)) {
      // Each step has changed the state.
    }
  }

  private static boolean step(Draft draft) {
    var r = draft.rollout();
    return switch (r.stage()) {
      case Running s when s.open() -> tell(draft) || end(draft);
      case Running s -> next(draft, s);
      case Paused(Running s) when s.open() -> end(draft);
      case RollingBack s -> Rollback.step(draft, s);
      case Ended _ when !r.progress().released() && r.members().tally().unanswered() == 0 -> {
        draft.record(new RolloutEvent.Released());
        yield true;
      }
      case Absent _,AwaitingApproval _,Approved _,Paused _,AwaitingDecision _,Ended _ -> false;
    };
  }

  private static boolean next(Draft draft, Running s) {
    var r = draft.rollout();
    int batch = r.progress().batch() + 1;
    if (batch < r.slices().count()) {
      if (draft.now().reconcilerPaused()) return false;
      draft.record(new RolloutEvent.BatchStarted(batch, r.slices().sizeOf(batch)));
      return true;
    }
    if (s.finishing()) return false;
    var plan = r.plan();
    draft.record(new RolloutEvent.FinishAsked(plan.inputs().templateId(), plan.inputs().moduleId(), plan.target()));
    return true;
  }

  private static boolean end(Draft draft) {
    var r = draft.rollout();
    int batch = r.progress().batch();
    var tally = r.tally(batch);
    if (tally.waiting() > 0) return false;
    draft.record(Breaker.withoutEvidence(r).orElseGet(() -> new RolloutEvent.BatchCompleted(batch, tally.of(MemberState.HEALTHY),
        tally.of(MemberState.FAILED), tally.of(MemberState.SKIPPED))));
    return true;
  }

  /// Tells as many of the open batch as there are slots.
  private static boolean tell(Draft draft) {
    var r = draft.rollout();
    int batch = r.progress().batch();
    int from = r.slices().from(batch);
    int to = r.slices().to(batch);
    var tally = r.members().tally(from, to);
    var inputs = r.plan().inputs();
    int slots = (inputs.maxInFlight() == null ? to - from : inputs.maxInFlight()) - tally.of(MemberState.IN_FLIGHT);
    if (slots <= 0 || tally.of(MemberState.PENDING) == 0) return false;
    var instructions = r.members().in(MemberState.PENDING, from, to, slots).mapToObj(i -> draft.instruction(i, 0)).toList();
    draft.recordAll(instructions, some -> new RolloutEvent.InstancesInstructed(batch, Purpose.UPGRADE, inputs.moduleId(),
        List.of(r.plan().target()), some, inputs.healthTimeoutSec(), inputs.minHealthySec()));
    return true;
  }
}
