package dev.sluice.health.domain;

/// Where an instance stands against its template. `behaviour.md`, Drift.
public final class Drift {
  private Drift() {}

  public enum Bucket {
    CONVERGED, DRIFTED, NOT_REPORTING, NEVER_REPORTED, IN_ROLLOUT
  }

  /// @param notReporting silent, or stopped
  /// @param runsTemplate whether it runs the template's version of every module
  /// @param inRollout    whether an open rollout set one of its desired versions
  public record Facts(boolean neverReported, boolean notReporting, boolean runsTemplate, boolean inRollout) {}

  /// The one bucket of an instance: what we cannot see comes before what we see, and what runs comes before why.
  public static Bucket bucket(Facts facts) {
    if (facts.neverReported()) return Bucket.NEVER_REPORTED;
    if (facts.notReporting()) return Bucket.NOT_REPORTING;
    if (facts.runsTemplate()) return Bucket.CONVERGED;
    return facts.inRollout() ? Bucket.IN_ROLLOUT : Bucket.DRIFTED;
  }
}
