package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static dev.sluice.agent.ProtocolPeer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.grack.nanojson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// An agent in a process of its own that is killed at each step of an upgrade, just before and just after the step is recorded. The
/// next one ends the upgrade as if nothing had happened.
@Execution(ExecutionMode.CONCURRENT)
class CrashTest {
  private static final int KILLED = 137;
  private static final String OK = "exit 0";
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private String first;

  @BeforeEach
  void install_the_first_version() throws Exception {
    peer = new ProtocolPeer();
    first = peer.desire("1", Tarball.release("1", OK, OK).bytes());
    try (var host = new Host(folder)) {
      host.start(peer);
      peer.awaitState("healthy");
    }
  }

  @AfterEach
  void stop() { peer.close(); }

  /// Each step there is: a new one is killed too.
  static Stream<String> moments() {
    Stream<String> around = Arrays.stream(Step.values()).flatMap(step -> Stream.of("before " + step, "after " + step));
    return Stream.concat(around, Stream.of("within " + Step.DOWNLOADING));
  }

  @ParameterizedTest
  @MethodSource("moments")
  void survives_a_kill(String moment) throws Exception {
    boolean restores = moment.endsWith(Step.RESTORING.name());
    byte[] noise = new byte[1_000_000];
    new Random(5).nextBytes(noise);
    String second = peer.desire("2", Tarball.release("2", restores ? "exit 1" : OK, OK).file("noise", noise).bytes());
    killedWith("-Dsluice.agent.halt=" + moment);

    peer.forget();
    try (var host = new Host(folder)) {
      host.start(peer);
      JsonObject told = peer.awaitState(restores ? "apply_failed" : "healthy");
      assertThat(claim(told)).isEqualTo(restores ? first : second);
      assertThat(host.currentVersion()).isEqualTo(restores ? "1" : "2");
      String[] kept = restores ? new String[]{Release.hex(first)} : new String[]{Release.hex(first), Release.hex(second)};
      await().atMost(ProtocolPeer.PATIENCE).untilAsserted(() -> assertThat(host.releases()).containsExactlyInAnyOrder(kept));
      assertThat(peer.enrolments).hasSize(1);
    }
  }

  @Test
  void ends_the_command_of_the_one_before_it() throws Exception {
    String killsOnce = "if mkdir ../../killed 2> /dev/null; then echo $$ > ../../stray; kill -9 $PPID; sleep 300; fi";
    String second = peer.desire("2", Tarball.release("2", killsOnce, OK).bytes());
    killedWith("-Dnone");
    long stray = Long.parseLong(Files.readString(folder.resolve("nginx/stray")).strip());
    assertThat(ProcessHandle.of(stray)).isPresent();

    peer.forget();
    try (var host = new Host(folder)) {
      host.start(peer);
      assertThat(claim(peer.awaitState("healthy"))).isEqualTo(second);
      await().atMost(ProtocolPeer.PATIENCE).until(() -> FailureTest.ended(stray));
    }
  }

  /// The release looks sick once before the kill; from then on its health command takes its time.
  @Test
  void a_release_that_was_found_sick_is_not_claimed_before_its_health_was_seen_anew() throws Exception {
    String second = peer.desire("2",
        Tarball.release("2", OK, "mkdir ../../seen 2> /dev/null || until test -e ../../go; do sleep 0.05; done; exit 1").bytes());
    killedWith("-Dsluice.agent.halt=after " + Step.CHECKED);

    peer.forget();
    int before = peer.heartbeats.size();
    try (var host = new Host(folder)) {
      host.start(peer);
      await().atMost(ProtocolPeer.PATIENCE).until(() -> peer.heartbeats.size() > before + 3);
      Files.createFile(folder.resolve("nginx/go"));
      assertThat(claim(peer.awaitState("unhealthy"))).isEqualTo(second);
      assertThat(peer.heardAfter(before)).filteredOn(told -> claim(told).equals(second))
          .allMatch(told -> status(told).getLong("generation", 0) == peer.generation());
    }
  }

  private void killedWith(String option) throws Exception {
    try (var agent = AgentProcess.ofClasses(AgentProcess.config(folder, peer.uri()), option)) {
      assertThat(agent.exitCode()).as(agent.output()).isEqualTo(KILLED);
    }
  }
}
