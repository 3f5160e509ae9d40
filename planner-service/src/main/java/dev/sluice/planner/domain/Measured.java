package dev.sluice.planner.domain;

import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Told;
import java.util.Map;
import java.util.TreeMap;

/// What was measured while a rollout ran.
///
/// @param trips    how often the breaker tripped
/// @param failures failed verdicts by their reason, in the words of the wire
public record Measured(int healthy, int trips, Map<String, Integer> failures) {
  public static final Measured NOTHING = new Measured(0, 0, Map.of());

  public Measured {
    failures = Map.copyOf(failures);
  }

  public Measured evolve(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.VerdictsRecorded e -> {
        var more = new TreeMap<>(failures);
        int good = healthy;
        for (var verdict : e.verdicts()) {
          if (verdict.healthy()) good++;
          else
            more.merge(verdict.reason() == null ? "failed" : Told.word(verdict.reason()), 1, Integer::sum);
        }
        yield new Measured(good, trips, more);
      }
      case RolloutEvent.BreakerTripped _ -> new Measured(healthy, trips + 1, failures);
      default -> this;
    };
  }

  public int failed() { return failures.values().stream().mapToInt(Integer::intValue).sum(); }
}
