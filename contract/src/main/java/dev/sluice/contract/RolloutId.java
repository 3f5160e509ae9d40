package dev.sluice.contract;

/// The id of a rollout.
public record RolloutId(String value) implements Id {
  public RolloutId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
