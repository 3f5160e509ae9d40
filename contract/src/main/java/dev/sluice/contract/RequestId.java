package dev.sluice.contract;

/// The id of an approval request.
public record RequestId(String value) implements Id {
  public RequestId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
