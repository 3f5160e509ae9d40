package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.contract.Ask;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.Problem;
import dev.sluice.contract.TemplateId;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;

/// What needs a second process: the clustered event bus, and the end of a process.
class ProcessTest {
  private static final String READY = "ready";

  /// A process that does what `arguments` say; see [#main].
  private static Process start(String... arguments) throws IOException {
    var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED", "-cp",
        System.getProperty("java.class.path"), ProcessTest.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("answer")) answer(Integer.parseInt(arguments[1]), List.of(arguments[2].split(",")));
    else
      load(arguments);
  }

  /// Answers asks of the cluster until it is killed.
  private static void answer(int port, List<String> members) throws InterruptedException {
    var node = Node.clustered(new Node.Place("127.0.0.1", port), members);
    new Asks(node.vertx(), node.threads(), 0).answer(Ask.Service.PLANNER, Ask.TemplateOf.class, q -> {
      if (q.templateId().value().equals("none")) throw new ProblemException(Problem.notFound("template", "none"));
      return new Ask.TemplateView(q.templateId(), "web in " + ProcessHandle.current().pid(), List.of());
    });
    System.out.println(READY);
    new CountDownLatch(1).await();
  }

  @Test
  void two_processes_find_each_other_by_a_list_of_addresses_and_share_one_event_bus() throws Exception {
    int here = Ports.free();
    int there = Ports.free();
    var members = List.of("127.0.0.1:" + here, "127.0.0.1:" + there);
    var process = start("answer", Integer.toString(there), String.join(",", members));
    var node = Node.clustered(new Node.Place("127.0.0.1", here), members);
    try {
      awaitLine(process, READY);
      var asks = new Asks(node.vertx(), node.threads(), 0);
      // who has just come is known everywhere a moment later
      await().atMost(Duration.ofSeconds(60)).ignoreException(Outage.class).untilAsserted(
          () -> assertThat(asks.ask(new Ask.TemplateOf(new TemplateId("t")), Duration.ofSeconds(20)))
              .isEqualTo(new Ask.TemplateView(new TemplateId("t"), "web in " + process.pid(), List.of())));
      assertThatThrownBy(() -> asks.ask(new Ask.TemplateOf(new TemplateId("none")), Duration.ofSeconds(20)))
          .isInstanceOfSatisfying(ProblemException.class, e -> assertThat(e.problem()).isEqualTo(Problem.notFound("template", "none")));
      process.destroyForcibly().waitFor();
      assertThatThrownBy(() -> asks.ask(new Ask.TemplateOf(new TemplateId("t")), Duration.ofSeconds(1))).isInstanceOf(Outage.class);
    } finally {
      process.destroyForcibly();
      node.close();
    }
  }

  /// Loads the stream `i` as a service does: the process must not outlive a fact that cannot be read.
  private static void load(String[] a) {
    var config = new ServiceConfig("planner-service", "127.0.0.1", 0, a[1], Integer.parseInt(a[2]), a[3], a[4], a[5], "planner", 2, "", "",
        6_000, 0);
    new Journal(Db.open(Node.alone().vertx(), config), () -> {}, Chassis::stop).after("i", 0, new Kinds(FleetEvent.class));
  }

  @Test
  void a_corrupt_journal_stops_the_process_and_names_the_position() throws Exception {
    var config = Real.config("planner");
    Db.migrate(config);
    try (var node = Node.alone(); var db = Db.open(node.vertx(), config)) {
      db.query("""
          insert into journal (epoch, stream, seq, told_to, topic, key, kind, at, scope, data)
          values (1, 'i', 1, 0, 'sluice.instance', 'i', 'instance_recovered', now(), '{}', '{"instance_id": 5')
          """);
      var stopped = new CompletableFuture<Journal.Corrupt>();
      try (var admin = Admin.create(Map.of("bootstrap.servers", config.kafka()));
          var relay = new Relay(node.vertx(), db, admin, config, node.metrics(), InstantSource.system(), stopped::complete)) {
        relay.nudge();
        assertThat(stopped.get(100, TimeUnit.SECONDS)).hasMessageContaining("position 1 (i/1)");
      }
    }
    var process = start("load", config.pgHost(), Integer.toString(config.pgPort()), config.pgDatabase(), config.pgUser(),
        config.pgPassword());
    try {
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(said).isEqualTo(70);
      assertThat(said).contains("the journal is corrupt at position 1 (i/1)");
    } finally {
      process.destroyForcibly();
    }
  }

  private static void awaitLine(Process process, String line) throws IOException {
    var out = process.inputReader(StandardCharsets.UTF_8);
    var said = new StringBuilder();
    for (var next = out.readLine(); !line.equals(next); next = out.readLine()) {
      if (next == null) throw new AssertionError("the process ended:\n" + said);
      said.append(next).append('\n');
    }
    Thread.startVirtualThread(() -> out.lines().forEach(_ -> {}));
  }
}
