package dev.sluice.health.ingest;

/// Who an instance is, as a replica holds it in memory.
///
/// @param enrolled false: decommissioned, its token is void
/// @param changed  the transaction that wrote it: of two, the later counts
public record Credentials(byte[] tokenHash, boolean enrolled, long changed) {}
