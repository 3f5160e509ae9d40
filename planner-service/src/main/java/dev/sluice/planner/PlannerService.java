package dev.sluice.planner;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Node;
import dev.sluice.contract.Ask;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Topics;
import dev.sluice.planner.api.ArtifactApi;
import dev.sluice.planner.api.CatalogApi;
import dev.sluice.planner.api.Holders;
import dev.sluice.planner.api.LearningApi;
import dev.sluice.planner.api.PlanApi;
import dev.sluice.planner.api.PlanDesk;
import dev.sluice.planner.api.PlannerAsks;
import dev.sluice.planner.api.TemplateApi;
import dev.sluice.planner.inbox.ApprovalInbox;
import dev.sluice.planner.inbox.RolloutInbox;
import dev.sluice.planner.store.ArtifactFolder;
import dev.sluice.planner.store.Stores;
import java.time.Duration;

/// The front hall of the planner-service: the catalog, artifacts, plans and learnings.
public final class PlannerService implements AutoCloseable {
  private static final Duration FORGOTTEN_LOOK = Duration.ofSeconds(5);
  private final Chassis chassis;
  private final int port;

  private PlannerService(Chassis chassis, int port) {
    this.chassis = chassis;
    this.port = port;
  }

  /// Starts the service; it answers when this returns. Blocks.
  public static PlannerService start(Node node, PlannerConfig config) {
    var chassis = Chassis.open(node, config.service());
    try {
      return new PlannerService(chassis, rooms(chassis, config));
    } catch (RuntimeException e) {
      chassis.close();
      throw e;
    }
  }

  private static int rooms(Chassis chassis, PlannerConfig config) {
    var stores = Stores.in(chassis.db());
    var desk = new PlanDesk(chassis, stores, config.heartbeatIntervalSec());
    chassis.inbox(Topics.APPROVAL, new Kinds(ApprovalEvent.class), new ApprovalInbox(chassis.db(), stores.plans()));
    chassis.inbox(Topics.ROLLOUT, new Kinds(RolloutEvent.class, ReconcilerEvent.class), new RolloutInbox(chassis, stores));
    new PlannerAsks(chassis, stores, desk).answer(chassis.asks());
    chassis.loop("withdrawals", FORGOTTEN_LOOK, () -> {
      desk.withdrawForgotten();
      return false;
    });
    var http = chassis.http("openapi/planner-service.yaml", Ask.Service.APPROVAL, Ask.Service.ROLLOUT, Ask.Service.HEALTH);
    new CatalogApi(chassis, stores.catalog(), stores.claims(), new Holders(chassis, stores)).routes(http);
    new TemplateApi(chassis, stores.templates(), stores.catalog()).routes(http);
    new PlanApi(desk, stores).routes(http);
    new LearningApi(chassis, stores.learnings(), stores.catalog(), stores.templates()).routes(http);
    new ArtifactApi(chassis, new ArtifactFolder(config.artifactsDir(), chassis.clock().instant()), config.artifactMaxBytes()).routes(http);
    return http.listen();
  }

  /// The port of its REST.
  public int port() { return port; }

  /// Whether everything that it stands on works.
  public boolean ready() { return chassis.ready(); }

  @Override
  public void close() { chassis.close(); }
}
