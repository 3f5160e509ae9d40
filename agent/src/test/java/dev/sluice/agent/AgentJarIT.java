package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The jar that hosts get, started as they start it.
@Execution(ExecutionMode.CONCURRENT)
class AgentJarIT {
  private static final Path JAR = Path.of(System.getProperty("sluice.agent.jar"));
  private static final int MOST_RESIDENT_KB = 80 * 1024;
  /// Some hours of them: what grows with use has grown.
  private static final int HEARTBEATS = 500;
  @TempDir
  Path folder;
  private ProtocolPeer peer;

  @BeforeEach
  void start() throws IOException { peer = new ProtocolPeer(); }

  @AfterEach
  void stop() { peer.close(); }

  @Test
  void is_at_most_3_mb() throws Exception {
    assertThat(Files.size(JAR)).isLessThanOrEqualTo(3_000_000);
  }

  static Stream<Path> javas() throws IOException { return AgentProcess.javas(); }

  @ParameterizedTest
  @MethodSource("javas")
  void upgrades_a_module_and_never_takes_more_than_80_mb(Path java) throws Exception {
    byte[] first = Tarball.release("1", "exit 0", "exit 0").file("large", new byte[8 << 20]).bytes();
    byte[] second = Tarball.release("2", "exit 0", "exit 0").link("l", "VERSION").file("deep/".repeat(30) + "f", "x").bytes();
    try (var agent = agent(java)) {
      peer.desire("1", first);
      peer.awaitState("healthy");
      String digest = peer.desire("2", second);
      assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
      peer.interval = 0.01; // the shortest that an agent takes
      int enough = peer.heartbeats.size() + HEARTBEATS;
      await().atMost(ProtocolPeer.PATIENCE.multipliedBy(3)).until(() -> peer.heartbeats.size() > enough);
      int most = residentKb(agent, "VmHWM");
      System.out.println("agent: " + java + ": resident now " + residentKb(agent, "VmRSS") + " kB, at most " + most + " kB");
      assertThat(most).as(agent.output()).isBetween(1, MOST_RESIDENT_KB);
    }
  }

  @Test
  void ends_with_1_and_a_line_when_the_server_is_done_with_it() throws Exception {
    peer.refuseWith = 410;
    try (var agent = agent(AgentProcess.ownJava())) {
      assertThat(agent.exitCode()).isEqualTo(1);
      assertThat(agent.output()).contains("stopped: /v1/instances/i1/heartbeats answers 410 the instance was decommissioned");
    }
  }

  @Test
  void ends_with_2_and_all_faults_when_its_configuration_is_wrong() throws Exception {
    Path config = Files.writeString(folder.resolve("agent.yaml"), "server: x\n");
    try (var agent = new AgentProcess(AgentProcess.ownJava(), List.of(), List.of("-jar", JAR.toString()), config)) {
      assertThat(agent.exitCode()).isEqualTo(2);
      assertThat(agent.output()).contains("server: an address like", "state_dir: missing", "modules: missing").doesNotContain("Exception");
    }
  }

  private AgentProcess agent(Path java) throws IOException {
    return new AgentProcess(java, List.of(), List.of("-jar", JAR.toString()), AgentProcess.config(folder, peer.uri()));
  }

  private static int residentKb(AgentProcess agent, String line) throws IOException {
    Matcher found = Pattern.compile(line + ":\\s+(\\d+) kB").matcher(Files.readString(Path.of("/proc/" + agent.pid() + "/status")));
    return found.find() ? Integer.parseInt(found.group(1)) : 0;
  }
}
