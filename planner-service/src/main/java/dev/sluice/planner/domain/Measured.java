package dev.sluice.planner.domain;

import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Words;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What was measured while a rollout ran.
///
/// @param trips    how often the breaker tripped
/// @param failures failed verdicts, on the way up and back, and members that were healthy no more, by their reason, in the words of the wire; who fell silent and then showed worse is two
public record Measured(int healthy, int trips, Map<String, Integer> failures) {
  public static final Measured NOTHING = new Measured(0, 0, Map.of());

  public Measured {
    failures = Map.copyOf(failures);
  }

  public Measured evolve(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.VerdictsRecorded e -> counted(e.verdicts());
      case RolloutEvent.RollbackVerdictsRecorded e -> new Measured(healthy, trips, counted(e.verdicts()).failures());
      case RolloutEvent.MembersRegressed e -> {
        var more = new TreeMap<>(failures);
        e.marks().forEach(mark -> fail(more, mark.reason()));
        yield new Measured(healthy, trips, more);
      }
      case RolloutEvent.BreakerTripped _ -> new Measured(healthy, trips + 1, failures);
      default -> this;
    };
  }

  private Measured counted(List<RolloutEvent.Verdict> verdicts) {
    var more = new TreeMap<>(failures);
    int good = healthy;
    for (var verdict : verdicts) {
      if (verdict.healthy()) good++;
      else
        fail(more, verdict.reason());
    }
    return new Measured(good, trips, more);
  }

  private static void fail(Map<String, Integer> failures, Reason reason) {
    failures.merge(reason == null ? "failed" : Words.of(reason), 1, Integer::sum);
  }

  public int failed() { return failures.values().stream().mapToInt(Integer::intValue).sum(); }
}
