package dev.sluice.planner.domain;

import dev.sluice.contract.Words;
import java.util.Map;
import java.util.stream.Collectors;

/// Says why a plan has nobody in it.
public final class EmptyPlan {
  private EmptyPlan() {}

  /// @param excluded how many instances are left out for each reason
  public static String note(Map<Exclusion.Reason, Integer> excluded) {
    if (excluded.isEmpty()) return "nothing to do: the template has no instances";
    return "nothing to do: "
        + excluded.entrySet().stream().map(e -> e.getValue() + " " + Words.of(e.getKey())).collect(Collectors.joining(", "));
  }
}
