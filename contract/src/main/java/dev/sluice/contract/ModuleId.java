package dev.sluice.contract;

/// The id of a module.
public record ModuleId(String value) implements Id {
  public ModuleId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
