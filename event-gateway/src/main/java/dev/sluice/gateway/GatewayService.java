package dev.sluice.gateway;

import dev.sluice.chassis.Call;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Node;
import dev.sluice.contract.Problem;
import dev.sluice.gateway.api.EventsApi;
import dev.sluice.gateway.api.Forwarder;
import dev.sluice.gateway.api.LiveFeed;
import dev.sluice.gateway.api.Page;
import dev.sluice.gateway.api.Peers;
import dev.sluice.gateway.api.StreamApi;
import dev.sluice.gateway.api.Upstream;
import dev.sluice.gateway.domain.Peer;
import dev.sluice.gateway.inbox.EventInbox;
import dev.sluice.gateway.store.EventLog;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/// The front hall of the event-gateway: one origin for people and programs. It owns only the event log, and can be killed at any moment.
public final class GatewayService implements AutoCloseable {
  private final Chassis chassis;
  private final int port;

  private GatewayService(Chassis chassis, GatewayConfig config) {
    this.chassis = chassis;
    var log = new EventLog(chassis.db());
    log.leap(chassis.epoch());
    var feed = new LiveFeed(chassis, log, config.feedHeld());
    EventInbox.open(chassis, log, nudges(feed));
    var peers = peers(config);
    var watch = chassis.closing(new Peers(chassis.vertx()));
    watch.check(chassis.health(), peers.values());
    watch.watch(chassis, peers.values());
    var http = chassis.http("openapi/event-gateway.yaml");
    events(http, feed, log, config);
    others(http.router(), peers, config.patience());
    Page.routes(http.router());
    this.port = http.listen();
  }

  /// Brings the schema up to date and opens the service. Blocks.
  public static GatewayService start(Node node, GatewayConfig config) {
    var chassis = Chassis.open(node, config.service());
    try {
      return new GatewayService(chassis, config);
    } catch (RuntimeException e) {
      chassis.close();
      throw e;
    }
  }

  /// The port that it listens on.
  public int port() { return port; }

  private static void events(Http http, LiveFeed feed, EventLog log, GatewayConfig config) {
    var stream = new StreamApi(feed, Duration.ofSeconds(config.stallSec()), Duration.ofSeconds(config.signsOfLifeSec()));
    http.on("listEvents", new EventsApi(log)::list).raw("streamEvents", stream::open);
    http.router().get("/v1/events/stream").order(-1).handler(StreamApi::admit);
  }

  private void others(Router router, Map<Peer, Upstream> peers, Duration patience) {
    var forwarder = chassis.closing(new Forwarder(chassis.vertx()));
    router.post("/v1/instances/:id/heartbeats").handler(context -> forwarder.forwardTwice(context, peers.get(Peer.HEALTH), patience));
    peers.forEach((peer, upstream) -> peer.owned()
        .forEach(name -> router.route("/v1/" + name + "/*").handler(context -> forwarder.forward(context, upstream))));
    router.route("/mcp").handler(GatewayService::notYet);
  }

  /// Wakes the feeds of all replicas that the event bus reaches; the others look by themselves.
  private Runnable nudges(LiveFeed feed) {
    var address = "feed." + chassis.config().topicPrefix() + chassis.config().service();
    var consumer = chassis.vertx().eventBus().consumer(address, _ -> feed.nudge());
    chassis.closing(consumer::unregister);
    return () -> chassis.vertx().eventBus().publish(address, "");
  }

  private static Map<Peer, Upstream> peers(GatewayConfig config) {
    var peers = new EnumMap<Peer, Upstream>(Peer.class);
    for (var peer : Peer.values())
      peers.put(peer, new Upstream(peer.service(), config.addresses(peer)));
    return peers;
  }

  private static void notYet(RoutingContext context) {
    if (Call.bearer(context).isEmpty()) {
      context.response().putHeader("WWW-Authenticate", "Bearer");
      Http.problem(context, Problem.unauthorized("this needs the header Authorization: Bearer <token>"));
    } else
      Http.problem(context, Problem.notFound("call", "/mcp here yet"));
  }

  @Override
  public void close() { chassis.close(); }
}
