package dev.sluice.agent;

import static dev.sluice.agent.ProtocolPeer.claim;
import static dev.sluice.agent.ProtocolPeer.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.grack.nanojson.JsonObject;
import dev.sluice.agent.AgentConfig.Limits;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Releases, archives and commands that fail.
@Execution(ExecutionMode.CONCURRENT)
class FailureTest {
  private static final String OK = "exit 0";
  private static final Pattern WAITS = Pattern.compile("DOWNLOADING waits (\\d+) ms");
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private Host host;
  private String first;

  @BeforeEach
  void install_the_first_version() throws Exception {
    peer = new ProtocolPeer();
    host = new Host(folder).start(peer);
    first = peer.desire("1", Tarball.release("1", OK, OK).bytes());
    peer.awaitState("healthy");
  }

  @AfterEach
  void stop() {
    host.close();
    peer.close();
  }

  @Test
  void a_failed_apply_puts_the_old_release_back() throws Exception {
    peer.desire("2", Tarball.release("2", "echo port 80 is taken; exit 3", OK).bytes());
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(status(told).getString("detail")).isEqualTo("apply: exit 3: port 80 is taken");
    assertThat(claim(told)).isEqualTo(first);
    assertThat(host.currentVersion()).isEqualTo("1");
    await().atMost(ProtocolPeer.PATIENCE).untilAsserted(() -> assertThat(host.releases()).containsExactly(Release.hex(first)));
  }

  @Test
  void where_the_state_was_lost_a_failed_apply_costs_no_release_that_may_run() throws Exception {
    host.stop();
    Durable.delete(host.state());
    peer.forget();
    host.start(peer);
    for (int i = 0; i < 2; i++) { // one of them may be tried again
      peer.desire("2", Tarball.release("2" + i, "exit 1", OK).bytes());
      assertThat(claim(peer.awaitState("apply_failed"))).as("nobody knows whether it runs").isEmpty();
      assertThat(host.currentVersion()).isEqualTo("1");
      await().atMost(ProtocolPeer.PATIENCE).untilAsserted(() -> assertThat(host.releases()).containsExactly(Release.hex(first)));
    }
    String third = peer.desire("3", Tarball.release("3", OK, OK).bytes());
    peer.awaitState("healthy");
    await().atMost(ProtocolPeer.PATIENCE).untilAsserted(() -> assertThat(host.releases()).containsExactly(Release.hex(third)));
    assertThat(folder.resolve("nginx/.current.before")).doesNotExist();
  }

  private void failsAndTheFirstIsBack(String why) throws Exception {
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(status(told).getString("detail")).contains(why);
    assertThat(claim(told)).isEqualTo(first);
    assertThat(host.currentVersion()).isEqualTo("1");
  }

  @Test
  void a_newer_instruction_does_not_keep_the_old_release_from_going_back() throws Exception {
    peer.desire("2", Tarball.release("2", "until test -e ../../go; do sleep 0.05; done; exit 3", OK).bytes());
    await().atMost(ProtocolPeer.PATIENCE).until(() -> host.currentVersion().equals("2"));
    String gone = "sha256:" + "ab".repeat(32);
    var stood = new CompletableFuture<String>();
    peer.asked = digest -> {
      try {
        if (digest.equals(gone)) stood.complete(host.currentVersion());
      } catch (IOException e) {
        stood.completeExceptionally(e);
      }
    };
    peer.desire("3", gone, "/v1/artifacts/" + gone);
    for (int heard = 0; heard < 3; heard++)
      peer.awaitHeartbeat(heartbeat -> true);
    Files.createFile(folder.resolve("nginx/go"));
    assertThat(stood.get(100, TimeUnit.SECONDS)).as("what stood when the next was begun").isEqualTo("1");
    failsAndTheFirstIsBack("answers 404");
  }

  @Test
  void a_switch_that_was_given_up_for_what_fails_too_is_taken_back() throws Exception {
    host.stop();
    byte[] second = Tarball.release("2", OK, OK).bytes();
    var release = new Release(Tarball.digest(second), "2");
    var releases = new Releases(folder.resolve("nginx"));
    releases.unpack(release, Files.write(folder.resolve("2.tar.gz"), second), Limits.DEFAULT);
    releases.switchTo(release);
    Path record = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("record.json");
    ModuleRecord switched = ModuleRecord.of(Durable.read(record).orElseThrow()).at(Step.SWITCHED);
    String digest = peer.desire("3", new Tarball().file("../../evil", "x").bytes());
    var third = new Instruction("3", digest, peer.generation(), "");
    Durable.write(record, switched.receiving("i1", third).json());
    host.start(peer);
    failsAndTheFirstIsBack("leaves the folder");
  }

