package dev.sluice.approval.api;

import dev.sluice.approval.store.RequestStore.Dossier;
import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts anew what the open trips stand for: verdicts go on coming in after a trip, and who decides must read what is true now. Where the rollout-service
/// does not say, the numbers of the trip itself are shown, with its time. Blocks; call on virtual threads.
final class Recount {
  private static final Logger log = LoggerFactory.getLogger(Recount.class);
  /// How long a reader waits for numbers that are newer than the trip's.
  private static final Duration LIMIT = Duration.ofSeconds(1);
  private final Asks asks;

  /// @param byRequest what is known to be open
  record Now(Instant at, Map<RequestId, Ask.Stake> byRequest) {}

  Recount(Asks asks) {
    this.asks = asks;
  }

  Now of(List<Dossier> read) {
    var rollouts = read.stream().map(Dossier::request).filter(r -> r.trip() != null && r.status().equals("pending"))
        .map(r -> new RolloutId(r.rolloutId())).toList();
    var byRequest = new HashMap<RequestId, Ask.Stake>();
    if (rollouts.isEmpty()) return new Now(Instant.EPOCH, byRequest);
    try {
      var stakes = asks.ask(new Ask.StakesOf(rollouts), LIMIT);
      stakes.open().forEach(stake -> byRequest.put(stake.requestId(), stake));
      return new Now(stakes.at(), byRequest);
    } catch (Outage e) {
      log.atDebug().log("The numbers of the trip are shown: {}", e.getMessage());
      return new Now(Instant.EPOCH, byRequest);
    }
  }
}
