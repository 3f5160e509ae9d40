package dev.sluice.rollout.inbox;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which versions can still be had; the planner-service knows. Blocks; call on virtual threads.
public final class Versions {
  private static final Logger log = LoggerFactory.getLogger(Versions.class);
  private static final int TRIES = 3;
  private final Asks asks;
  private final Duration limit;

  public Versions(Asks asks, Duration limit) {
    this.asks = asks;
    this.limit = limit;
  }

  /// @throws Outage if the planner does not answer
  public boolean targetAvailable(PlanHeader plan) { return missing(List.of(plan.target().id()), limit).isEmpty(); }

  /// The versions before that cannot be had.
  ///
  /// @throws Outage if the planner does not answer
  public List<VersionId> unavailableOrigins(PlanHeader plan) { return unavailableOrigins(plan, limit); }

  private List<VersionId> unavailableOrigins(PlanHeader plan, Duration wait) {
    return missing(plan.origins().stream().map(VersionRef::id).distinct().toList(), wait);
  }

  /// The same for a rollout that is open. Its versions cannot be archived, so a planner that does not answer does not hold the way back up
  /// for longer than one question waits.
  public List<VersionId> unavailableOriginsOfOpen(PlanHeader plan) {
    for (int i = 0; i < TRIES; i++) {
      try {
        return unavailableOrigins(plan, limit.dividedBy(TRIES));
      } catch (Outage e) {
        log.atDebug().addKeyValue("rollout", plan.rolloutId()).log("Which versions can be had is not known: {}", e.getMessage());
      }
    }
    log.atWarn().addKeyValue("rollout", plan.rolloutId()).log("The planner-service does not answer; going back to all versions before");
    return List.of();
  }

  private List<VersionId> missing(List<VersionId> versions, Duration wait) {
    var available = new HashSet<>(asks.ask(new Ask.VersionsAvailable(versions), wait).available());
    return versions.stream().filter(v -> !available.contains(v)).toList();
  }
}
