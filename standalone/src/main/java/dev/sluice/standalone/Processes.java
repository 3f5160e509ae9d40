package dev.sluice.standalone;

import dev.sluice.agent.Main;
import dev.sluice.approval.ApprovalConfig;
import dev.sluice.approval.ApprovalService;
import dev.sluice.chassis.Node;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
      "SLUICE_PG_DATABASE", "SLUICE_PG_USER",
      "SLUICE_PG_PASSWORD", "SLUICE_PG_SCHEMA", "SLUICE_PLANNER_URL", "SLUICE_APPROVAL_URL", "SLUICE_ROLLOUT_URL", "SLUICE_HEALTH_URL");

  /// Where the processes of one machine are found where nothing else is said: the first ten ports that a cluster takes.
  private static final String NEIGHBOURS = IntStream.range(5701, 5711).mapToObj(port -> "127.0.0.1:" + port)
      .collect(Collectors.joining(","));

  @Override
  public int run(String service) throws InterruptedException {
    var settings = new Settings(System.getenv());
    var host = settings.text("SLUICE_CLUSTER_HOST", "127.0.0.1", "the address that the other processes reach this one's event bus at");
    int port = settings.number("SLUICE_CLUSTER_PORT", 0, 0, 65535, "port of the cluster's own traffic; 0: the first free from 5701");
    var members = Stream
        .of(settings.text("SLUICE_CLUSTER_MEMBERS", NEIGHBOURS, "host:port[,host:port] of the processes that may be there")
            .split(","))
        .map(String::strip)
        .toList();
    var ended = new CountDownLatch(1);
    try {
      var starter = starter(service, settings);
      var node = Node.clustered(host, port, members);
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
    try {
      var fleet = started(options,
          new Faults(options.seed(), options.silent(), options.slow(), options.flapping()), note);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> close(fleet), "close-fleet"));
    } catch (IOException e) {
      throw new CannotStart("the fleet does not start: " + e.getMessage(), e);
    }
    new CountDownLatch(1).await();
    return 0;
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
