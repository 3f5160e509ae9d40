package dev.sluice.contract;

/// The id of a published module version.
public record VersionId(String value) implements Id {
  public VersionId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
