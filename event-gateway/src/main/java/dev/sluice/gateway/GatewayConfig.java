package dev.sluice.gateway;

import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import dev.sluice.gateway.domain.Peer;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/// Every setting of the event-gateway.
///
/// @param planner  where the planner-service's replicas listen: `http://host:port`, at least one; so the other three
/// @param feedHeld how many of the newest events are kept in memory for live readers; a power of two. Who is left behind by more is too slow
/// @param stallSec seconds that a live connection may take nothing before it is too slow
/// @param signsOfLifeSec seconds between signs of life on a live connection; `events --follow` leaves a connection that had none for a minute
/// @param heartbeatIntervalSec seconds between the heartbeats of an agent
public record GatewayConfig(ServiceConfig service, List<URI> planner, List<URI> approval, List<URI> rollout, List<URI> health, int feedHeld,
    int stallSec, int signsOfLifeSec, int heartbeatIntervalSec) {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  public GatewayConfig {
    planner = List.copyOf(planner);
    approval = List.copyOf(approval);
    rollout = List.copyOf(rollout);
    health = List.copyOf(health);
  }

  /// Reads the settings.
  public static GatewayConfig read(Settings s) {
    return new GatewayConfig(ServiceConfig.read(s, "event-gateway", "gateway", 8080),
        peers(s, "SLUICE_PLANNER_URL", 8081, "planner"), peers(s, "SLUICE_APPROVAL_URL", 8082, "approval"),
        peers(s, "SLUICE_ROLLOUT_URL", 8083, "rollout"), peers(s, "SLUICE_HEALTH_URL", 8084, "health"),
        Integer.highestOneBit(s.number("SLUICE_FEED_HELD", 16_384, 1_024, 1 << 20,
            "newest events kept in memory for live readers; rounded down to a power of two")),
        s.number("SLUICE_FEED_STALL_SEC", 10, 1, 600, "seconds that a live connection may take nothing before it is closed as too slow"),
        s.number("SLUICE_FEED_HEARTBEAT_SEC", 20, 1, 20, "seconds between signs of life on a live connection"),
        s.number("SLUICE_HEARTBEAT_INTERVAL_SEC", 30, 1, 3600, "seconds between heartbeats, for when to ask another health-service"));
  }

  /// How long a heartbeat may go unanswered before another health-service is told it too: three intervals without a heartbeat are silence.
  Duration patience() {
    var half = Duration.ofSeconds(heartbeatIntervalSec).dividedBy(2);
    return half.compareTo(PATIENCE) < 0 ? half : PATIENCE;
  }

  /// Where the replicas of a service listen.
  List<URI> addresses(Peer peer) {
    return switch (peer) {
      case PLANNER -> planner;
      case APPROVAL -> approval;
      case ROLLOUT -> rollout;
      case HEALTH -> health;
    };
  }

  private static List<URI> peers(Settings s, String name, int port, String service) {
    return s.addresses(name, "http://127.0.0.1:" + port, "addresses of the " + service + "-service, http://host:port[,http://host:port]");
  }
}
