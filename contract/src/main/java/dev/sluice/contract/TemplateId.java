package dev.sluice.contract;

/// The id of a template.
public record TemplateId(String value) implements Id {
  public TemplateId {
    Id.check(value);
  }

  @Override
  public String toString() { return value; }
}
