package dev.sluice.planner.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What finished rollouts of one kind taught, in numbers and in words.
///
/// **Twins.** Two rollouts are twins if they have the module, the template, the outcome and the band of `batch_pct` (1 to 10, 11 to 25, 26 to 50, 51 to 100) in
/// common. Twins make one learning: their numbers are added up and the words are written anew.
///
/// @param twin     what twins have in common
/// @param rollouts how many rollouts it was learned from
/// @param seconds  their durations added up
/// @param failures failed verdicts by their reason
public record Lesson(String twin, String moduleId, String templateId, String outcome, int lowestPct, int highestPct, int rollouts,
    long instances, long seconds, int trips, Map<String, Integer> failures) {
  public Lesson {
    failures = Map.copyOf(failures);
  }

  /// What a rollout that ends with this fact teaches; empty if the fact is no end, or the rollout never started.
  ///
  /// @param seconds since it started
  public static Optional<Lesson> of(RolloutEvent end, PlanHeader plan, boolean started, Measured measured, long seconds) {
    var outcome = Progress.START.evolve(end).state();
    if (!started || !outcome.ended()) return Optional.empty();
    var inputs = plan.inputs();
    var word = Words.of(outcome);
    var twin = String.join("|", inputs.moduleId().value(), inputs.templateId().value(), word, band(inputs.batchPct()));
    return Optional
        .of(new Lesson(twin, inputs.moduleId().value(), inputs.templateId().value(), word, inputs.batchPct(), inputs.batchPct(), 1,
            plan.slices().total(), seconds, measured.trips(), measured.failures()));
  }

  /// The two as one.
  public Lesson mergedWith(Lesson twinLesson) {
    var all = new TreeMap<>(failures);
    twinLesson.failures.forEach((reason, count) -> all.merge(reason, count, Integer::sum));
    return new Lesson(twin, moduleId, templateId, outcome, Math.min(lowestPct, twinLesson.lowestPct),
        Math.max(highestPct, twinLesson.highestPct), rollouts + twinLesson.rollouts, instances + twinLesson.instances,
        seconds + twinLesson.seconds, trips + twinLesson.trips, all);
  }

  public String category() {
    if (outcome.equals(Words.of(RolloutState.COMPLETED))) return "best_practice";
    return trips > 0 || !failures.isEmpty() ? "failure_mode" : "discovery";
  }

  public List<String> tags() { return List.of("rollout", outcome); }

  public String title() { return moduleId + " on " + templateId + " at " + percent() + ": " + outcome.replace('_', ' '); }

  public String content() {
    var text = new StringBuilder();
    text.append(rollouts == 1 ? "One rollout of " : rollouts + " rollouts of ").append(moduleId).append(" on ").append(templateId)
        .append(" at ").append(percent()).append(" ended ").append(outcome.replace('_', ' ')).append(rollouts == 1 ? ". " : ". On average ")
        .append(instances / rollouts).append(" instances in ").append(seconds / rollouts).append(" s; ").append(trips)
        .append(trips == 1 ? " trip" : " trips").append(" of the breaker.");
    if (failures.isEmpty()) text.append(" Nothing failed.");
    else
      text.append(" Failed: ").append(new TreeMap<>(failures).entrySet().stream().map(f -> f.getValue() + " " + f.getKey())
          .collect(Collectors.joining(", "))).append('.');
    return text.toString();
  }

  private String percent() {
    return lowestPct == highestPct ? lowestPct + " %" : String.format(Locale.ROOT, "%d to %d %%", lowestPct, highestPct);
  }

  private static String band(int batchPct) {
    return batchPct <= 10 ? "1-10" : batchPct <= 25 ? "11-25" : batchPct <= 50 ? "26-50" : "51-100";
  }
}
