package dev.sluice.contract;

/// A module version as an agent needs it.
///
/// @param artifactUrl where its archive lies; null if there is none
public record VersionRef(VersionId id, String version, Digest digest, String artifactUrl) {}
