package dev.sluice.health.domain;

/// What an agent says of one module.
///
/// @param generation the generation of the instruction that it speaks of
/// @param detail     its own words; may be null
public record ModuleStatus(State state, long generation, String detail) {
  /// `applying` is no verdict.
  public enum State {
    APPLYING, HEALTHY, UNHEALTHY, APPLY_FAILED
  }
}
