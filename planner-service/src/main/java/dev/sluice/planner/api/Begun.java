package dev.sluice.planner.api;

import dev.sluice.chassis.Asks;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.Ask;
import dev.sluice.contract.RolloutId;
import java.time.Duration;

/// Whether a rollout, or its way back, is under way, as the rollout-service says: its facts may be long on their way, and who was to tell us of them may be dead.
/// Blocks.
final class Begun {
  private static final Duration ASK = Duration.ofMillis(500);
  private final Asks asks;

  Begun(Asks asks) {
    this.asks = asks;
  }

  /// @throws Outage where the rollout-service does not say
  boolean begun(RolloutId rollout) {
    return asks.askTwice(new Ask.DeliveryNow(), ASK).open().stream().anyMatch(one -> one.rolloutId().equals(rollout));
  }

  /// The same where silence means no: nothing is delivered for long without the word of the rollout-service.
  boolean asFarAsKnown(RolloutId rollout) {
    try {
      return begun(rollout);
    } catch (Outage e) {
      return false;
    }
  }
}
