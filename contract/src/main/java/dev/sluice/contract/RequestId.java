package dev.sluice.contract;

import java.util.Optional;
import java.util.regex.Pattern;

/// The id of an approval request, derived from the rollout's, so that repeats cannot make two; `docs/adr/0004`.
public record RequestId(String value) implements Id {
  private static final Pattern TRIP = Pattern.compile("(.+)-trip-\\d+");

  public RequestId {
    Id.check(value);
  }

  /// The one request about a rollout's plan.
  public static RequestId ofPlan(RolloutId rollout) { return new RequestId(rollout.value() + "-plan"); }

  /// The question after a rollout's trip.
  ///
  /// @param number 1 for the first
  public static RequestId ofTrip(RolloutId rollout, int number) { return new RequestId(rollout.value() + "-trip-" + number); }

  /// The request about the plan of the rollout that a trip's id names; empty where this is none of a trip.
  public Optional<RequestId> planBefore() {
    var named = TRIP.matcher(value);
    return named.matches() ? Optional.of(ofPlan(new RolloutId(named.group(1)))) : Optional.empty();
  }

  @Override
  public String toString() { return value; }
}
