package dev.sluice.simulation;

/// What must hold whatever happens; `docs/invariants.md`. Each counts how often it could have been broken.
enum Invariant {
  BATCH_GATE, IN_FLIGHT, MEMBERS_ONLY, ONE_CLAIM, EVIDENCE_AFTER, VERDICT_ONCE, BREAKER_RULE, ONE_QUESTION, WITHHELD, AFTER_ABORT, REVISION_APPROVED, ROLLBACK_OWN, OFFER_ENDED, OWN_ABSENCE, EVENT_CHANGE, STREAM_WHOLE, COUNTS_ADD_UP, COMES_TO_AN_END
}
