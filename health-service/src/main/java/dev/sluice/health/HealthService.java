package dev.sluice.health;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Node;
import dev.sluice.contract.Topics;
import dev.sluice.health.api.Porch;
import dev.sluice.health.inbox.RolloutInbox;
import dev.sluice.health.ingest.Ears;
import dev.sluice.health.store.AfterRestore;
import dev.sluice.health.store.AttemptStore;
import dev.sluice.health.store.GateStore;

/// The front hall of the health-service: the only one that meets agents.
public final class HealthService implements AutoCloseable {
  private final Chassis chassis;
  private final int port;

  private HealthService(Chassis chassis, int port) {
    this.chassis = chassis;
    this.port = port;
  }

  /// Starts a replica: migrates, joins the others, reads its topics, opens its port. Blocks.
  public static HealthService start(Node node, HealthConfig config) {
    var chassis = Chassis.open(node, config.service());
    try {
      new AfterRestore(chassis.db(), chassis.epoch()).settle(config.deliveryLease());
      // closed in the opposite order: the port first, then the inbox; the last flush has all that was heard
      var ears = chassis.closing(new Ears(chassis, config));
      chassis.inbox(Topics.ROLLOUT, RolloutInbox.KINDS,
          new RolloutInbox(chassis.db(), chassis.journal(), new GateStore(config.deliveryLease()), new AttemptStore(), ears::nudge));
      var porch = chassis.closing(new Porch(chassis, config, ears));
      return new HealthService(chassis, porch.port());
    } catch (RuntimeException e) {
      chassis.close();
      throw e;
    }
  }

  public int port() { return port; }

  @Override
  public void close() { chassis.close(); }
}
