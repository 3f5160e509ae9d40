package dev.sluice.planner.domain;

import dev.sluice.contract.Ask.FleetMember;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.Exclusion.Reason;
import java.util.Optional;

/// Who is upgraded: instances that run or start, have the module, report, and are not yet on the target. `behaviour.md`, Planning.
public final class Eligibility {
  private Eligibility() {}

  /// Why an instance is left out; empty if it is eligible. The reasons are tried in the order of [Reason].
  public static Optional<Reason> exclusion(FleetMember member, VersionRef target) {
    if (!member.status().equals("running") && !member.status().equals("starting")) return Optional.of(Reason.NOT_RUNNING);
    if (member.desired() == null) return Optional.of(Reason.MODULE_NOT_ASSIGNED);
    if (member.neverReported()) return Optional.of(Reason.NEVER_REPORTED);
    if (member.notReporting()) return Optional.of(Reason.NOT_REPORTING);
    if (member.desired().id().equals(target.id()) && target.digest().equals(member.runningDigest()))
      return Optional.of(Reason.ALREADY_ON_TARGET);
    return Optional.empty();
  }

  /// Whether another digest than the desired one is known to run.
  public static boolean drifted(FleetMember member) {
    return member.runningDigest() != null && !member.runningDigest().equals(member.desired().digest());
  }
}
