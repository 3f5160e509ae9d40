package dev.sluice.contract;

/// Why a verdict, a skip or a regression was recorded. `behaviour.md`, Execution.
public enum Reason {
  /// Failed: the deadline passed and the instruction never reached the machine.
  NEVER_HANDED_OUT,
  /// Failed, or regressed: handed out, and last heard more than three intervals ago.
  SILENT,
  /// Failed: the deadline passed though the machine is heard.
  HEALTH_TIMEOUT,
  /// Failed: the agent says that applying failed.
  APPLY_FAILED,
  /// Failed, or regressed: the service says that it is not healthy.
  UNHEALTHY,
  /// Failed at rollback: the version before cannot be had.
  VERSION_UNAVAILABLE,
  /// Regressed: another digest runs.
  OTHER_DIGEST,
  /// Skipped: the instance was decommissioned.
  DECOMMISSIONED,
  /// Skipped: the instance is stopped.
  STOPPED,
  /// Skipped: it was under way when the rollout was aborted.
  ABORTED_IN_FLIGHT
}
