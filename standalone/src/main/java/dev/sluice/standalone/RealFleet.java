package dev.sluice.standalone;

import dev.sluice.agent.Agent;
import dev.sluice.agent.AgentConfig;
import dev.sluice.agent.AgentRuntime;
import dev.sluice.agent.ConfigException;
import dev.sluice.agent.Link;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/// Real agents, up to 500, in one process: each has its own folder, identity and commands. Faults are real: a silent one's connection is cut, a slow one's
/// apply command takes long, a flapping one's connection comes and goes. Who gets a fault is chosen by a seed.
public final class RealFleet implements AutoCloseable {
  public static final int MOST = 500;
  /// A health command is a process: not one with each heartbeat of each agent.
  private static final AgentConfig.Pace PACE = new AgentConfig.Pace(Duration.ZERO, Duration.ofSeconds(20), Duration.ofHours(1), true);
  private static final List<String> ZONES = List.of("a", "b", "c");

  /// How many instances get which fault.
  public record Faults(long seed, int silent, int slow, int flapping) {
    public static final Faults NONE = new Faults(0, 0, 0, 0);
  }

  private final AgentRuntime runtime;
  private final List<Agent> agents = new ArrayList<>();
  private final Map<String, Link> links = new LinkedHashMap<>();
  private final ScheduledExecutorService flapper = Executors
      .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("flapper").factory());

  private RealFleet() {
    var log = LoggerFactory.getLogger(RealFleet.class);
    runtime = new AgentRuntime(16, line -> log.debug("{}", line));
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
    var fleet = new RealFleet();
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
    var order = new ArrayList<Integer>();
    for (int i = 0; i < instances; i++)
      order.add(random.nextInt(i + 1), i);
    for (int i = 0; i < instances; i++) {
      int rank = order.indexOf(i);
      boolean silent = rank < faults.silent();
      boolean slow = !silent && rank < faults.silent() + faults.slow();
      boolean flapping = !silent && !slow && rank < faults.silent() + faults.slow() + faults.flapping();
      var id = template + "-" + String.format("%03d", i + 1);
      var link = new Link();
      links.put(id, link);
      add(server, token, folder.resolve(id), id, template, ZONES.get(i % ZONES.size()), modules, slow, link);
      if (silent) flapper.schedule(link::cut, 3, TimeUnit.SECONDS);
      if (flapping)
        flapper.scheduleWithFixedDelay(() -> flip(link), random.nextInt(1_000, 5_000), random.nextInt(2_000, 6_000), TimeUnit.MILLISECONDS);
    }
  }

  private void add(URI server, String token, Path folder, String id, String template, String zone, List<String> modules, boolean slow,
      Link link) throws IOException {
    var configs = new LinkedHashMap<String, AgentConfig.ModuleConfig>();
    for (var module : modules) {
      configs.put(module,
          new AgentConfig.ModuleConfig(folder.resolve(module), slow ? List.of("/bin/sh", "-c", "sleep 20") : List.of(),
              List.of("./bin/health"),
              Duration.ofMinutes(2), Duration.ofSeconds(10)));
    }
    var access = new AgentConfig.Enrolment(template, id, id, Map.of("zone", zone), token);
    try {
      agents.add(Agent.start(
          new AgentConfig(server, access, folder.resolve("state"), PACE, AgentConfig.Limits.DEFAULT, configs), runtime,
          link));
    } catch (ConfigException e) {
      throw new IOException(id + ": " + e.getMessage(), e);
    }
  }

  private static void flip(Link link) {
    if (link.isCut()) link.restore();
    else
      link.cut();
  }

  /// The connection of an agent, to cut and restore it.
  public Link link(String id) {
    return Optional.ofNullable(links.get(id)).orElseThrow(() -> new IllegalArgumentException("no agent " + id));
  }

  @Override
  public void close() {
    flapper.shutdownNow();
    for (var agent : agents)
      agent.close();
    runtime.close();
  }
}
