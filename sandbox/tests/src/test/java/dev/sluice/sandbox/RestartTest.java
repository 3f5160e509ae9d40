package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class RestartTest {
  private static final String TOPIC = "sluice.plan";

  @Test
  void keeps_all_over_the_kill_of_its_process_which_leaves_postgres_running(@TempDir Path temp) throws Exception {
    try (var child = Child.start(Start.class, List.of(), Map.of(), temp)) {
      assertThat(child.line()).isEqualTo("started");
      assertThatThrownBy(() -> Sandbox.open(temp)).hasMessageContaining("is in use by process");
      child.kill();
    }
    var left = Postmaster.of(temp.resolve("postgres/server/data")).orElseThrow().pid();
    assertThat(ProcessHandle.of(left)).isPresent();
    try (var sandbox = Sandbox.open(temp)) {
      assertThat(PostgresTest.one(sandbox.database().login("planner"), "select n from kept")).isEqualTo("7");
      assertThat(KafkaTest.first(sandbox.bootstrap(), TOPIC)).isEqualTo("told");
      assertThat(ProcessHandle.of(left)).isEmpty();
    }
  }

  @Test
  void leaves_no_server_and_no_folder_of_a_test_that_was_killed(@TempDir Path temp) throws Exception {
    var folder = temp.resolve("shared");
    try (var child = Child.start(StartShared.class, List.of(), Map.of(), folder)) {
      var postgres = Long.parseLong(child.line());
      child.kill();
      await().atMost(Duration.ofSeconds(60)).until(() -> ProcessHandle.of(postgres).isEmpty() && !Files.exists(folder));
    }
  }

  /// Starts a PostgreSQL that must not outlive it.
  static final class StartShared {
    private StartShared() {
    }

    public static void main(String[] arguments) throws IOException {
      var folder = Path.of(arguments[0]);
      OwnServers.endWithThisProcess(folder);
      try (var postgres = Postgres.start(folder.resolve("postgres"), 0)) {
        IO.println(postgres.pid());
        Child.awaitEndOfInput();
      }
    }
  }

  /// Opens a sandbox, writes to both servers and holds it.
  static final class Start {
    private Start() {
    }

    public static void main(String[] arguments) throws Exception {
      try (var sandbox = Sandbox.open(Path.of(arguments[0]))) {
        PostgresTest.execute(sandbox.database().login("planner"), "create table kept as select 7 as n");
        sandbox.ensureTopics(Map.of(TOPIC, TopicSpec.of(TOPIC)));
        KafkaTest.tell(sandbox.bootstrap(), TOPIC, "told");
        IO.println("started");
        Child.awaitEndOfInput();
      }
    }
  }
}
