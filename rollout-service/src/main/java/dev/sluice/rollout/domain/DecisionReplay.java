package dev.sluice.rollout.domain;

import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.rollout.domain.Account.Place;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import java.util.Optional;
import java.util.function.Function;

/// Decides a record once more: the [RolloutDecider] takes the recorded commands one after another, from the rollout that does not exist yet, and must come to the
/// recorded counters, rules and outcomes each time. Pure; a row at a time.
///
/// Who reads the record over REST gives `new DecisionTexts()`, and the members of the plan when they are asked for, which is once and only where one was instructed
/// or may be: all pages of `GET /v1/rollouts/{id}/instances` in order, each item as `new PlanMember(instance_id, origin, plan_generation, false)`, all of them as a
/// [Roster]; empty where the answer is 503, which means that they never arrived.
/// ```java
/// var replay = DecisionReplay.of(new DecisionTexts(), plan -> rosterOf(plan.rolloutId()));
/// for (var view : page.decisions()) replay = replay.then(view.row());
/// replay.differs().ifPresent(d -> ...);          // "position 7 ..."
/// ```
public final class DecisionReplay {
  private static final RolloutDecider DECIDER = new RolloutDecider();
  private final Texts texts;
  private final Function<PlanHeader, Optional<Roster>> rosters;
  private final Rollout rollout;
  private final Place place;
  private final Broken differs;

  private DecisionReplay(Texts texts, Function<PlanHeader, Optional<Roster>> rosters, Rollout rollout, Place place, Broken differs) {
    this.texts = texts;
    this.rosters = rosters;
    this.rollout = rollout;
    this.place = place;
    this.differs = differs;
  }

  /// @param rosters the members of a plan, where they are known
  public static DecisionReplay of(Texts texts, Function<PlanHeader, Optional<Roster>> rosters) {
    return new DecisionReplay(texts, rosters, DECIDER.initial(), Place.START, null);
  }

  /// The first position that the decider does not come to; empty: none.
  public Optional<Broken> differs() { return Optional.ofNullable(differs); }

  /// The replay after one more row. After the first difference it stays as it is.
  public DecisionReplay then(DecisionRow row) {
    if (differs != null) return this;
    try {
      return decided(row, texts.command(row.account().commandKind(), row.account().command()));
    } catch (RuntimeException e) {
      return differs(row, "holds a command that the decider cannot take: " + e.getMessage());
    }
  }

  private DecisionReplay decided(DecisionRow row, RolloutCommand command) {
    if (rollout.plan() == null && !(command instanceof RolloutCommand.Open))
      return differs(row, "is no beginning: the record is younger than its rollout, and cannot be decided again");
    var before = rollout.with(rosters);
    return switch (DECIDER.decide(before, command)) {
      case Decision.Refused<RolloutEvent>(var problem) -> differs(row, "holds a command that the decider refuses: " + problem.detail());
      case Decision.Accepted<RolloutEvent>(var events) when events.isEmpty() -> differs(row, "holds a command that decides to nothing");
      case Decision.Accepted<RolloutEvent>(var events) -> {
        var after = before;
        for (var event : events)
          after = DECIDER.evolve(after, event);
        var fault = fault(row.account(), Account.of(before, place, command, events, after, texts));
        yield fault == null ? new DecisionReplay(texts, rosters, after, place.after(events), null) : differs(row, fault);
      }
    };
  }

  private static String fault(Account recorded, Account now) {
    if (!recorded.counters().equals(now.counters())) return fault("counters", recorded.counters(), now.counters());
    if (!recorded.rule().equals(now.rule())) return fault("rule", recorded.rule(), now.rule());
    if (!recorded.parameters().equals(now.parameters())) return fault("parameters", recorded.parameters(), now.parameters());
    return recorded.outcome().equals(now.outcome()) ? null : fault("outcome", recorded.outcome(), now.outcome());
  }

  private static String fault(String what, String recorded, String now) {
    return "records the " + what + " " + recorded + ", where the decider comes to " + now;
  }

  private DecisionReplay differs(DecisionRow row, String what) {
    return new DecisionReplay(texts, rosters, rollout, place, new Broken(row.position(), what));
  }
}
