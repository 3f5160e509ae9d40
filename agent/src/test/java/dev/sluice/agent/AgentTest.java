package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static dev.sluice.agent.ProtocolPeer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import com.grack.nanojson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// An agent against a server: enrolment, heartbeats, upgrades that go well.
@Execution(ExecutionMode.CONCURRENT)
class AgentTest {
  private static final String OK = "exit 0";
  private final byte[] v1 = Tarball.release("1", OK, OK).bytes();
  private final byte[] v2 = Tarball.release("2", OK, OK).bytes();
  private final byte[] v3 = Tarball.release("3", OK, OK).bytes();
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private Host host;

  @BeforeEach
  void start() throws Exception {
    peer = new ProtocolPeer();
    host = new Host(folder);
  }

  @AfterEach
  void stop() {
    host.close();
    peer.close();
  }

  @Test
  void enrols_once_and_keeps_its_identity_to_itself() throws Exception {
    host.start(peer);
    peer.awaitHeartbeat(heartbeat -> true);
    assertThat(host.state().resolve("enrolment.json")).as("the key of an enrolment that was answered").doesNotExist();
    host.stop();
    host.start(peer);
    peer.awaitHeartbeat(heartbeat -> true);

    assertThat(peer.enrolments).hasSize(1);
    assertThat(peer.enrolments.get(0).getString("template_id")).isEqualTo("edge");
    assertThat(peer.enrolments.get(0).getObject("labels").getString("zone")).isEqualTo("a");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(host.state().resolve("identity.json")))).isEqualTo("rw-------");
    assertThat(peer.requests).anyMatch(request -> request.startsWith("POST /v1/instances Bearer enroller"));
    assertThat(peer.requests).anyMatch(request -> request.startsWith("POST /v1/instances/i1/heartbeats Bearer secret"));
  }

  @Test
  void says_that_nothing_runs_before_the_first_instruction() throws Exception {
    host.start(peer);
    JsonObject heartbeat = peer.awaitHeartbeat(told -> !claim(told).equals("untold"));
    assertThat(heartbeat.getObject("running_module_digests")).isEmpty();
    assertThat(heartbeat.getObject("module_status")).isEmpty();
  }

  @Test
  void installs_and_upgrades_and_goes_back_without_a_second_download() throws Exception {
    host.start(peer);
    String first = peer.desire("1", v1);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(first);
    String second = peer.desire("2", v2);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(second);
    assertThat(host.currentVersion()).isEqualTo("2");

    peer.artifacts.clear();
    peer.desire("1", first, "/v1/artifacts/" + first);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(first);
    assertThat(host.currentVersion()).isEqualTo("1");
  }

  @Test
  void keeps_the_release_that_runs_and_the_one_before() throws Exception {
    host.start(peer);
    peer.desire("1", v1);
    peer.awaitState("healthy");
    String second = peer.desire("2", v2);
    peer.awaitState("healthy");
    String third = peer.desire("3", v3);
    peer.awaitState("healthy");

    await().atMost(ProtocolPeer.PATIENCE)
        .untilAsserted(() -> assertThat(host.releases()).containsExactlyInAnyOrder(Release.hex(second), Release.hex(third)));
  }

  @Test
  void gives_the_commands_their_environment() throws Exception {
    byte[] archive = Tarball.release("7", "env > ../../apply.env; pwd >> ../../apply.env", OK).bytes();
    host.start(peer);
    String digest = peer.desire("7", archive);
    peer.awaitState("healthy");

    Path release = folder.resolve("nginx/releases").resolve(Release.hex(digest));
    assertThat(Files.readAllLines(folder.resolve("nginx/apply.env"))).contains("SLUICE_MODULE=nginx", "SLUICE_VERSION=7",
        "SLUICE_DIGEST=" + digest, "SLUICE_CURRENT=" + host.current(), "SLUICE_RELEASE_DIR=" + release, release.toString());
  }

  @Test
  void an_instruction_for_what_runs_healthy_is_answered_without_applying_again() throws Exception {
    byte[] archive = Tarball.release("1", "echo x >> ../../applied", OK).bytes();
    host.start(peer);
    peer.desire("1", archive);
    peer.awaitState("healthy");
    peer.desire("1", archive);
    peer.awaitState("healthy");
    assertThat(Files.readAllLines(folder.resolve("nginx/applied"))).hasSize(1);
  }

  @Test
  void drops_work_of_a_lower_generation() throws Exception {
    host.start(peer);
    peer.desire("1", v1);
    peer.desire("2", Tarball.digest(v1), "/v1/artifacts/" + Tarball.digest(v1), 9);
    peer.awaitState("healthy");
    peer.artifacts.put(Tarball.digest(v2), v2);
    peer.desire("late", Tarball.digest(v2), "/v1/artifacts/" + Tarball.digest(v2), 4);
    peer.awaitHeartbeat(heartbeat -> true);
    JsonObject later = peer.awaitHeartbeat(heartbeat -> true);

    assertThat(status(later).getLong("generation")).isEqualTo(9);
    assertThat(host.currentVersion()).isEqualTo("1");
  }

  @Test
  void enrolled_anew_under_another_id_it_does_what_that_one_is_told() throws Exception {
    String first = Tarball.digest(v1);
    peer.artifacts.put(first, v1);
    host.start(peer);
    peer.desire("1", first, "/v1/artifacts/" + first, 7);
    peer.awaitState("healthy");
    host.stop();

    Files.delete(host.state().resolve("identity.json"));
    String second = Tarball.digest(v2);
    peer.artifacts.put(second, v2);
    peer.desire("2", second, "/v1/artifacts/" + second, 1);
    int before = peer.heartbeats.size();
    host.id("i2").start(peer);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(second);
    assertThat(peer.heardAfter(before)).allMatch(told -> status(told).getLong("generation", 0) < 2);
    assertThat(Files.readString(host.state().resolve("modules/m-nginx/record.json"))).contains("\"instance\":\"i2\"");
  }

  @Test
  void numbers_its_heartbeats_upwards_within_a_boot() throws Exception {
    host.start(peer);
    peer.desire("1", v1);
    peer.awaitState("healthy");
    host.stop();
    peer.forget();
    host.start(peer);
    peer.awaitState("healthy");

    String last = null;
    long sequence = 0;
    int boots = 0;
    for (JsonObject heartbeat : peer.heartbeats) {
      boolean sameBoot = heartbeat.getString("boot_id").equals(last);
      if (sameBoot) assertThat(heartbeat.getLong("sequence")).isGreaterThan(sequence);
      else
        boots++;
      last = heartbeat.getString("boot_id");
      sequence = heartbeat.getLong("sequence");
    }
    assertThat(boots).isEqualTo(2);
  }

  @Test
  void learns_by_the_long_poll_when_heartbeats_are_rare() throws Exception {
    peer.interval = 3600;
    host.longPoll().start(peer);
    await().atMost(ProtocolPeer.PATIENCE).until(() -> !peer.heartbeats.isEmpty());
    await().atMost(ProtocolPeer.PATIENCE).until(() -> peer.requests.stream().anyMatch(request -> request.contains("/desired")));
    peer.desire("1", v1);
    peer.awaitState("healthy");
  }

  @Test
  void what_another_version_of_the_agent_has_written_is_named() throws Exception {
    host.start(peer);
    peer.desire("1", Tarball.release("1", "exit 0", "exit 0").bytes());
    peer.awaitState("healthy");
    host.stop();
    Path record = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("record.json");
    Files.writeString(record, Files.readString(record).replaceAll("\"step\":\"[A-Z]+\"", "\"step\":\"OF_LATER\""));
    assertThatThrownBy(() -> host.start(peer)).isInstanceOf(IOException.class).hasMessageContaining(record.toString())
        .hasMessageContaining("OF_LATER");
  }

  @Test
  void two_agents_never_share_a_state_folder() throws Exception {
    host.start(peer);
    try (var second = new Host(folder)) {
      assertThatThrownBy(() -> second.start(peer)).isInstanceOf(ConfigException.class).hasMessageContaining("another agent uses");
    }
  }
}
