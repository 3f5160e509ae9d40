package dev.sluice.health.ingest;

/// Who an instance is, as a replica holds it in memory.
///
/// @param enrolment the number of its enrolment; another machine under the same id has a higher one
/// @param enrolled false: decommissioned, its token is void
/// @param changed  the transaction that wrote it: of two, the later counts
public record Credentials(byte[] tokenHash, long enrolment, boolean enrolled, long changed) {}
