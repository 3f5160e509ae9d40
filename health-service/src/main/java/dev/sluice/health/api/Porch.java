package dev.sluice.health.api;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.OpenApi;
import dev.sluice.contract.Ask;
import dev.sluice.health.HealthConfig;
import dev.sluice.health.ingest.Ears;
import dev.sluice.health.store.DriftView;
import dev.sluice.health.store.FleetStore;
import dev.sluice.health.store.FleetView;
import dev.sluice.health.store.ReplicaStore;

/// All that is answered over HTTP, sockets and asks.
public final class Porch implements AutoCloseable {
  private static final String DOCUMENT = "openapi/health-service.yaml";
  private final Ears ears;
  private final AgentSocket sockets;
  private final FleetAsks asks;
  private final int port;

  /// Opens the port.
  public Porch(Chassis chassis, HealthConfig config, Ears ears) {
    this.ears = ears;
    int intervalSec = (int) config.heartbeatInterval().toSeconds();
    var answers = new AgentAnswers(intervalSec);
    var door = new AgentDoor(ears.cells(), ears.buffer()::refused);
    var ingest = new HeartbeatIngest(door, ears, answers);
    this.sockets = new AgentSocket(chassis.vertx(), door, ingest, ears.teller(), answers);
    var poll = new LongPoll(chassis.vertx(), door, ears.teller(), answers);
    var fleet = new FleetStore(chassis.db(), chassis.journal());
    var view = new FleetView(chassis.db());
    var enrolments = new Enrolments(chassis.asks(), fleet, ears.clock(), intervalSec, ears::changed);
    this.asks = new FleetAsks(chassis, view, new ReplicaStore(chassis.db()), ears.flusher(), ears.clock(), ears.address() + ".flush");
    var http = chassis.http(DOCUMENT, Ask.Service.PLANNER, Ask.Service.ROLLOUT).first(ingest::take, ears::serves);
    var bulk = new BulkEnrolment(OpenApi.load(DOCUMENT), enrolments, http, chassis.threads());
    http
        .raw("heartbeat", context -> ingest.take(context.request(), context.pathParam("id"))).raw("desired", poll::handle)
        .raw("agentSocket", sockets::handle).raw("enrolInstances", bulk::handle);
    new FleetApi(enrolments, fleet, view, new DriftView(chassis.db()), ears.clock(), ears::changed, asks::settle).mount(http);
    ears.meters().gauge("sluice.agents.sockets", sockets::open);
    this.port = http.listen();
    ears.listens();
  }

  public int port() { return port; }

  @Override
  public void close() {
    ears.listensNoMore();
    asks.close();
    sockets.close();
  }
}
