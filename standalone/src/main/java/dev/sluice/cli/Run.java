package dev.sluice.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Runs one service, as on a container platform.
@Command(name = "run", description = "Run one service as a process of its own, configured by the environment; it logs to the standard output.")
final class Run implements Callable<Integer> {
  private static final List<String> SERVICES = List.of("planner-service", "approval-service", "rollout-service", "health-service",
      "event-gateway");

  @Parameters(paramLabel = "SERVICE", description = "planner-service, approval-service, rollout-service, health-service or event-gateway")
  private String service;

  @Override
  public Integer call() throws InterruptedException {
    if (!SERVICES.contains(service)) throw new Failure.Usage("SERVICE must be one of " + String.join(", ", SERVICES) + ", not " + service);
    return Launcher.load().run(service);
  }
}
