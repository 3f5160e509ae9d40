package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// A module's folder that had releases and a link of the operator's own before an agent came.
@Execution(ExecutionMode.CONCURRENT)
class TakeoverTest {
  private static final Path OWN = Path.of("releases", "20240101");
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private Host host;

  @BeforeEach
  void start() throws Exception {
    for (String own : new String[]{"20231231", "20240101"})
      Files.writeString(Files.createDirectories(folder.resolve("nginx/releases").resolve(own)).resolve("app"), own);
    Files.createSymbolicLink(folder.resolve("nginx/current"), OWN);
    peer = new ProtocolPeer();
    host = new Host(folder).start(peer);
  }

  @AfterEach
  void stop() {
    host.close();
    peer.close();
  }

  @Test
  void an_artifact_that_is_not_there_costs_the_operator_nothing() throws Exception {
    String digest = "sha256:" + "ab".repeat(32);
    peer.desire("2", digest, "/v1/artifacts/" + digest);
    endsWith("apply_failed", "");
    allIsAsItWas();
  }

  @Test
  void a_first_apply_that_fails_puts_the_operators_own_link_back() throws Exception {
    peer.desire("2", Tarball.release("2", "exit 1", "exit 0").bytes());
    endsWith("apply_failed", "");
    allIsAsItWas();
  }

  @Test
  void a_release_that_is_applied_takes_the_link_and_leaves_the_operators_own_releases() throws Exception {
    String digest = peer.desire("2", Tarball.release("2", "exit 0", "exit 0").bytes());
    endsWith("healthy", digest);
    assertThat(host.currentVersion()).isEqualTo("2");
    assertThat(host.releases()).containsExactlyInAnyOrder("20231231", "20240101", Release.hex(digest));
    assertThat(folder.resolve("nginx").toFile().list()).containsExactlyInAnyOrder("current", "releases");
  }

  private void endsWith(String state, String claim) {
    assertThat(claim(peer.awaitState(state))).isEqualTo(claim);
    Path record = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("record.json");
    await().atMost(ProtocolPeer.PATIENCE).until(() -> Files.readString(record).contains("\"DONE\""));
  }

  private void allIsAsItWas() throws IOException {
    assertThat(Files.readSymbolicLink(host.current())).isEqualTo(OWN);
    assertThat(host.current().resolve("app")).hasContent("20240101");
    assertThat(host.releases()).containsExactly("20231231", "20240101");
  }
}
