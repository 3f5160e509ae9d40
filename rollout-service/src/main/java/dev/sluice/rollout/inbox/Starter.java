package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Outage;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.RolloutDesk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts what is approved, at once. Where the planner does not answer, the reconciler tries again. Blocks; call on virtual threads.
public final class Starter {
  private static final Logger log = LoggerFactory.getLogger(Starter.class);
  private final RolloutDesk desk;
  private final Versions versions;

  public Starter(RolloutDesk desk, Versions versions) {
    this.desk = desk;
    this.versions = versions;
  }

  /// Starts a rollout if it is approved and its members are known; else nothing.
  ///
  /// @return false where the planner-service does not answer
  public boolean startIfApproved(RolloutId id) {
    var standing = new Standing(desk.load(id).state());
    if (standing.state() != RolloutState.APPROVED || !standing.hasRoster()) return true;
    boolean available;
    try {
      available = versions.targetAvailable(standing.plan());
    } catch (Outage e) {
      log.atInfo().addKeyValue("rollout", id).log("Not started yet, the reconciler tries again: {}", e.getMessage());
      return false;
    }
    desk.handle(id, now -> new RolloutCommand.Begin(now, available), "system");
    return true;
  }
}
