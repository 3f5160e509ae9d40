package dev.sluice.rollout.domain;

import dev.sluice.contract.Decision;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/// A decision while it is made: the events so far and the state after them. Lives within one call of `decide`.
final class Draft {
  /// The longest list in one event.
  static final int CHUNK = 5_000;
  /// The same where each item may have some hundred characters of detail: a fact must fit into one message of a broker, a megabyte as a rule.
  static final int DETAILED = 500;

  private final RolloutCommand.Now now;
  private final List<RolloutEvent> events = new ArrayList<>();
  private Rollout rollout;

  Draft(Rollout rollout, RolloutCommand.Now now) {
    this.rollout = rollout;
    this.now = now;
  }

  RolloutCommand.Now now() { return now; }

  Rollout rollout() { return rollout; }

  Draft record(RolloutEvent event) {
    events.add(event);
    rollout = Fold.evolve(rollout, event);
    return this;
  }

  /// Records a long list as events of at most [#CHUNK] items; none for an empty list.
  <T> Draft recordAll(List<T> items, Function<List<T>, RolloutEvent> event) { return recordAll(items, CHUNK, event); }

  <T> Draft recordAll(List<T> items, int most, Function<List<T>, RolloutEvent> event) {
    for (int from = 0; from < items.size(); from += most)
      record(event.apply(items.subList(from, Math.min(items.size(), from + most))));
    return this;
  }

  RolloutEvent.Mark mark(int ordinal, Reason reason) {
    return new RolloutEvent.Mark(ordinal, rollout.roster().id(ordinal), rollout.slices().batchOf(ordinal), reason);
  }

  /// Asks back what these were instructed, to the version that each had before.
  Draft askBack(int... ordinals) {
    var plan = rollout.plan();
    return recordAll(IntStream.of(ordinals).mapToObj(i -> instruction(i, rollout.roster().origin(i))).toList(),
        some -> new RolloutEvent.WithdrawalsAsked(plan.inputs().moduleId(), plan.origins(), some));
  }

  /// Asks back what these were instructed on the way back, to the version that they were to leave.
  Draft askBackToTarget(int... ordinals) {
    var plan = rollout.plan();
    return recordAll(IntStream.of(ordinals).mapToObj(i -> instruction(i, 0)).toList(),
        some -> new RolloutEvent.WithdrawalsAsked(plan.inputs().moduleId(), List.of(plan.target()), some));
  }

  /// The next generation for a member.
  ///
  /// @param version its place in the event's versions
  RolloutEvent.Instruction instruction(int ordinal, int version) {
    return new RolloutEvent.Instruction(ordinal, rollout.roster().id(ordinal),
        rollout.generation(ordinal, rollout.members().get(ordinal).generations() + 1), version);
  }

  /// The decision, after everything that follows by itself.
  Decision<RolloutEvent> accepted() {
    Advance.toFixedPoint(this);
    return acceptedSoFar();
  }

  /// The decision alone.
  Decision<RolloutEvent> acceptedSoFar() { return Decision.accepted(events); }
}