  @Test
  void a_release_whose_health_command_fails_stays_and_is_reported() throws Exception {
    String second = peer.desire("2", Tarball.release("2", OK, "echo 502 Bad Gateway; exit 1").bytes());
    JsonObject told = peer.awaitState("unhealthy");
    assertThat(status(told).getString("detail")).isEqualTo("exit 1: 502 Bad Gateway");
    assertThat(claim(told)).isEqualTo(second);
    assertThat(host.currentVersion()).isEqualTo("2");
  }

  @Test
  void health_that_changes_is_reported() throws Exception {
    peer.desire("2", Tarball.release("2", OK, "test ! -e ../../sick").bytes());
    peer.awaitState("healthy");
    int told = peer.heartbeats.size();
    peer.interval = 3600;
    await().atMost(ProtocolPeer.PATIENCE).until(() -> peer.heartbeats.size() > told);
    peer.forget();
    Files.createFile(folder.resolve("nginx/sick"));
    peer.awaitState("unhealthy");
    Files.delete(folder.resolve("nginx/sick"));
    peer.awaitState("healthy");
  }

  @Test
  void health_is_told_though_nothing_can_be_written_any_more() throws Exception {
    peer.desire("2", Tarball.release("2", OK, "test ! -e ../../sick").bytes());
    peer.awaitState("healthy");
    var module = host.state().resolve("modules/m-" + ProtocolPeer.MODULE);
    block(module.resolve("record.json.new"));
    peer.forget();
    Files.createFile(folder.resolve("nginx/sick"));
    peer.awaitState("unhealthy");
    peer.forget();
    Files.delete(folder.resolve("nginx/sick"));
    peer.awaitState("healthy");
    peer.forget();
    block(module.resolve("output"));
    JsonObject told = peer.awaitState("unhealthy");
    assertThat(status(told).getString("detail")).containsAnyOf("the health command cannot be run: ", "cannot start ./bin/health: ");
  }

  @Test
  void health_is_told_though_the_end_of_an_upgrade_cannot_be_written() throws Exception {
    peer.desire("2", Tarball.release("2", OK, "test ! -e ../../sick").bytes());
    peer.awaitState("healthy");
    host.stop();
    Path record = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("record.json");
    Files.writeString(record, Files.readString(record).replace("\"DONE\"", "\"CHECKED\""));
    block(record.resolveSibling("record.json.new"));
    peer.forget();
    host.start(peer);
    peer.awaitState("healthy");
    Files.createFile(folder.resolve("nginx/sick"));
    peer.awaitState("unhealthy");
    assertThat(Files.readString(record)).contains("CHECKED");
  }

  /// In the way of whoever writes this file.
  private static void block(Path file) throws IOException {
    while (!Files.isDirectory(file)) {
      Files.deleteIfExists(file);
      try {
        Files.createDirectories(file.resolve("in the way"));
      } catch (FileSystemException again) {
        // it was written, or removed, meanwhile
      }
    }
  }

  private void allowFiveSeconds() throws Exception {
    host.stop();
    peer.forget();
    host.timeLimit(Duration.ofSeconds(5)).start(peer);
    peer.awaitState("healthy");
  }

  @Test
  void a_command_over_its_time_limit_is_killed_with_all_below_it() throws Exception {
    allowFiveSeconds();
    peer.desire("2", Tarball.release("2", "sleep 300 & echo $! > ../../pid; echo waiting; sleep 300", OK).bytes());
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(status(told).getString("detail")).contains("stopped after 5 s").contains("waiting");
    long child = Long.parseLong(Files.readString(folder.resolve("nginx/pid")).strip());
    await().atMost(ProtocolPeer.PATIENCE).until(() -> ended(child));
  }

  @Test
  void a_command_over_its_time_limit_is_killed_with_what_it_gave_another_parent() throws Exception {
    allowFiveSeconds();
    peer.desire("2",
        Tarball.release("2", "(sleep 300 & echo $! > ../../orphan); setsid sleep 300 & echo $! > ../../session; sleep 300", OK).bytes());
    peer.awaitState("apply_failed");
    for (String left : List.of("orphan", "session")) {
      long pid = Long.parseLong(Files.readString(folder.resolve("nginx").resolve(left)).strip());
      await().atMost(ProtocolPeer.PATIENCE).until(() -> ended(pid));
    }
  }

