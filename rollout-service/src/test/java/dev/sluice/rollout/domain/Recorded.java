package dev.sluice.rollout.domain;

import dev.sluice.contract.Decision;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.Account.Place;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionChain.Finding;
import dev.sluice.rollout.domain.DecisionRow.Head;
import dev.sluice.rollout.store.DecisionTexts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/// The decision record of a story, as the service writes it.
record Recorded(Plans plan, List<DecisionRow> rows) {
  static final RolloutId ID = new RolloutId("r1");
  static final Texts TEXTS = new DecisionTexts();
  /// Every rule, in the words of the OpenAPI document.
  static final Set<String> RULES = new TreeSet<>(
      Set.of("breaker_streak", "breaker_ratio", "breaker_canary", "breaker_no_evidence", "batch_gate",
          "rollback_gate", "operator_command", "plan", "approval", "rejection", "expiry", "plan_withdrawal", "start", "continuation",
          "completion", "evidence"));

  static Recorded of(Story story) {
    var rows = new ArrayList<DecisionRow>();
    var rollout = Story.DECIDER.initial();
    var place = Place.START;
    for (var command : story.heard) {
      var before = rollout.with(_ -> Optional.of(story.plan.roster()));
      var events = ((Decision.Accepted<RolloutEvent>) Story.DECIDER.decide(before, command)).events();
      rollout = before;
      for (var event : events)
        rollout = Story.DECIDER.evolve(rollout, event);
      var head = rows.isEmpty() ? Head.start(ID) : rows.getLast().head();
      rows.add(DecisionRow.behind(head, ID, command.now().at(), "ann", Account.of(before, place, command, events, rollout, TEXTS)));
      place = place.after(events);
    }
    return new Recorded(story.plan, rows);
  }

  Head head() { return rows.getLast().head(); }

  Finding check() { return check(head()); }

  Finding check(Head last) { return check(last, Head.start(ID)); }

  Finding check(Head last, Head kept) {
    var chain = DecisionChain.of(ID, kept);
    for (var row : rows)
      chain = chain.then(row);
    return chain.endsAt(last);
  }

  Optional<Broken> replay() {
    var replay = DecisionReplay.of(TEXTS, _ -> Optional.of(plan.roster()));
    for (var row : rows)
      replay = replay.then(row);
    return replay.differs();
  }

  /// With one row changed, all others as they were.
  Recorded altered(int position, UnaryOperator<DecisionRow> change) {
    var next = new ArrayList<>(rows);
    next.set(position - 1, change.apply(rows.get(position - 1)));
    return new Recorded(plan, next);
  }

  /// With the account of one row changed, and every hash from there on made to fit.
  Recorded rewritten(int position, UnaryOperator<Account> change) {
    var next = new ArrayList<DecisionRow>();
    for (var row : rows)
      next.add(DecisionRow.behind(next.isEmpty() ? Head.start(ID) : next.getLast().head(), ID, row.decidedAt(), row.actor(),
          row.position() == position ? change.apply(row.account()) : row.account()));
    return new Recorded(plan, next);
  }
}
