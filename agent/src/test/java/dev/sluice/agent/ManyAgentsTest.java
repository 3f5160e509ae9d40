package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.agent.AgentConfig.Enrolment;
import dev.sluice.agent.AgentConfig.Limits;
import dev.sluice.agent.AgentConfig.ModuleConfig;
import dev.sluice.agent.AgentConfig.Pace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// Many agents in one process, as the simulated fleet has them.
@Isolated("it counts the threads of the process")
class ManyAgentsTest {
  private static final int AGENTS = 50;
  private static final int WORKERS = 8;
  @TempDir
  Path folder;

  @Test
  @Timeout(400)
  void share_a_few_threads_and_upgrade_each_for_itself() throws Exception {
    List<Agent> agents = new ArrayList<>();
    try (var peer = new ProtocolPeer(); var runtime = new AgentRuntime(WORKERS, line -> {})) {
      peer.interval = 1;
      String digest = peer.desire("1", Tarball.release("1", "exit 0", "exit 0").bytes());
      try {
        for (int i = 0; i < AGENTS; i++)
          agents.add(agent("i" + i, peer, runtime));
        await().atMost(ProtocolPeer.PATIENCE.multipliedBy(3)).until(() -> agents.stream().allMatch(ManyAgentsTest::isDone));
        assertThat(agents).allSatisfy(agent -> assertThat(agent.running()).as(agent.status(ProtocolPeer.MODULE).toString())
            .containsEntry(ProtocolPeer.MODULE, digest));
        long threads = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith("agent-")).count();
        assertThat(threads).isLessThanOrEqualTo(WORKERS + 3);
      } finally {
        agents.forEach(Agent::close);
      }
    }
  }

  /// Also where it went wrong: then the test says how.
  private static boolean isDone(Agent agent) {
    return agent.status(ProtocolPeer.MODULE).filter(status -> status.state() != ModuleState.APPLYING).isPresent();
  }

  private Agent agent(String id, ProtocolPeer peer, AgentRuntime runtime) throws IOException, ConfigException {
    Path own = folder.resolve(id);
    var module = new ModuleConfig(own.resolve("nginx"), List.of("./bin/apply"), List.of("./bin/health"), ModuleConfig.APPLY_TIMEOUT,
        ModuleConfig.HEALTH_TIMEOUT);
    var pace = new Pace(Duration.ZERO, Duration.ofMinutes(1), Duration.ofHours(1), false);
    return Agent.start(new AgentConfig(peer.uri(), new Enrolment("edge", id, "", Map.of(), ""), own.resolve("state"), pace, Limits.DEFAULT,
        Map.of(ProtocolPeer.MODULE, module)), runtime);
  }
}