  @Test
  void what_a_failed_apply_has_started_ends_with_it() throws Exception {
    peer.desire("2", Tarball.release("2", "setsid sleep 300 & echo $! > ../../left; exit 3", OK).bytes());
    peer.awaitState("apply_failed");
    long left = Long.parseLong(Files.readString(folder.resolve("nginx/left")).strip());
    try {
      await().atMost(ProtocolPeer.PATIENCE).until(() -> ended(left));
    } finally {
      ProcessHandle.of(left).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void a_service_left_behind_by_apply_outlives_it() throws Exception {
    peer.desire("2", Tarball.release("2", "(while :; do echo line; sleep 0.05; done) & echo $! > ../../pid", OK).bytes());
    peer.awaitState("healthy");
    long service = Long.parseLong(Files.readString(folder.resolve("nginx/pid")).strip());
    try {
      peer.awaitHeartbeat(heartbeat -> true);
      assertThat(ended(service)).isFalse();
    } finally {
      ProcessHandle.of(service).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void only_the_last_500_characters_of_output_are_told() throws Exception {
    peer.desire("2", Tarball.release("2", OK, "yes noise | head -c 100000; echo the end; exit 1").bytes());
    String detail = status(peer.awaitState("unhealthy")).getString("detail");
    assertThat(detail).hasSizeLessThanOrEqualTo(500).startsWith("exit 1:").endsWith("the end");
  }

  @Test
  void a_command_that_is_not_there_fails_in_words() throws Exception {
    peer.desire("2", new Tarball().file("VERSION", "2").bytes());
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).startsWith("apply: cannot start ./bin/apply");
    assertThat(host.currentVersion()).isEqualTo("1");
  }

  @Test
  void an_old_release_that_does_not_start_either_is_not_claimed() throws Exception {
    peer.desire("2", Tarball.release("2", OK, OK).script("bin/once", "mkdir ../../applied").bytes());
    peer.awaitState("healthy");
    String once = peer.desire("3", Tarball.release("3", "mkdir ../../applied", OK).bytes());
    peer.awaitState("healthy");
    peer.desire("4", Tarball.release("4", "echo no; exit 1", OK).bytes());
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(claim(told)).isEmpty();
    assertThat(status(told).getString("detail")).contains("apply: exit 1: no").contains("putting 3 back");
    assertThat(host.releases()).contains(Release.hex(once));

    Files.delete(folder.resolve("nginx/applied"));
    peer.desire("3", once, "/v1/artifacts/" + once);
    assertThat(claim(peer.awaitState("healthy"))).isEqualTo(once);
  }

  @Test
  void an_unsafe_archive_is_refused_and_the_old_release_goes_on() throws Exception {
    peer.desire("2", new Tarball().file("VERSION", "2").file("../../evil", "x").bytes());
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(status(told).getString("detail")).contains("archive refused").contains("leaves the folder");
    assertThat(claim(told)).isEqualTo(first);
    assertThat(host.releases()).containsExactly(Release.hex(first));
  }

  @Test
  void a_worker_has_stack_enough_for_the_headers_that_an_entry_may_have() throws Exception {
    peer.desire("2", Tarball.release("2", OK, OK).emptyHeaders(120).file("f", "x").bytes());
    peer.awaitState("healthy");
    peer.desire("3", Tarball.release("3", OK, OK).emptyHeaders(2000).file("f", "x").bytes());
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).contains("header takes more than");
  }

  @Test
  void no_detail_has_characters_that_the_server_refuses() throws Exception {
    peer.desire("2", new Tarball().link("l", "/" + "x".repeat(150) + "\0").bytes());
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).contains("points out").doesNotContain("\0");
    host.stop();
    Path record = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("record.json");
    Files.writeString(record, Files.readString(record).replace("points out", "points \\u0000out"));
    peer.forget();
    host.start(peer);
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).as("of an older agent").contains("points out");
  }

  @Test
  void an_archive_with_another_sha256_is_refused() throws Exception {
    byte[] archive = Tarball.release("2", OK, OK).bytes();
    String digest = Tarball.digest(archive);
    peer.artifacts.put(digest, Tarball.release("3", OK, OK).bytes());
    peer.desire("2", digest, "/v1/artifacts/" + digest);
    JsonObject told = peer.awaitState("apply_failed");
    assertThat(status(told).getString("detail")).contains("another sha256");
    assertThat(claim(told)).isEqualTo(first);
  }

