package dev.sluice.health.ingest;

import dev.sluice.contract.Purpose;

/// A desired version, as a replica holds it in memory.
///
/// @param rolloutId null: nobody withholds it
/// @param purpose   null where there is no rollout
/// @param closed    nobody waits for it any more, so it is not handed out
/// @param changed   the transaction that wrote it: of two, the later counts
public record Assigned(String moduleId, String version, String digest, String artifactUrl, long generation, String rolloutId,
    Purpose purpose, boolean handedOut, boolean echoed, boolean closed, long changed) {

  Assigned handed() {
    return new Assigned(moduleId, version, digest, artifactUrl, generation, rolloutId, purpose, true, echoed, closed, changed);
  }
}
