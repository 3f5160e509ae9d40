package dev.sluice.agent;

import dev.sluice.agent.AgentConfig.Enrolment;
import dev.sluice.agent.AgentConfig.Limits;
import dev.sluice.agent.AgentConfig.ModuleConfig;
import dev.sluice.agent.AgentConfig.Pace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.stream.Stream;

/// A host with one agent and one module, `nginx`, whose releases bring their own commands.
final class Host implements AutoCloseable {
  final Path folder;
  final Link link = new Link();
  /// What the agent says, a line each.
  final List<String> log = new CopyOnWriteArrayList<>();
  private final AgentRuntime runtime = new AgentRuntime(4, this::log);
  private Duration proof = Duration.ofMillis(300);
  private Duration health = Duration.ofMillis(200);
  private Limits limits = Limits.DEFAULT;
  private Duration timeLimit = Duration.ofSeconds(60);
  private boolean longPoll;
  private String id = "i1";
  private List<String> healthCommand = List.of("./bin/health");
  private Agent agent;

  Host(Path folder) { this.folder = folder; }

  Host limits(Limits newLimits) {
    limits = newLimits;
    return this;
  }

  Host timeLimit(Duration newLimit) {
    timeLimit = newLimit;
    return this;
  }

  /// Whom it asks to be enrolled as.
  Host id(String newId) {
    id = newId;
    return this;
  }

  Host withoutHealthCommand() {
    healthCommand = List.of();
    return this;
  }

  Host longPoll() {
    longPoll = true;
    return this;
  }

  Host rarelyLooking() {
    health = Duration.ofHours(1);
    proof = Duration.ofHours(1);
    return this;
  }

  Host start(ProtocolPeer peer) throws IOException, ConfigException {
    var enrolment = new Enrolment("edge", id, "first", Map.of("zone", "a"), "enroller");
    var module = new ModuleConfig(folder.resolve("nginx"), List.of("./bin/apply"), healthCommand, timeLimit, timeLimit);
    agent = Agent.start(new AgentConfig(peer.uri(), enrolment, state(), new Pace(Duration.ZERO, health, proof, longPoll),
        limits, Map.of(ProtocolPeer.MODULE, module)), runtime, link);
    return this;
  }

  Agent agent() { return agent; }

  void stop() { agent.close(); }

  /// Threads that work or wait for work.
  int workers() { return ((ThreadPoolExecutor) runtime.workers()).getPoolSize(); }

  Path state() { return folder.resolve("state"); }

  Path current() { return folder.resolve("nginx/current"); }

  /// The version that `current` leads to.
  String currentVersion() throws IOException { return Files.readString(current().resolve("VERSION")); }

  /// Digests of the releases on disk, in hex.
  List<String> releases() throws IOException {
    try (Stream<Path> there = Files.list(folder.resolve("nginx/releases"))) {
      return there.filter(Files::isDirectory).map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private void log(String line) {
    log.add(line);
    System.out.println("agent: " + line);
  }

  @Override
  public void close() {
    if (agent != null) agent.close();
    runtime.close();
  }
}
