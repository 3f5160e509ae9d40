package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.standalone.SharedWorld;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ResourceLock;

/// `sluice up` and `sluice fleet` as processes, worked by the operator's own commands. Each test leaves the fleet on nginx 1.24.0.
@Timeout(600)
@Execution(CONCURRENT)
@ResourceLock("the lane of the command line")
@ExtendWith(SharedWorld.Successor.class)
class UpTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final int KILLED_BY_SIGTERM = 143;
  private static int port;
  private static Path folder;
  private static Program up;
  private static Program fleet;

  @BeforeAll
  static void up(@TempDir(factory = Spaced.class) Path temporary) throws IOException {
    folder = temporary;
    port = dev.sluice.sandbox.Ports.block(30) + 3;
    up = start();
    for (var version : List.of("1.24.0", "1.26.0", "1.26.0-broken"))
      assertThat(
          done("modules", "publish", "nginx", version, DemoModule.write(folder.resolve("builds"), version, version.endsWith("broken"))
              .toString(), "--promote", "blessed"))
          .contains("nginx " + version + " is blessed, sha256:");
    assertThat(done("modules", "promote", "nginx", "1.24.0", "live")).contains("nginx 1.24.0 is live.");
    done("templates", "create", "web", "--id", "web", "--module", "nginx=1.24.0");
    fleet = Program.sluice(folder, Map.of(), "fleet", "--instances", "4", "--data", folder.resolve("fleet").toString(), "--server",
        server(),
        "--token-file", token().toString());
    converged();
  }

  @AfterAll
  static void down() {
    if (fleet != null) fleet.close();
    if (up != null) up.close();
  }

  @Test
  void it_is_ready_on_loopback_with_a_token_for_scripts() throws Exception {
    assertThat(up.said()).contains("Ready at " + server(), server() + "/app/", token().toString());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(token()))).isEqualTo("rw-------");
    for (int service = 0; service < Ports.BLOCK; service++)
      ready("http://127.0.0.1:" + (port + service) + "/readyz");
    assertThat(get(server() + "/v1/modules", Files.readString(token()).strip())).isEqualTo(200);
    assertThat(get(server() + "/v1/modules", null)).isEqualTo(401);
    assertThat(listening(up.process().pid())).isNotEmpty().allMatch(UpTest::loopback);
    assertThat(CommandLineRun.of("instances", "list", "--server", server(), "--token-file", folder.resolve("none").toString()).code())
        .isEqualTo(2);
  }

  @Test
  void a_port_or_a_folder_that_is_taken_is_said_in_one_line() {
    var busy = CommandLineRun.of("up", "--data", folder.resolve("other").toString(), "--port", String.valueOf(port - 3));
    assertThat(busy.code()).isEqualTo(1);
    assertThat(busy.out()).isEmpty();
    assertThat(busy.err().lines()).singleElement().asString().contains("a port from " + (port - 3) + " to " + (port + 1) + " is taken");
    assertThat(folder.resolve("other")).doesNotExist();
    try (var second = Program.sluice(folder, Map.of(), "up", "--data", data().toString(), "--port", String.valueOf(port + 10))) {
      assertThat(second.code()).isEqualTo(1);
      assertThat(second.complained().lines()).singleElement().asString().contains("another Sluice runs on " + data());
    }
  }

  @Test
  void an_upgrade_is_planned_edited_approved_and_explained() {
    assertThat(done("plan", "--module", "nginx", "--target", "1.26.0", "--batch-pct", "50", "--dry-run")).contains("in 2 batches");
    assertThat(done("plan", "--module", "nginx", "--target", "1.26.0", "--batch-pct", "50")).contains("4 instances in 2 batches");
    assertThat(done("edit", "latest", "--batch-pct", "25")).contains("revision 2", "4 instances in 4 batches");
    assertThat(done("diagnose", "latest")).contains("blocked on approval");
    assertThat(refused("approve", "latest", "--revision", "1")).contains("revision 2");
    assertThat(done("approve", "latest", "--wait")).contains("batch 4 of 4 completed: 1 healthy, 0 failed of 1 instance",
        "rollout completed, 4 in all: 4 healthy");
    var rollout = json("rollouts", "show", "latest").path("id").asText();
    assertThat(json("watch", rollout).path("state").asText()).isEqualTo("completed");
    assertThat(done("rollouts", "list", "--state", "completed")).contains(rollout, "1.26.0");
    assertThat(done("rollouts", "instances", rollout, "--batch", "1")).contains("healthy");
    assertThat(done("diagnose", rollout)).contains("nothing blocks it");
    assertThat(done("events", "--rollout", rollout, "--after", "0", "--json").lines().map(line -> parsed(line).path("kind").asText()))
        .containsSubsequence("module.upgrade.planned", "module.upgrade.plan_edited", "module.upgrade.approved", "module.upgrade.started",
            "module.upgrade.batch_started", "module.upgrade.batch_completed", "module.upgrade.completed");
    assertThat(done("templates", "show", "web")).contains("1.26.0");
    assertThat(done("learnings", "add", "--title", "Soak it", "--content", "workers die late", "--category", "best_practice"))
        .contains("is kept.");
    assertThat(done("learnings", "search", "workers")).contains("Soak it");
    assertThat(done("learnings", "list", "--module", "nginx")).contains("nginx");
    assertThat(refused("pause", rollout)).contains("completed");
    assertThat(done("rollback", rollout, "--wait")).contains("is rolled back");
    converged();
  }

  @Test
  void a_trip_ends_the_wait_with_4_and_is_decided() {
    done("plan", "--module", "nginx", "--target", "1.26.0-broken", "--batch-pct", "50");
    var wait = run("approve", "latest", "--wait");
    assertThat(wait.code()).isEqualTo(Failure.OTHERWISE);
    assertThat(wait.err()).contains("decide");
    assertThat(done("diagnose", "latest")).contains("blocked on");
    assertThat(done("decide", "latest")).contains("Circuit breaker tripped in batch 1", "rollback_completed_batches");
    assertThat(done("decide", "latest", "rollback", "--wait")).contains("rollout rolled back");
    converged();
  }

  @Test
  void a_rollout_is_paused_resumed_aborted_and_rolled_back() {
    done("plan", "--module", "nginx", "--target", "1.26.0", "--batch-pct", "25", "--min-healthy-sec", "3");
    done("approve", "latest");
    Program.eventually(() -> json("rollouts", "show", "latest").path("state").asText().equals("running"),
        () -> done("rollouts", "show", "latest"));
    assertThat(done("pause", "latest", "--comment", "lunch")).contains("is paused");
    assertThat(done("diagnose", "latest")).contains("paused");
    assertThat(done("resume", "latest")).contains("is running");
    assertThat(done("abort", "latest")).contains("is aborted");
    assertThat(done("rollback", "latest", "--wait")).contains("is rolled back");
    converged();
  }

  @Test
  void a_policy_blocks_and_a_person_rejects() {
    assertThat(done("policies", "set", "blocked", "--template", "web")).contains("blocked");
    assertThat(done("policies", "list")).contains("blocked");
    assertThat(done("policies", "explain", "--template", "web")).contains("blocked");
    assertThat(refused("plan", "--module", "nginx", "--target", "1.26.0")).contains("blocked");
    done("policies", "delete", "--template", "web");
    done("plan", "--module", "nginx", "--target", "1.26.0");
    assertThat(done("reject", "latest", "--comment", "not today")).contains("rejected");
    converged();
  }

  @Test
  void the_fleet_is_listed_and_one_more_enrols_and_goes() {
    assertThat(done("instances", "list", "--template", "web")).contains("web-001", "web-004", "zone=a", "nginx sha256:");
    assertThat(json("instances", "show", "web-001").path("status").asText()).isEqualTo("running");
    assertThat(done("instances", "enrol", "--template", "web", "--id", "spare")).contains("token:");
    assertThat(done("drift")).contains("drift true", "spare");
    assertThat(done("instances", "decommission", "spare")).contains("decommissioned");
    assertThat(done("instances", "summary", "--template", "web")).contains("4 reporting, 0 silent, 0 stopped, 0 never reported");
    converged();
  }

  @Test
  void the_agent_of_a_host_runs_as_its_file_says() throws Exception {
    var host = Files.createDirectories(folder.resolve("a host"));
    var config = Files.writeString(host.resolve("agent.yaml"), """
        server: %s
        state_dir: state
        enroll: {template_id: web, id: a-host, token: %s}
        modules:
          nginx: {dir: nginx, health: [./bin/health]}
        """.formatted(server(), Files.readString(token()).strip()));
    try (var agent = Program.sluice(host, Map.of(), "agent", "--config", config.toString())) {
      Program.eventually(() -> run("drift").out().startsWith("drift false: 5 converged"), () -> done("drift") + agent.complained());
      assertThat(host.resolve("nginx/current/VERSION")).content().contains("1.24.0");
      assertThat(agent.terminate()).isEqualTo(KILLED_BY_SIGTERM);
    }
    done("instances", "decommission", "a-host");
    converged();
  }

  @Test
  void on_a_terminal_watch_draws_a_bar_for_each_batch_until_the_end() {
    done("plan", "--module", "nginx", "--target", "1.26.0", "--batch-pct", "50");
    try (var watch = Program.atTerminal(folder, "watch", "latest", "--server", server(), "--token-file", token().toString())) {
      watch.says("awaiting approval");
      done("approve", "latest", "--wait");
      assertThat(watch.code()).isZero();
      assertThat(watch.said()).contains("\u001b[2K", "█", "2 of 2", "completed");
    }
    done("rollback", "latest", "--wait");
    converged();
  }

  @Test
  void a_result_that_finds_no_room_is_1_and_one_that_nobody_reads_any_more_is_0_and_no_word() {
    String[] list = {"modules", "list", "--server", server(), "--token-file", token().toString()};
    if (Files.exists(Path.of("/dev/full"))) try (var full = Program.byShell(folder, "> /dev/full", list)) {
      assertThat(full.code()).as(full.complained()).isEqualTo(Failure.REFUSED);
      assertThat(full.complained()).contains("the result could not be written: ");
    }
    try (var unread = Program.byShell(folder, "| true", list)) {
      assertThat(unread.code()).as(unread.complained()).isZero();
      assertThat(unread.complained()).isEmpty();
    }
  }

  @Test
  void it_ends_when_told_and_starts_again_also_after_a_kill() throws IOException {
    var known = json("modules", "versions", "nginx");
    long postgres = postgres();
    assertThat(up.terminate()).isEqualTo(KILLED_BY_SIGTERM);
    assertThat(up.said()).contains("Ending ...");
    Program.nothingIsLeftIn(data().resolve("postgres"));
    gone(postgres);
    assertThat(run("rollouts", "list").code()).isEqualTo(Failure.UNREACHABLE);

    up = start();
    assertThat(json("modules", "versions", "nginx")).isEqualTo(known);
    long left = postgres();
    up.kill();
    assertThat(ProcessHandle.of(left).filter(ProcessHandle::isAlive)).as("PostgreSQL was left running").isPresent();

    up = start();
    gone(left);
    assertThat(json("modules", "versions", "nginx")).isEqualTo(known);
    converged();
  }

  @Test
  void told_to_end_while_it_starts_it_leaves_no_process() {
    var early = folder.resolve("early");
    try (var starting = Program.sluice(folder, Map.of(), "up", "--data", early.toString(), "--port", String.valueOf(port + 20))) {
      Program.eventually(() -> Files.exists(early.resolve("postgres/server/data/postmaster.pid")), () -> "no PostgreSQL");
      assertThat(starting.terminate()).isEqualTo(KILLED_BY_SIGTERM);
      assertThat(starting.said()).doesNotContain("Ready");
      Program.nothingIsLeftIn(early);
    }
  }

  private static Program start() {
    // what is of services that run apart does not touch it
    var environment = Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "2", "SLUICE_TOPIC_PREFIX", "others.", "SLUICE_ARTIFACTS_DIR", "/nowhere",
        "SLUICE_PG_HOST", "nowhere",
        // a language that writes its numbers otherwise; the programs between which they go do not
        "JDK_JAVA_OPTIONS", "-Duser.language=fa -Duser.country=IR");
    return Program.sluice(folder, environment, "up", "--data", data().toString(), "--port",
        String.valueOf(port)).says("Ready at ");
  }

  private static String server() { return "http://127.0.0.1:" + port; }

  private static Path data() { return folder.resolve("data"); }

  private static Path token() { return data().resolve("admin-token"); }

  private static long postgres() throws IOException {
    return Long.parseLong(Files.readAllLines(data().resolve("postgres/server/data/postmaster.pid")).getFirst().strip());
  }

  private static void gone(long pid) {
    Program.eventually(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty(), () -> pid + " still runs");
  }

  private static CommandLineRun run(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--server", server(), "--token-file", token().toString(), "--actor", "maria"));
    return CommandLineRun.of(all.toArray(String[]::new));
  }

  private static void ready(String address) {
    Program.eventually(() -> {
      try {
        return get(address, null) == 200;
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }, () -> address);
  }

  /// A plan is made once the rollout before has let go of its pair.
  private static CommandLineRun onceFree(String... arguments) {
    return await().atMost(Duration.ofMinutes(2)).until(() -> run(arguments),
        run -> run.code() != Failure.REFUSED || !run.err().contains(" is open; "));
  }

  private static String done(String... arguments) {
    var run = arguments[0].equals("plan") ? onceFree(arguments) : run(arguments);
    assertThat(run.code()).as(() -> String.join(" ", arguments) + "\n" + run.out() + run.err()).isZero();
    return run.out();
  }

  private static String refused(String... arguments) {
    var run = run(arguments);
    assertThat(run.code()).as(() -> String.join(" ", arguments) + "\n" + run.out() + run.err()).isEqualTo(Failure.REFUSED);
    return run.err();
  }

  private static JsonNode json(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.add("--json");
    return parsed(done(all.toArray(String[]::new)));
  }

  private static JsonNode parsed(String text) {
    try {
      return Json.mapper().readTree(text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void converged() {
    Program.eventually(() -> run("drift").out().startsWith("drift false: 4 converged"), () -> done("drift"));
  }

  private static int get(String address, String bearer) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create(address));
    if (bearer != null) request.header("Authorization", "Bearer " + bearer);
    return HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
  }

  /// The addresses that a process listens on, as `/proc/net/tcp` and `tcp6` write them.
  private static List<String> listening(long pid) throws IOException {
    var sockets = new HashSet<String>();
    try (var files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (var file : files.toList())
        if (Files.isSymbolicLink(file)) sockets.add(Files.readSymbolicLink(file).toString());
    }
    var addresses = new ArrayList<String>();
    for (var table : List.of("/proc/net/tcp", "/proc/net/tcp6"))
      for (var line : Files.readAllLines(Path.of(table))) {
        var fields = line.strip().split("\\s+");
        if (fields[3].equals("0A") && sockets.contains("socket:[" + fields[9] + "]")) addresses.add(fields[1].replaceAll(":.*", ""));
      }
    return addresses;
  }

  private static boolean loopback(String address) {
    return List.of("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F").contains(address);
  }
}
