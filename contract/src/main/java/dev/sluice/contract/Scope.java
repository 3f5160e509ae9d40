package dev.sluice.contract;

/// What a fact is about, for the envelope of its public events; each may be null.
public record Scope(RolloutId rolloutId, TemplateId templateId, ModuleId moduleId) {
  public static final Scope NONE = new Scope(null, null, null);
}
