package dev.sluice.simulation;

/// What must hold whatever happens; `docs/invariants.md`. Each counts how often it could have been broken.
enum Invariant {
  BATCH_GATE, IN_FLIGHT, MEMBERS_ONLY, ONE_CLAIM, FRESH_EVIDENCE, VERDICT_ONCE, BREAKER_RULE, ONE_TRIP, WITHHELD, ABORT_WINS, APPROVED_REVISION, OWN_VERSION_BACK, NOT_MET_AFTER, OWN_ABSENCE, EVENTS_ARE_CHANGES, STREAM_WHOLE, COUNTS, COMES_TO_AN_END
}
