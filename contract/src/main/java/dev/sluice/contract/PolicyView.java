package dev.sluice.contract;

/// The policy that applies to an action and a template.
///
/// @param requiredApprovals    how many distinct people must approve, at least 1
/// @param separationOfDuties   whether who made a revision may not approve it
/// @param expiresAfterSec      the life of a plan's request in seconds
/// @param continuationExpiresAfterSec the life of a continuation's request in seconds
/// @param source               where it stands: `default`, `action` or `template`
public record PolicyView(Policy policy, int requiredApprovals, boolean separationOfDuties, long expiresAfterSec,
    long continuationExpiresAfterSec,
    String source) {
  /// The action category of a rolling upgrade.
  public static final String ROLLING_UPGRADE = "system.fleet_rolling_upgrade";
}
