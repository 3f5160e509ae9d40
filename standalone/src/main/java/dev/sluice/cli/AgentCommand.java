package dev.sluice.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Runs the agent of this host.
@Command(name = "agent", description = "Run the agent of this host, as its configuration says. (A host needs only agent/target/sluice-agent.jar and a Java 17.)")
final class AgentCommand implements Callable<Integer> {
  @Option(names = "--config", paramLabel = "FILE", required = true, description = "the agent's YAML file")
  private Path config;

  @Override
  public Integer call() throws InterruptedException { return Launcher.load().agent(config); }
}
