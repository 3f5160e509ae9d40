package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.standalone.SharedWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// The five exit codes, and that every failure says what to do.
@Execution(CONCURRENT)
@ExtendWith(SharedWorld.Successor.class)
class ExitCodeTest {
  private static final String ROLLOUT = """
      {"id": "r1", "state": "%s", "revision": 1, "template_id": "web", "module_id": "nginx", "target_version": "1.26.0",
       "counts": {"total": 2, "healthy": 1, "failed": 1}, "current_batch_index": 0, "continuation_request_id": %s,
       "batches": [{"index": 0, "phase": "%s", "instance_count": 2, "healthy_count": 1, "failed_count": 1}]}""";
  private final TinyServer server = new TinyServer();

  @AfterEach
  void close() { server.close(); }

  @Test
  void done_is_0() {
    server.on("GET /v1/modules", "{\"modules\": [{\"id\": \"nginx\", \"name\": \"nginx\"}], \"next_cursor\": null}");
    var run = CommandLineRun.at(server, "modules", "list");
    assertThat(run.code()).isZero();
    assertThat(run.out()).isEqualToNormalizingNewlines("MODULE  NAME\nnginx   nginx\n");
  }

  @Test
  void refused_is_1_with_the_detail_and_each_fault_on_its_line() {
    server.on("GET /v1/modules/nginx", "{\"id\": \"nginx\"}").on("GET /v1/templates/web", "{\"id\": \"web\"}")
        .on("GET /v1/modules/nginx/versions", "{\"versions\": [{\"id\": \"v2\", \"version\": \"1.26.0\"}], \"next_cursor\": null}")
        .on("POST /v1/plans", 400, """
            {"status": 400, "detail": "2 fields are not valid; see errors", "errors": [
              {"field": "batch_pct", "message": "must be an integer from 1 to 100", "given": 500},
              {"field": "canary_size", "message": "must be an integer from 0", "given": -1}]}""");
    var run = CommandLineRun.at(server, "plan", "--template", "web", "--module", "nginx", "--target", "1.26.0", "--batch-pct", "500",
        "--canary-size",
        "-1");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).isEqualToNormalizingNewlines("""
        sluice: 2 fields are not valid; see errors
          batch_pct must be an integer from 1 to 100 (given: 500)
          canary_size must be an integer from 0 (given: -1)
        """);
  }

  @Test
  void no_token_is_1_and_says_where_tokens_are() {
    server.on("GET /v1/modules", 401, "{\"status\": 401, \"detail\": \"the call carries no bearer token\"}");
    var run = CommandLineRun.at(server, "modules", "list");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("the call carries no bearer token").contains("--token-file");
  }

  @Test
  void wrong_usage_is_2_and_names_the_help() {
    assertThat(CommandLineRun.of("plan")).satisfies(run -> {
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).contains("--module").contains("see: ./sluice plan --help");
    });
    assertThat(CommandLineRun.of("plna").err()).contains("Did you mean: ./sluice plan");
    assertThat(CommandLineRun.of("plan", "--module", "nginx", "--target", "1", "--batch-pct", "abc").code()).isEqualTo(2);
    assertThat(CommandLineRun.of("decide", "latest", "explode").err()).contains("OPTION must be");
    assertThat(CommandLineRun.of("modules").code()).isEqualTo(2);
    assertThat(CommandLineRun.of("modules", "list", "--server", "ftp://x").err()).contains("must be an address like");
    assertThat(CommandLineRun.of("modules", "list", "--token-file", "/no/such/file").err()).contains("/no/such/file");
    for (var server : List.of("http://my_host:8080", "http://x:99999"))
      assertThat(CommandLineRun.of("modules", "list", "--server", server)).satisfies(run -> {
        assertThat(run.code()).as(server).isEqualTo(2);
        assertThat(run.err()).contains("the server " + server);
      });
    for (var token : List.of("sesame\nopen", "\uFEFFsesame", ""))
      assertThat(CommandLineRun.of("modules", "list", "--token", token)).satisfies(run -> {
        assertThat(run.code()).as(token).isEqualTo(2);
        assertThat(run.err()).contains("the token must be one word").doesNotContain("sesame");
      });
    assertThat(CommandLineRun.of("run", "postgres").err()).contains("planner-service");
    assertThat(CommandLineRun.of().code()).isEqualTo(2);
  }

  @Test
  void what_has_not_the_form_that_is_asked_for_is_2_in_words_of_ours() {
    assertThat(CommandLineRun.of("modules", "list", "--server", "127.0.0.1:31100")).satisfies(run -> {
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).contains("sluice: the server must be an address like http://127.0.0.1:8080, not 127.0.0.1:31100")
          .doesNotContain("java");
    });
    assertThat(CommandLineRun.of("instances", "enrol", "--label", "novalue")).satisfies(run -> {
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).startsWith("sluice: --label must be KEY=VALUE, not novalue\nsee: ");
    });
    assertThat(CommandLineRun.of("templates", "create", "web", "--module", "nginx")).satisfies(run -> {
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).startsWith("sluice: --module must be MODULE=VERSION, not nginx\nsee: ");
    });
    assertThat(CommandLineRun.of("templates", "set", "web", "nginx")).satisfies(run -> {
      assertThat(run.code()).isEqualTo(2);
      assertThat(run.err()).startsWith("sluice: an argument must be MODULE=VERSION, not nginx\nsee: ");
    });
  }

  @Test
  void nobody_there_is_3_and_says_how_to_start() {
    server.close();
    var run = CommandLineRun.at(server, "rollouts", "list");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).contains("nothing answers at " + server.uri()).contains("./sluice up --data ").contains("SLUICE_SERVER");
  }

  @Test
  void a_part_that_is_away_is_3_for_nothing_was_changed() {
    server.on("GET /v1/reconciler", 503, "{\"status\": 503, \"detail\": \"the database does not answer\"}");
    var run = CommandLineRun.at(server, "reconciler", "show");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).contains("the database does not answer").contains("/readyz");
  }

  @Test
  void another_server_is_3() {
    for (int status : List.of(200, 404, 500))
      server.on("GET /v1/reconciler", status, "<html>hello</html>");
    for (int i = 0; i < 3; i++)
      assertThat(CommandLineRun.at(server, "reconciler", "show")).satisfies(run -> {
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err()).contains("answers, but not as Sluice does", "--server");
      });
  }

  @Test
  void a_server_that_sends_elsewhere_is_3_and_says_where_for_nothing_was_done() {
    var there = "https://sluice.example";
    server.redirects("POST /v1/rollouts/r1/abort", 308, there + "/v1/rollouts/r1/abort").redirects("DELETE /v1/instances/i1", 302, there)
        .redirects("PUT /v1/intervention-policies/a", 301, there + "/login?next=a").redirects("GET /v1/rollouts/r1", 307, there);
    for (var command : List.of(List.of("abort", "r1"), List.of("instances", "decommission", "i1"), List.of("watch", "r1"),
        List.of("policies", "set", "blocked", "--action", "a")))
      assertThat(CommandLineRun.at(server, command.toArray(String[]::new))).satisfies(run -> {
        assertThat(run.code()).as("%s", command).isEqualTo(3);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(server.uri() + " answers, but not as Sluice does (HTTP 30", "it sends everyone to " + there
            + ": give that address by --server");
      });
  }

  @Test
  void an_answer_without_a_word_is_3_unless_it_says_that_there_is_none() {
    server.on("POST /v1/rollouts/r1/abort", "").redirects("POST /v1/rollouts/r1/pause", 302, "/login")
        .redirects("POST /v1/rollouts/r1/rollback", 302, "no address").on("DELETE /v1/instances/i1", 204, "");
    for (var command : List.of("abort", "pause", "rollback"))
      assertThat(CommandLineRun.at(server, command, "r1")).satisfies(run -> {
        assertThat(run.code()).as(command).isEqualTo(3);
        assertThat(run.err()).contains("answers, but not as Sluice does (HTTP ", "name Sluice's address by --server");
      });
    assertThat(CommandLineRun.at(server, "instances", "decommission", "i1").code()).isZero();
  }

  @Test
  void an_end_other_than_asked_is_4() {
    server.on("POST /v1/rollouts/r1/rollback", rollout("rolling_back", "null", "rolling_back"))
        .on("GET /v1/rollouts/r1", rollout("rolling_back", "null", "rolling_back"))
        .on("GET /v1/rollouts/r1", rollout("rolled_back_with_failures", "null", "rolled_back"));
    var run = CommandLineRun.at(server, "rollback", "r1", "--wait");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("rollout r1 is rolled back with failures, not rolled back");
  }

  @Test
  void a_rollout_that_stops_and_asks_ends_the_wait_with_4() {
    server.on("POST /v1/rollouts/r1/resume", rollout("running", "null", "running"))
        .on("GET /v1/rollouts/r1", rollout("awaiting_decision", "\"r1-trip-1\"", "tripped"));
    var run = CommandLineRun.at(server, "resume", "r1", "--wait");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("./sluice decide r1 --server ");
  }

  @Test
  void the_question_that_was_just_answered_does_not_end_the_wait() {
    server.on("GET /v1/approval-requests", "{\"approval_requests\": [{\"id\": \"r1-trip-1\", \"rollout_id\": \"r1\", \"revision\": 1}]}")
        .on("POST /v1/approval-requests/r1-trip-1/decision",
            "{\"id\": \"r1-trip-1\", \"status\": \"approved\", \"decision\": \"retry_failed\"}")
        .on("GET /v1/rollouts/r1", rollout("awaiting_decision", "\"r1-trip-1\"", "tripped"))
        .on("GET /v1/rollouts/r1", rollout("completed", "null", "completed"));
    var run = CommandLineRun.at(server, "decide", "r1", "retry", "--wait");
    assertThat(run.code()).isZero();
    assertThat(run.out()).contains("retry_failed").contains("rollout completed");
  }

  @Test
  void a_server_that_is_away_when_the_wait_begins_is_waited_for() {
    server.on("POST /v1/rollouts/r1/resume", rollout("running", "null", "running"))
        .on("GET /v1/rollouts/r1", 503, "{\"status\": 503, \"detail\": \"away\"}")
        .on("GET /v1/rollouts/r1", rollout("completed", "null", "completed"));
    assertThat(CommandLineRun.at(server, "resume", "r1", "--wait").code()).isZero();
  }

  @Test
  void a_wait_that_takes_too_long_is_4() {
    resumes("running", "running");
    var run = CommandLineRun.at(server, "resume", "r1", "--timeout", "3");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("still running after").contains("./sluice diagnose r1 --server ");
  }

  @Test
  void a_wait_that_cannot_be_meant_is_2_and_nothing_is_done() {
    for (var limit : List.of("0", "-1", "1.5", "soon"))
      assertThat(CommandLineRun.at(server, "abort", "r1", "--timeout", limit)).satisfies(run -> {
        assertThat(run.code()).as(limit).isEqualTo(2);
        assertThat(run.err()).contains("--timeout", "from 1, not " + limit);
      });
    assertThat(server.asked()).isEmpty();
  }

  @Test
  void an_end_other_than_asked_is_a_document_all_the_same() {
    resumes("aborted", "skipped");
    var run = CommandLineRun.at(server, "resume", "r1", "--wait", "--json");
    assertThat(run.code()).isEqualTo(4);
    assertThat(Json.read(run.out(), JsonNode.class).path("state").asText()).isEqualTo("aborted");
  }

  @Test
  void a_server_that_goes_away_does_not_make_a_wait_longer() {
    resumes("running", "running").away("GET /v1/rollouts/r1", "away");
    var run = CommandLineRun.at(server, "resume", "r1", "--timeout", "3");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("still running after 3 s");
  }

  @Test
  void a_server_that_holds_its_answer_does_not_make_a_wait_longer() {
    server.on("POST /v1/rollouts/r1/resume", rollout("running", "null", "running")).holds("GET /v1/rollouts/r1");
    var run = CommandLineRun.at(server, "resume", "r1", "--timeout", "1", "--json");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("no answer within 1 s says how rollout r1 stands", "./sluice diagnose r1 --server ");
  }

  @Test
  @Timeout(120)
  void an_answer_without_an_end_does_not_make_a_wait_longer() {
    resumes("running", "running").begins("GET /v1/rollouts/r1");
    var run = CommandLineRun.at(server, "resume", "r1", "--timeout", "3", "--json");
    assertThat(run.code()).isEqualTo(4);
    assertThat(run.err()).contains("still running after 3 s");
    assertThat(Json.read(run.out(), JsonNode.class).path("state").asText()).isEqualTo("running");
  }

  @Test
  void a_name_that_is_empty_is_2_and_no_other_path() {
    for (var command : List.of(List.of("watch", ""), List.of("approve", ""), List.of("events", "--rollout", ""),
        List.of("rollouts", "show", ""), List.of("instances", "show", " ")))
      assertThat(CommandLineRun.at(server, command.toArray(String[]::new))).satisfies(run -> {
        assertThat(run.code()).as("%s", command).isEqualTo(2);
        assertThat(run.err()).contains("must not be empty");
      });
    for (var command : List.of(List.of("policies", "delete", "--template", ".."), List.of("rollouts", "show", "."), List.of("watch", "..")))
      assertThat(CommandLineRun.at(server, command.toArray(String[]::new))).satisfies(run -> {
        assertThat(run.code()).as("%s", command).isEqualTo(2);
        assertThat(run.err()).contains("must not be .");
      });
    assertThat(server.asked()).isEmpty();
  }

  /// A rollout that is resumed, and stands then as it is said.
  private TinyServer resumes(String state, String phase) {
    return server.on("POST /v1/rollouts/r1/resume", rollout("running", "null", "running"))
        .on("GET /v1/rollouts/r1", rollout(state, "null", phase));
  }

  private static String rollout(String state, String continuation, String phase) { return ROLLOUT.formatted(state, continuation, phase); }
}
