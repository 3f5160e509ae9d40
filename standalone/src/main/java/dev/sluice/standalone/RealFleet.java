package dev.sluice.standalone;

import dev.sluice.agent.Agent;
import dev.sluice.agent.AgentConfig;
import dev.sluice.agent.AgentRuntime;
import dev.sluice.agent.ConfigException;
import dev.sluice.agent.Link;
import dev.sluice.standalone.Faults.Fault;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/// Real agents, up to 500, in one process: each has its own folder, identity and commands. Faults are real: a silent one's connection is cut once it runs its first release, a slow one's
/// apply command takes long, a flapping one's connection comes and goes. Who gets a fault is chosen by a seed.
public final class RealFleet implements AutoCloseable {
  public static final int MOST = 500;
  /// A health command is a process: not one with each heartbeat of each agent.
  private static final AgentConfig.Pace PACE = new AgentConfig.Pace(Duration.ZERO, Duration.ofSeconds(20), Duration.ofHours(1), true);
  /// So that the server has heard what it runs.
  private static final int SILENT_AFTER_SEC = 2;
  /// One more for each slow agent: the others are not to wait for it.
  private static final int WORKERS = 16;
  private static final List<String> ZONES = List.of("a", "b", "c");

  private final AgentRuntime runtime;
  private final Map<String, Agent> agents = new LinkedHashMap<>();
  private final Map<String, Link> links = new LinkedHashMap<>();
  private final ScheduledExecutorService flapper = Executors
      .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("flapper").factory());

  private RealFleet(int slow) {
    var log = LoggerFactory.getLogger(RealFleet.class);
    runtime = new AgentRuntime(WORKERS + slow, line -> log.debug("{}", line));
  }

  /// Starts agents that enrol as `<template>-001` and so on.
  ///
  /// @param token     the bearer that may enrol
  /// @param folder    where the agents' folders are; what an earlier fleet left there is taken up
  /// @param modules   module ids; each agent's health command for them is `bin/health` of the release
  /// @throws IllegalArgumentException for more than [#MOST] instances
  public static RealFleet start(URI server, String token, Path folder, int instances, String template, List<String> modules, Faults faults)
      throws IOException {
    if (instances < 1 || instances > MOST)
      throw new IllegalArgumentException("1 to " + MOST + " real agents run in one process, not " + instances);
    var fleet = new RealFleet(faults.slow());
    try {
      fleet.fill(server, token, folder, instances, template, modules, faults);
      return fleet;
    } catch (IOException | RuntimeException e) {
      fleet.close();
      throw e;
    }
  }

  private void fill(URI server, String token, Path folder, int instances, String template, List<String> modules, Faults faults)
      throws IOException {
    var random = new SplittableRandom(faults.seed());
    var drawn = faults.draw(instances);
    for (int i = 0; i < instances; i++) {
      var fault = drawn.get(i);
      var id = template + "-" + String.format("%03d", i + 1);
      var link = new Link();
      links.put(id, link);
      var agent = add(server, token, folder.resolve(id), id, template, ZONES.get(i % ZONES.size()), modules,
          fault == Fault.SLOW ? faults.slowApply() : Duration.ZERO, link);
      if (fault == Fault.SILENT) cutOnceItRuns(agent, link, modules.size());
      if (fault == Fault.FLAPPING)
        flapper.scheduleWithFixedDelay(() -> flip(link), random.nextInt(1_000, 5_000), random.nextInt(2_000, 6_000), TimeUnit.MILLISECONDS);
    }
  }

  /// A machine that was never heard of would not be part of any rollout.
  private void cutOnceItRuns(Agent agent, Link link, int modules) {
    flapper.schedule(() -> {
      if (agent.running().size() == modules) flapper.schedule(link::cut, SILENT_AFTER_SEC, TimeUnit.SECONDS);
      else
        cutOnceItRuns(agent, link, modules);
    }, 1, TimeUnit.SECONDS);
  }

  private Agent add(URI server, String token, Path folder, String id, String template, String zone, List<String> modules, Duration apply,
      Link link) throws IOException {
    var configs = new LinkedHashMap<String, AgentConfig.ModuleConfig>();
    for (var module : modules) {
      configs.put(module,
          new AgentConfig.ModuleConfig(folder.resolve(module),
              apply.isZero() ? List.of() : List.of("sleep", Long.toString(apply.toSeconds())),
              List.of("./bin/health"),
              apply.plusMinutes(2), Duration.ofSeconds(10)));
    }
    var access = new AgentConfig.Enrolment(template, id, id, Map.of("zone", zone), token);
    try {
      var agent = Agent.start(new AgentConfig(server, access, folder.resolve("state"), PACE, AgentConfig.Limits.DEFAULT, configs), runtime,
          link);
      agents.put(id, agent);
      return agent;
    } catch (ConfigException e) {
      throw new IOException(id + ": " + e.getMessage(), e);
    }
  }

  private static void flip(Link link) {
    if (link.isCut()) link.restore();
    else
      link.cut();
  }

  /// Who stops for good by itself, and why; one after the other.
  ///
  /// @param note is told of each, on any thread
  /// @return completes when none is left
  public CompletableFuture<Void> watch(Consumer<String> note) {
    return CompletableFuture.allOf(agents.entrySet().stream()
        .map(one -> one.getValue().stopped().thenAccept(why -> note.accept(one.getKey() + " has stopped: " + why)))
        .toArray(CompletableFuture[]::new));
  }

  /// The connection of an agent, to cut and restore it.
  public Link link(String id) {
    return Optional.ofNullable(links.get(id)).orElseThrow(() -> new IllegalArgumentException("no agent " + id));
  }

  @Override
  public void close() {
    flapper.shutdownNow();
    for (var agent : agents.values())
      agent.close();
    runtime.close();
  }
}