  @Test
  void an_archive_that_is_not_there_is_reported() throws Exception {
    String digest = "sha256:" + "ab".repeat(32);
    peer.desire("2", digest, "/v1/artifacts/" + digest);
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).contains("answers 404");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://artifact_store/x", "http:///x", "http://127.0.0.1:70000/x"})
  void an_address_that_no_host_can_have_is_reported(String url) throws Exception {
    peer.desire("2", "sha256:" + "ab".repeat(32), url);
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).contains("names no host").contains(url);
  }

  @Test
  void a_redirect_to_what_is_no_address_is_reported() throws Exception {
    peer.location = peer.uri() + "/a b";
    peer.desire("2", Tarball.release("2", OK, OK).bytes());
    assertThat(status(peer.awaitState("apply_failed")).getString("detail")).contains("redirects to no address");
  }

  @Test
  void a_download_that_breaks_off_goes_on_where_it_was() throws Exception {
    byte[] noise = new byte[3_000_000];
    new Random(3).nextBytes(noise);
    peer.dropAfter = 1_000_000;
    peer.desire("2", Tarball.release("2", OK, OK).file("noise", noise).bytes());
    peer.awaitState("healthy");
    List<String> resumed = peer.requests.stream().filter(request -> request.contains("bytes=")).toList();
    assertThat(resumed).isNotEmpty();
  }

  @Test
  void a_download_that_gets_on_does_not_wait_ever_longer() throws Exception {
    byte[] noise = new byte[3_000_000];
    new Random(4).nextBytes(noise);
    peer.dropAfter = 500_000;
    peer.desire("2", Tarball.release("2", OK, OK).file("noise", noise).bytes());
    peer.awaitState("healthy");
    var waits = host.log.stream().map(WAITS::matcher).filter(Matcher::find).map(wait -> Long.valueOf(wait.group(1))).toList();
    assertThat(waits).hasSizeGreaterThan(4).allMatch(wait -> wait <= 500);
  }

  @Test
  void a_download_that_fills_the_disk_keeps_nothing_of_it() throws Exception {
    byte[] second = Tarball.release("2", OK, OK).bytes();
    Path archives = host.state().resolve("modules/m-" + ProtocolPeer.MODULE).resolve("archives");
    await().atMost(ProtocolPeer.PATIENCE).until(() -> Files.notExists(archives));
    Path archive = Files.createDirectories(archives).resolve(Release.hex(Tarball.digest(second)) + ".tar.gz");
    Files.createSymbolicLink(archive, Path.of("/dev/full"));
    peer.desire("2", second);
    peer.awaitState("healthy");
    assertThat(host.currentVersion()).isEqualTo("2");
  }

  @Test
  void an_archive_on_its_way_makes_room_before_anything_is_written_of_the_next() throws Exception {
    peer.dropAfter = 1;
    String second = peer.desire("2", Tarball.release("2", OK, OK).bytes());
    Path module = host.state().resolve("modules/m-" + ProtocolPeer.MODULE);
    Path archive = module.resolve("archives").resolve(Release.hex(second) + ".tar.gz");
    await().atMost(ProtocolPeer.PATIENCE).until(() -> Files.exists(archive));
    block(module.resolve("record.json.new"));
    peer.desire("1", first, "/v1/artifacts/" + first);
    await().atMost(ProtocolPeer.PATIENCE).until(() -> Files.notExists(archive));
  }

  @Test
  void the_token_goes_to_the_own_server_only() throws Exception {
    try (var elsewhere = new ProtocolPeer()) {
      byte[] archive = Tarball.release("2", OK, OK).bytes();
      String digest = Tarball.digest(archive);
      elsewhere.artifacts.put(digest, archive);
      peer.desire("2", digest, elsewhere.uri() + "/v1/artifacts/" + digest);
      peer.awaitState("healthy");
      assertThat(elsewhere.requests).hasSize(1).allMatch(request -> request.contains(" null "));
      assertThat(peer.requests).anyMatch(request -> request.contains("/v1/artifacts/" + first + " Bearer secret"));
    }
  }

  static boolean ended(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/stat")).matches("(?s)\\d+ \\(.*\\) Z .*");
    } catch (IOException gone) {
      return true;
    }
  }
}
