package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static dev.sluice.agent.ProtocolPeer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.grack.nanojson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// The running digest is proven, not remembered.
@Execution(ExecutionMode.CONCURRENT)
class ProofTest {
  private static final byte[] RELEASE = Tarball.release("1", "exit 0", "exit 0").link("same", "VERSION").bytes();
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private Host host;
  private String digest;

  @BeforeEach
  void install() throws Exception {
    peer = new ProtocolPeer();
    host = new Host(folder).start(peer);
    digest = peer.desire("1", RELEASE);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
  }

  @AfterEach
  void stop() {
    host.close();
    peer.close();
  }

  @Test
  void a_flipped_byte_ends_the_claim() throws Exception {
    Files.writeString(host.current().resolve("VERSION"), "X");
    assertThat(status(awaitUnclaimed()).getString("state")).isIn("healthy", "unhealthy");
    assertThat(status(peer.awaitState("unhealthy")).getString("detail")).isEqualTo("release changed: VERSION");
  }

  @Test
  void a_missing_file_ends_the_claim() throws Exception {
    Files.delete(host.current().resolve("VERSION"));
    awaitUnclaimed();
  }

  @Test
  void a_link_within_the_release_that_was_turned_ends_the_claim() throws Exception {
    Files.delete(host.current().resolve("same"));
    Files.createSymbolicLink(host.current().resolve("same"), Path.of("bin"));
    awaitUnclaimed();
  }

  @Test
  void moving_current_by_hand_ends_the_claim_until_it_is_back() throws Exception {
    Path target = Files.readSymbolicLink(host.current());
    Files.delete(host.current());
    Files.createSymbolicLink(host.current(), folder);
    awaitUnclaimed();
    Files.delete(host.current());
    Files.createSymbolicLink(host.current(), target);
    peer.awaitHeartbeat(heartbeat -> claim(heartbeat).equals(digest));
  }

  @Test
  void files_that_the_service_adds_are_no_fault() throws Exception {
    Files.writeString(host.current().resolve("nginx.pid"), "1", StandardOpenOption.CREATE_NEW);
    peer.forget();
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
  }

  @Test
  void damage_while_the_agent_was_away_is_found_before_anything_is_claimed() throws Exception {
    host.stop();
    Files.writeString(host.current().resolve("VERSION"), "X");
    peer.forget();
    int before = peer.heartbeats.size();
    host.start(peer);
    awaitUnclaimed();
    assertThat(peer.heardAfter(before)).noneMatch(heartbeat -> claim(heartbeat).equals(digest));
  }

  @Test
  void what_has_no_health_command_is_claimed_once_it_is_proven() throws Exception {
    host.stop();
    peer.forget();
    host.withoutHealthCommand().start(peer);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
  }

  @Test
  void a_release_that_changes_while_it_is_applied_is_not_claimed() throws Exception {
    peer.desire("2", Tarball.release("2", "echo X > VERSION", "exit 0").bytes());
    JsonObject told = peer.awaitState("unhealthy");
    assertThat(claim(told)).isEmpty();
    assertThat(status(told).getString("detail")).isEqualTo("release changed: VERSION");
  }

  @Test
  void an_instruction_for_the_damaged_release_fetches_it_anew() throws Exception {
    Files.writeString(host.current().resolve("VERSION"), "X");
    awaitUnclaimed();
    peer.desire("1", RELEASE);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
    assertThat(host.currentVersion()).isEqualTo("1");
  }

  @Test
  void what_changed_while_it_was_applied_is_not_claimed_for_the_sake_of_the_next_instruction() throws Exception {
    restartedLookingRarely();
    int before = peer.heartbeats.size();
    String second = peer.desire("2",
        Tarball.release("2", "echo X > VERSION; until test -e ../../go; do sleep 0.05; done", "exit 0").bytes());
    await().atMost(ProtocolPeer.PATIENCE).until(() -> host.currentVersion().startsWith("X"));
    String gone = "sha256:" + "ab".repeat(32);
    peer.desire("3", gone, "/v1/artifacts/" + gone);
    for (int heard = 0; heard < 3; heard++)
      peer.awaitHeartbeat(heartbeat -> true);
    Files.createFile(folder.resolve("nginx/go"));
    assertThat(claim(peer.awaitState("apply_failed"))).isEmpty();
    assertThat(Release.hex(second)).as("what runs").isEqualTo(Files.readSymbolicLink(host.current()).getFileName().toString());
    assertThat(peer.heardAfter(before)).noneMatch(heartbeat -> claim(heartbeat).equals(second));
  }

  @Test
  void a_release_that_was_damaged_since_its_last_proof_is_not_claimed_while_it_is_fetched_anew() throws Exception {
    restartedLookingRarely();
    Files.writeString(host.current().resolve("VERSION"), "X");
    peer.artifacts.clear();
    peer.desire("1", digest, "/v1/artifacts/" + digest);
    assertThat(claim(peer.awaitState("apply_failed"))).isEmpty();
    assertThat(peer.heartbeats).filteredOn(heartbeat -> status(heartbeat).getLong("generation", 0) == peer.generation())
        .allMatch(heartbeat -> claim(heartbeat).isEmpty());
  }

  private void restartedLookingRarely() throws Exception {
    host.stop();
    peer.forget();
    host.rarelyLooking().start(peer);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(digest);
  }

  private JsonObject awaitUnclaimed() { return peer.awaitHeartbeat(heartbeat -> claim(heartbeat).isEmpty()); }
}
