package dev.sluice.health.domain;

/// Whether an answer to an agent carries a desired version: until its newest generation was handed out and is echoed or, from an agent that echoes none, shown
/// by the digest. `api.md`, health-service.
public final class Telling {
  private Telling() {}

  /// Whether an observation echoes a generation, or shows its digest where the agent reports no status for the module.
  ///
  /// @param seen null: never reported
  public static boolean echoed(String moduleId, String digest, long generation, Observation seen) {
    if (seen == null) return false;
    var status = seen.statuses().get(moduleId);
    if (status != null) return status.generation() >= generation;
    return seen.digests() != null && digest.equals(seen.digests().get(moduleId));
  }
}
