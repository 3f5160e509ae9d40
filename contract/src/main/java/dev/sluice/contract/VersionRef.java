package dev.sluice.contract;

/// A module version as an agent needs it.
///
/// @param artifactUrl where its archive lies; null if there is none
public record VersionRef(VersionId id, String version, Digest digest, String artifactUrl) {
  /// Whether both name one version, or neither does.
  public static boolean same(VersionRef one, VersionRef other) {
    return one == null || other == null ? one == other : one.id().equals(other.id());
  }
}
