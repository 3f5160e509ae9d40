package dev.sluice.health.api;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Attempt;
import dev.sluice.chassis.Ids;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Problem;
import dev.sluice.contract.TemplateId;
import dev.sluice.health.store.FleetStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/// Enrols instances, one or many: asks the planner what their templates are made of, and gives each its token.
final class Enrolments {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /// @param name   null: the id
  /// @param labels null: none
  record Wish(String id, String name, String templateId, Map<String, String> labels) {}

  /// What a wish came to: one of the two is null.
  record Outcome(Enrolled enrolled, Problem refusal) {}

  record Enrolled(String id, String token, int heartbeatIntervalSec) {}

  private final Asks asks;
  private final FleetStore store;
  private final InstantSource clock;
  private final int intervalSec;
  private final Consumer<Collection<String>> changed;

  /// @param changed told of those that are enrolled
  Enrolments(Asks asks, FleetStore store, InstantSource clock, int intervalSec, Consumer<Collection<String>> changed) {
    this.asks = asks;
    this.store = store;
    this.clock = clock;
    this.intervalSec = intervalSec;
    this.changed = changed;
  }

  /// A template as it is now.
  ///
  /// @throws ProblemException 404 naming the field, where there is none
  Ask.TemplateView template(String id) {
    try {
      return asks.ask(new Ask.TemplateOf(new TemplateId(id)), LIMIT);
    } catch (ProblemException e) {
      if (e.problem().status() == 404) throw new ProblemException(Problem.unknown("template_id", "template", id));
      throw e;
    }
  }

  /// Enrols what can be, in one transaction.
  ///
  /// @return an outcome for each wish, in their order
  List<Outcome> enrol(List<Wish> wishes, String actor, Attempt attempt) {
    var templates = new HashMap<String, Object>();
    var refused = new HashMap<Integer, Problem>();
    var given = new HashMap<Integer, FleetStore.Enrolment>();
    var tokens = new HashMap<Integer, String>();
    var taken = new HashSet<String>();
    for (int i = 0; i < wishes.size(); i++) {
      var wish = wishes.get(i);
      var template = templates.computeIfAbsent(wish.templateId, this::templateOrProblem);
      // drawn for each, so that another try draws the same for the next one
      var token = attempt.ids().instanceToken();
      var drawn = attempt.ids().next();
      var id = wish.id == null ? drawn : wish.id;
      if (template instanceof Problem problem) refused.put(i, problem);
      else if (!taken.add(id)) refused.put(i, enrolledAlready(id));
      else {
        tokens.put(i, token);
        given.put(i, new FleetStore.Enrolment(id, Objects.requireNonNullElse(wish.name, id), wish.templateId,
            Objects.requireNonNullElse(wish.labels, Map.of()), Ids.hash(token), ((Ask.TemplateView) template).modules()));
      }
    }
    var won = enrol(List.copyOf(given.values()), actor, attempt.done());
    var outcomes = new ArrayList<Outcome>();
    for (int i = 0; i < wishes.size(); i++) {
      if (refused.containsKey(i)) outcomes.add(new Outcome(null, refused.get(i)));
      else if (!won.contains(given.get(i).id())) outcomes.add(new Outcome(null, enrolledAlready(given.get(i).id())));
      else
        outcomes.add(new Outcome(new Enrolled(given.get(i).id(), tokens.get(i), intervalSec), null));
    }
    return outcomes;
  }

  /// @param done by a try before: only whom it enrolled is asked
  private Set<String> enrol(List<FleetStore.Enrolment> given, String actor, boolean done) {
    if (given.isEmpty()) return Set.of();
    var won = done ? store.enrolledSo(given) : store.enrol(given, clock.instant(), actor);
    if (!won.isEmpty()) changed.accept(won);
    return won;
  }

  /// @throws Outage if the planner-service does not say: nobody is enrolled then, and a repeat is for all
  private Object templateOrProblem(String id) {
    try {
      return template(id);
    } catch (ProblemException e) {
      return e.problem();
    }
  }

  private static Problem enrolledAlready(String id) {
    return Problem.conflict("the instance " + id + " is enrolled; decommission it first, or take another id", Map.of("instance_id", id));
  }
}
