package dev.sluice.contract;

/// The id of an instance.
public record InstanceId(String value) implements Id {
  public InstanceId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
