package dev.sluice.standalone;

import dev.sluice.agent.Main;
import dev.sluice.approval.ApprovalConfig;
import dev.sluice.approval.ApprovalService;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.Settings;
import dev.sluice.cli.CannotStart;
import dev.sluice.cli.DemoWorld;
import dev.sluice.cli.FleetOptions;
import dev.sluice.cli.Launcher;
import dev.sluice.gateway.GatewayConfig;
import dev.sluice.gateway.GatewayService;
import dev.sluice.health.HealthConfig;
import dev.sluice.health.HealthService;
import dev.sluice.planner.PlannerConfig;
import dev.sluice.planner.PlannerService;
import dev.sluice.rollout.RolloutConfig;
import dev.sluice.rollout.RolloutService;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/// Starts what lives longer than a command.
public final class Processes implements Launcher {
  @Override
  public DemoWorld world(Path data, int port, Consumer<String> ready) throws InterruptedException {
    var overrides = new java.util.HashMap<String, String>();
    System.getenv().forEach((name, value) -> {
      if (name.startsWith("SLUICE_") && !PLACES.contains(name)) overrides.put(name, value);
    });
    return World.start(data, port, overrides, ready);
  }

  private static final List<String> PLACES = List.of("SLUICE_HOST", "SLUICE_PORT", "SLUICE_KAFKA", "SLUICE_PG_HOST", "SLUICE_PG_PORT",
      "SLUICE_PG_DATABASE", "SLUICE_PG_USER", "SLUICE_TOPIC_PREFIX", "SLUICE_ARTIFACTS_DIR", "SLUICE_PG_PASSWORD", "SLUICE_PG_SCHEMA",
      "SLUICE_PLANNER_URL", "SLUICE_APPROVAL_URL", "SLUICE_ROLLOUT_URL", "SLUICE_HEALTH_URL");

  @Override
  public int run(String service) throws InterruptedException {
    var settings = new Settings(System.getenv());
    var cluster = Cluster.read(settings);
    var ended = new CountDownLatch(1);
    try {
      var starter = starter(service, settings);
      var node = Node.clustered(cluster.here(), cluster.members(), cluster.partitions());
      var running = starter.start(node);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {
        try {
          running.close();
          node.close();
        } catch (Exception e) {
          System.err.println("did not close cleanly: " + e.getMessage());
        }
        ended.countDown();
      }, "close-" + service));
    } catch (IllegalArgumentException e) {
      throw new CannotStart(e.getMessage(), e);
    } catch (Outage e) {
      throw new CannotStart(service + " does not start: " + e.getMessage(), e);
    }
    ended.await();
    return 0;
  }

  private interface Starter {
    AutoCloseable start(Node node);
  }

  private static Starter starter(String service, Settings settings) {
    Starter starter = switch (service) {
      case "planner-service" -> starting(PlannerConfig.read(settings), PlannerService::start);
      case "approval-service" -> starting(ApprovalConfig.read(settings), ApprovalService::start);
      case "rollout-service" -> starting(RolloutConfig.read(settings), RolloutService::start);
      case "health-service" -> starting(HealthConfig.read(settings), HealthService::start);
      case "event-gateway" -> starting(GatewayConfig.read(settings), GatewayService::start);
      default -> throw new CannotStart("there is no service " + service);
    };
    settings.check();
    return starter;
  }

  private static <C> Starter starting(C config, java.util.function.BiFunction<Node, C, ? extends AutoCloseable> start) {
    return node -> start.apply(node, config);
  }

  @Override
  public int agent(Path config) {
    Main.main(new String[]{"--config", config.toString()});
    return 0;
  }

  @Override
  public int fleet(FleetOptions options, Consumer<String> note) throws InterruptedException {
    var ended = new CountDownLatch(1);
    try {
      var fleet = started(options,
          new Faults(options.seed(), options.silent(), options.slow(), options.flapping()), note);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(fleet), "close-fleet"));
      if (fleet instanceof RealFleet real) real.watch(note).thenRun(ended::countDown);
    } catch (IOException e) {
      throw new CannotStart("the fleet does not start: " + e.getMessage(), e);
    }
    ended.await();
    throw new CannotStart("no agent of the fleet is left; where they kept who they are for another server, take another --data, or remove "
        + options.folder(), null);
  }

  /// Says on its first line what kind of fleet it is.
  static AutoCloseable started(FleetOptions options, Faults faults, Consumer<String> note) throws IOException {
    if (options.instances() > RealFleet.MOST) {
      note.accept("protocol only: more than " + RealFleet.MOST
          + " instances are no real agents; nothing is downloaded, run or proven, each version is reported healthy");
      var fleet = ProtocolFleet.start(options.server(), options.token(), options.folder(), options.instances(), options.templateId(),
          options.moduleIds(), faults);
      note.accept(options.instances() + " instances are enrolled and heartbeat; their tokens are in " + options.folder());
      return fleet;
    }
    var fleet = RealFleet.start(options.server(), options.token(), options.folder(), options.instances(), options.templateId(),
        options.moduleIds(), faults);
    note.accept(options.instances() + " real agents run, each with its folder in " + options.folder());
    return fleet;
  }

  private static void close(AutoCloseable fleet) {
    try {
      fleet.close();
    } catch (Exception e) {
      throw new IllegalStateException("the fleet does not end", e);
    }
  }
}
