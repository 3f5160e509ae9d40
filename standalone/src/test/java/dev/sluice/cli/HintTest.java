package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each command that is printed works as it stands when it is pasted: it begins with what starts this program, and it goes to the same server.
class HintTest {
  private static final Pattern COMMAND = Pattern.compile("(?:[^\\s`]*/)?sluice (?:[a-z]+ ?)+[^`\\n]*");
  private final TinyServer server = new TinyServer();

  @AfterEach
  void close() { server.close(); }

  @Test
  void a_hint_names_the_server_that_was_named() {
    server.on("GET /v1/rollouts", "{\"rollouts\": []}").on("GET /v1/modules", "{\"modules\": []}").on("GET /v1/templates", """
        {"templates": []}""").on("GET /v1/instances", "{\"instances\": []}").on("GET /v1/rollouts/r1", """
        {"id": "r1", "state": "awaiting_decision", "continuation_request_id": "r1-trip-1", "counts": {"total": 1}, "batches": []}""")
        .on("POST /v1/rollouts/r1/resume", "{}");
    var commands = Stream
        .of(List.of("rollouts", "list"), List.of("modules", "list"), List.of("templates", "list"), List.of("instances", "list"),
            List.of("watch", "latest"), List.of("plan", "--module", "nginx", "--target", "2"), List.of("templates", "show", "web"),
            List.of("fleet", "--instances", "1"), List.of("rollouts", "show", "r1"), List.of("resume", "r1", "--wait"))
        .flatMap(command -> hints(CommandLineRun.at(server, command.toArray(String[]::new)))).toList();
    assertThat(commands).hasSize(10)
        .allSatisfy(command -> assertThat(command).startsWith("./sluice ").contains(" --server " + server.uri()));
  }

  @Test
  void a_hint_names_the_file_of_the_token_that_was_named(@TempDir Path folder) throws Exception {
    var file = Files.writeString(folder.resolve("a token"), "secret");
    server.on("GET /v1/rollouts", "{\"rollouts\": []}");
    var run = CommandLineRun.of("rollouts", "list", "--server", server.uri().toString(), "--token-file", file.toString());
    assertThat(hints(run)).singleElement().asString().endsWith(" --token-file '" + file + "'");
  }

  @Test
  void where_nothing_answers_the_hint_starts_it_there() {
    server.close();
    assertThat(hints(CommandLineRun.at(server, "drift"))).singleElement().asString()
        .isEqualTo("./sluice up --data data/sluice --port " + server.uri().getPort());
    var far = CommandLineRun.of("drift", "--server", "http://name.invalid:8080");
    assertThat(hints(far)).isEmpty();
    assertThat(far.err()).contains("--server");
  }

  @Test
  void a_rollout_that_asks_how_to_go_on_is_answered_by_decide() {
    var refused = """
        {"status": 409, "detail": "rollout r1 is %s; it takes abort, rollback", "state": "%s", "legal_commands": ["abort", "rollback"]}""";
    server.on("POST /v1/rollouts/r1/resume", 409, refused.formatted("awaiting_decision", "awaiting_decision"))
        .on("POST /v1/rollouts/r1/pause", 409, refused.formatted("awaiting_decision", "awaiting_decision"))
        .on("POST /v1/rollouts/r2/resume", 409, refused.formatted("aborted", "aborted"));
    for (var command : List.of("resume", "pause"))
      assertThat(CommandLineRun.at(server, command, "r1")).satisfies(run -> {
        assertThat(run.code()).as(command).isEqualTo(1);
        assertThat(run.err()).isEqualToNormalizingNewlines("""
            sluice: rollout r1 is awaiting_decision; it takes abort, rollback
              answer its question by: ./sluice decide r1 --server %s
            """.formatted(server.uri()));
      });
    assertThat(hints(CommandLineRun.at(server, "resume", "r2"))).isEmpty();
  }

  @Test
  void wrong_usage_names_a_help_that_is_there() {
    assertThat(hints(CommandLineRun.of("modules", "publish"))).containsExactly("./sluice modules publish --help");
    assertThat(CommandLineRun.of("plna").err()).contains("Did you mean: ./sluice plan");
    assertThat(CommandLineRun.of("--help").out()).contains("Start with: ./sluice demo");
  }

  @Test
  void words_are_quoted_where_a_shell_would_part_them() {
    assertThat(Stream.of("nginx", "my module", "it's", "").map(Sluice::quoted)).containsExactly("nginx", "'my module'", "'it'\\''s'", "''");
  }

  private static Stream<String> hints(CommandLineRun run) {
    return COMMAND.matcher(run.err()).results().map(found -> found.group().replaceFirst("[;,)].*", "").strip());
  }
}
