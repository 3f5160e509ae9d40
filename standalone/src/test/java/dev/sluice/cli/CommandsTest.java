package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.io.StringWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the commands send, and how they show what comes back.
class CommandsTest {
  private static final String FAILED = IntStream.rangeClosed(1, 10).mapToObj(i -> """
      {"instance_id": "i%d", "batch_index": 0, "state": "failed", "reason": "%s"}""".formatted(i, switch (i) {
    case 3, 9 -> "never_handed_out";
    case 10 -> "silent";
    default -> "unhealthy";
  })).collect(Collectors.joining(",", "{\"instances\": [", "], \"next_cursor\": null}"));
  private final TinyServer server = new TinyServer();

  @AfterEach
  void close() { server.close(); }

  @Test
  void who_acts_is_said_as_it_was_given_or_not_at_all() {
    server.on("POST /v1/modules", 201, "{\"id\": \"nginx\", \"name\": \"nginx\"}");
    var to = new String[]{"modules", "create", "nginx", "--server", server.uri().toString(), "--token", "secret", "--actor"};
    var other = CommandLineRun.to(new StringWriter(), CommandLineRun.with(to, "\u0410\u043d\u043d\u0430"));
    assertThat(other.code()).as("as _ she would be the same as others").isEqualTo(2);
    assertThat(other.err()).contains("--actor must be plain letters");
    assertThat(server.asked()).isEmpty();
    assertThat(CommandLineRun.to(new StringWriter(), CommandLineRun.with(to, "Anna Schmidt")).code()).isZero();
    assertThat(server.asked().getFirst().header("X-sluice-actor")).isEqualTo("Anna Schmidt");
  }

  @Test
  void each_call_says_who_calls() {
    server.on("POST /v1/modules", 201, "{\"id\": \"nginx\", \"name\": \"nginx\"}");
    assertThat(CommandLineRun.at(server, "modules", "create", "nginx").out()).contains("Module nginx is made.");
    var asked = server.asked().getFirst();
    assertThat(asked.header("Authorization")).isEqualTo("Bearer secret");
    assertThat(asked.header("X-sluice-actor")).isEqualTo("maria");
    assertThat(asked.header("Idempotency-key")).isNotEmpty();
    assertThat(asked.body()).isEqualTo("{\"name\":\"nginx\"}");
  }

  @Test
  void what_is_away_for_a_moment_is_asked_for_again_under_the_same_key() {
    server.away("POST /v1/modules", "the database is away").away("POST /v1/modules", "the database is away")
        .on("POST /v1/modules", 201, "{\"id\": \"nginx\", \"name\": \"nginx\"}");
    var run = CommandLineRun.at(server, "modules", "create", "nginx");
    assertThat(run.code()).isZero();
    assertThat(run.err().lines()).containsExactly("the database is away; trying again for up to 30 s");
    assertThat(server.asked()).hasSize(3).extracting(asked -> asked.header("Idempotency-key")).containsOnly(
        server.asked().getFirst().header("Idempotency-key"));
  }

  @Test
  void what_would_be_refused_where_it_was_done_is_not_asked_for_again() {
    server.away("DELETE /v1/instances/i1", "the database is away").on("DELETE /v1/instances/i1", 204, "");
    var run = CommandLineRun.at(server, "instances", "decommission", "i1");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err()).contains("the database is away", "/readyz");
    assertThat(server.asked()).hasSize(1);
  }

  @Test
  void json_is_the_answer_and_nothing_else() throws IOException {
    server.on("GET /v1/reconciler", "{\"paused\": false, \"tick_sec\": 60, \"new_field\": 1}");
    var run = CommandLineRun.at(server, "reconciler", "show", "--json");
    assertThat(Json.mapper().readTree(run.out()))
        .isEqualTo(Json.mapper().readTree("{\"paused\": false, \"tick_sec\": 60, \"new_field\": 1}"));
  }

  @Test
  void json_of_what_has_no_answer_is_an_empty_document() throws IOException {
    server.on("DELETE /v1/instances/i1", 204, "").on("DELETE /v1/intervention-policies/a", 204, "");
    for (var command : List.of(List.of("instances", "decommission", "i1", "--json"),
        List.of("policies", "delete", "--action", "a", "--json")))
      assertThat(Json.mapper().readTree(CommandLineRun.at(server, command.toArray(String[]::new)).out())).as("%s", command)
          .isEqualTo(Json.mapper().createObjectNode());
  }

  @Test
  void lists_follow_the_cursor_up_to_the_limit() {
    server.on("GET /v1/modules", "{\"modules\": [{\"id\": \"a\", \"name\": \"a\"}], \"next_cursor\": \"1\"}")
        .on("GET /v1/modules", "{\"modules\": [{\"id\": \"b\", \"name\": \"b\"}], \"next_cursor\": \"2\"}");
    var run = CommandLineRun.at(server, "modules", "list", "--limit", "2");
    assertThat(run.out()).contains("a       a").contains("b       b");
    assertThat(run.err()).contains("--limit 0 shows all");
    assertThat(server.asked()).extracting(TinyServer.Asked::path).containsExactly("/v1/modules?limit=2", "/v1/modules?limit=1&cursor=1");
  }

  @Test
  void publishing_a_folder_packs_it_makes_the_module_and_registers_the_version(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("VERSION"), "1.26.0\n");
    var archive = Files.createTempFile(folder.getParent(), "expected", ".tar.gz");
    Tarball.pack(folder, archive);
    var digest = Tarball.digest(archive);
    Files.delete(archive);
    server.on("GET /v1/modules", "{\"modules\": [], \"next_cursor\": null}").on("POST /v1/modules", 201, "{\"id\": \"nginx\"}")
        .on("PUT /v1/artifacts/" + digest, 201, "{\"digest\": \"" + digest + "\"}").on("POST /v1/modules/nginx/versions", 201,
            "{\"id\": \"v1\", \"version\": \"1.26.0\", \"lifecycle_state\": \"draft\", \"digest\": \"" + digest + "\"}")
        .on("POST /v1/module-versions/v1/promote", "{\"id\": \"v1\"}");
    var run = CommandLineRun.at(server, "modules", "publish", "nginx", "1.26.0", folder.toString(), "--promote", "blessed");
    assertThat(run.code()).describedAs(run.err()).isZero();
    assertThat(run.out()).contains("nginx 1.26.0 is blessed, " + digest);
    assertThat(server.asked("POST")).extracting(TinyServer.Asked::path).containsExactly("/v1/modules", "/v1/modules/nginx/versions",
        "/v1/module-versions/v1/promote", "/v1/module-versions/v1/promote");
    assertThat(server.asked("POST")).extracting(TinyServer.Asked::body).endsWith("{\"to\":\"staging\"}", "{\"to\":\"blessed\"}");
    assertThat(body("/v1/modules/nginx/versions").path("artifact_url").asText()).isEqualTo("/v1/artifacts/" + digest);
  }

  @Test
  void what_cannot_be_published_is_wrong_usage_and_nothing_is_sent() {
    for (var path : List.of("/no/such/folder", "/no/such.tar.gz"))
      assertThat(CommandLineRun.at(server, "modules", "publish", "nginx", "1", path)).satisfies(run -> {
        assertThat(run.code()).as(path).isEqualTo(2);
        assertThat(run.err()).contains(path + " does not exist");
      });
    assertThat(server.asked()).isEmpty();
  }

  @Test
  void a_plan_is_a_table_and_says_how_to_approve_it() {
    planned("""
        {"rollout_id": "r1", "revision": 1, "template_id": "web", "module_id": "nginx", "target_version_id": "v2", "total_instances": 12,
         "batch_size": 5, "batch_count": 3, "estimated_total_seconds": 900, "circuit_breaker": {"max_consecutive_failures": 2, "max_failed_pct": 20},
         "health": {"timeout_sec": 300, "min_healthy_sec": 0}, "state": "awaiting_approval",
         "batches": [{"index": 0, "canary": true, "instance_ids": ["i1", "i2"]}, {"index": 1, "instance_ids": ["i3", "i4", "i5", "i6", "i7"]},
                     {"index": 2, "instance_ids": ["i8", "i9", "i10", "i11", "i12"]}],
         "excluded": [{"instance_id": "i13", "reason": "not_reporting"}], "excluded_count": 1, "warnings": ["no soak"],
         "learnings": [{"title": "nginx needs 3 s"}], "history": {"p50_sec": 2.5, "p95_sec": 130, "rollouts": 4}}""");
    var run = CommandLineRun.at(server, "plan", "--module", "nginx", "--target", "1.26.0", "--canary-size", "2", "--count-absent", "false");
    assertThat(run.out()).isEqualToNormalizingNewlines("""
        Plan: nginx to 1.26.0 on web  rollout r1 revision 1
          12 instances in 3 batches: 2 canaries first, where any failure trips, then up to 5 each; at most 15 min without pauses
          each has 5 min to prove itself healthy
          stops and asks after 2 failures in a row, or when more than 20 % of a batch (rounded up, at least 2) have failed

          BATCH  SIZE          INSTANCES
              1     2  canary  i1 i2
              2     5          i3 i4 i5 … +2
              3     5          i8 i9 i10 … +2

          left out: 1 instance
          INSTANCE  REASON
          i13       not_reporting

          4 earlier rollouts took 2.5 s for half of the instances and 2 min 10 s for 95 %
          warning: no soak
          learned: nginx needs 3 s
        """);
    assertThat(run.err()).contains("sluice approve r1 --revision 1 --wait --server " + server.uri());
    assertThat(body("/v1/plans").toString())
        .isEqualTo(
            "{\"template_id\":\"web\",\"module_id\":\"nginx\",\"target_version_id\":\"v2\",\"canary_size\":2,\"count_absent\":false}");
  }

  @Test
  void a_plan_of_canaries_alone_names_no_size_of_the_other_batches() {
    planned("""
        {"rollout_id": "r1", "revision": 1, "template_id": "web", "module_id": "nginx", "total_instances": 10, "batch_size": 2, "batch_count": 1,
         "estimated_total_seconds": 900, "circuit_breaker": {"max_consecutive_failures": 2, "max_failed_pct": 20}, "state": "awaiting_approval",
         "health": {"timeout_sec": 300, "min_healthy_sec": 0}, "batches": [{"index": 0, "canary": true, "instance_count": 10}]}""");
    assertThat(CommandLineRun.at(server, "plan", "--module", "nginx", "--target", "1.26.0", "--canary-size", "11").out())
        .contains("  10 instances in 1 batch: 10 canaries, where any failure trips; at most 15 min without pauses\n");
  }

  @Test
  void an_empty_plan_says_why_and_says_it_once() {
    planned(
        "{\"total_instances\": 0, \"template_id\": \"web\", \"module_id\": \"nginx\", \"target_version_id\": \"v2\", \"note\": \"nothing to do: 10 already_on_target\"}");
    var run = CommandLineRun.at(server, "plan", "--module", "nginx", "--target", "1.26.0");
    assertThat(run.code()).isZero();
    assertThat(run.out()).isEqualToNormalizingNewlines("Plan: nginx to 1.26.0 on web\n  nothing to do: 10 already_on_target\n");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void latest_is_the_rollout_that_was_made_last() {
    server.on("GET /v1/rollouts", "{\"rollouts\": [{\"id\": \"r3\"}], \"next_cursor\": \"3\"}")
        .on("GET /v1/rollouts/r3/diagnosis", """
            {"blocked_on": "approval", "detail": "nobody has approved revision 1", "since": "2026-01-03T00:00:01.5Z",
             "checks": [{"name": "target_available", "ok": true, "detail": "1.26.0 is blessed"}, {"name": "approved", "ok": false}]}""");
    assertThat(CommandLineRun.at(server, "diagnose", "latest").out()).isEqualToNormalizingNewlines("""
        blocked on approval  since 2026-01-03 00:00:01Z
          nobody has approved revision 1
          ✓ target available  1.26.0 is blessed
          ✗ approved
        """);
    assertThat(server.asked().getFirst().path()).isEqualTo("/v1/rollouts?limit=1");
  }

  @Test
  void approving_names_the_revision_that_was_read() {
    server.on("GET /v1/approval-requests", "{\"approval_requests\": [{\"id\": \"r1-plan\", \"rollout_id\": \"r1\", \"revision\": 3}]}")
        .on("POST /v1/approval-requests/r1-plan/decision",
            "{\"id\": \"r1-plan\", \"status\": \"pending\", \"required_approvals\": 2, \"votes\": [{\"counts\": true}, {\"counts\": false}]}");
    var run = CommandLineRun.at(server, "approve", "r1", "--revision", "2", "--comment", "go");
    assertThat(run.out()).contains("1 of 2");
    assertThat(body("/v1/approval-requests/r1-plan/decision").toString())
        .isEqualTo("{\"decision\":\"approve\",\"revision\":2,\"comment\":\"go\"}");
    assertThat(server.asked("GET").getFirst().path())
        .isEqualTo("/v1/approval-requests?rollout_id=r1&type=rolling_upgrade_plan&status=pending");
  }

  @Test
  void rejecting_says_that_nothing_moves_and_the_reason() {
    server.on("GET /v1/approval-requests", "{\"approval_requests\": [{\"id\": \"r1-plan\", \"rollout_id\": \"r1\", \"revision\": 1}]}")
        .on("POST /v1/approval-requests/r1-plan/decision",
            "{\"id\": \"r1-plan\", \"status\": \"rejected\", \"decision\": \"reject\", \"comment\": \"not today\"}")
        .on("POST /v1/approval-requests/r1-plan/decision",
            "{\"id\": \"r1-plan\", \"status\": \"rejected\", \"decision\": \"reject\", \"comment\": null}");
    assertThat(CommandLineRun.at(server, "reject", "r1", "--comment", "not today").out())
        .isEqualToNormalizingNewlines("Request r1-plan is rejected; nothing moves. Reason: not today\n");
    assertThat(CommandLineRun.at(server, "reject", "r1").out())
        .isEqualToNormalizingNewlines("Request r1-plan is rejected; nothing moves.\n");
  }

  @Test
  void approving_where_nothing_waits_says_the_state() {
    server.on("GET /v1/approval-requests", "{\"approval_requests\": []}").on("GET /v1/rollouts/r1",
        "{\"id\": \"r1\", \"state\": \"running\"}");
    var run = CommandLineRun.at(server, "approve", "r1");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("rollout r1 is running; it has no plan that waits for approval");
  }

  @Test
  void a_trip_shows_the_options_with_their_consequences() {
    server.on("GET /v1/approval-requests",
        """
        {"approval_requests": [{"id": "r1-trip-1", "rollout_id": "r1", "revision": 1, "options": ["continue_anyway", "abort"],
         "trip": {"batch_index": 0, "reason": "2 failures in a row: unhealthy", "failed_instance_ids": ["i1", "i2"],
                  "consequences": [{"option": "continue_anyway", "detail": "40 more go on"}, {"option": "abort", "detail": "nothing moves"}]}}]}""")
        .on("GET /v1/rollouts/r1", "{\"id\": \"r1\", \"counts\": {\"total\": 50, \"failed\": 10, \"pending\": 40}}")
        .on("GET /v1/rollouts/r1/instances", FAILED);
    assertThat(CommandLineRun.at(server, "decide", "r1").out()).isEqualToNormalizingNewlines("""
        Circuit breaker tripped in batch 1: 2 failures in a row: unhealthy
          failed: i1, i2
          by now: 50 in all: 10 failed, 40 pending
          7 unhealthy: i1, i2, i4, i5, i6 and 2 more
          2 absent (never handed out): i3, i9
          1 silent: i10

             OPTION           WHAT IT MEANS
          1  continue_anyway  40 more go on
          2  abort            nothing moves
        """);
  }

  /// The service waits for a request that is asked for by its id.
  @Test
  void a_trip_whose_question_is_still_on_its_way_is_asked_for_by_its_id() {
    server.on("GET /v1/approval-requests", "{\"approval_requests\": []}").on("GET /v1/approval-requests/r1", 404, "{\"status\": 404}")
        .on("GET /v1/rollouts/r1", "{\"id\": \"r1\", \"state\": \"awaiting_decision\", \"continuation_request_id\": \"r1-trip-1\"}")
        .on("GET /v1/approval-requests/r1-trip-1", "{\"id\": \"r1-trip-1\", \"rollout_id\": \"r1\", \"revision\": 1}")
        .on("POST /v1/approval-requests/r1-trip-1/decision",
            "{\"id\": \"r1-trip-1\", \"status\": \"approved\", \"decision\": \"abort\"}");
    assertThat(CommandLineRun.at(server, "decide", "r1", "abort").out()).contains("Request r1-trip-1 is approved: abort.");
  }

  @Test
  void a_module_that_is_sick_is_seen_in_the_fleet_whatever_rolls() {
    server.on("GET /v1/instances", """
        {"instances": [{"id": "i1", "status": "running", "running_module_digests": {"nginx": "sha256:aa", "redis": "sha256:bb"},
         "module_status": {"nginx": {"state": "healthy", "generation": 1}, "redis": {"state": "unhealthy", "generation": 2},
                           "php": {"state": "apply_failed", "generation": 1}}}]}""");
    assertThat(CommandLineRun.at(server, "instances", "list").out())
        .contains("nginx sha256:aa,redis sha256:bb unhealthy,php - apply_failed");
  }

  @Test
  void an_absent_a_silent_and_a_broken_one_look_different() {
    server
        .on("GET /v1/rollouts/r1", "{\"id\": \"r1\", \"state\": \"running\", \"counts\": {\"total\": 50, \"failed\": 10}, \"batches\": []}")
        .on("GET /v1/rollouts/r1/instances", FAILED);
    assertThat(CommandLineRun.at(server, "rollouts", "show", "r1").out()).contains("  7 unhealthy: i1, i2, i4, i5, i6 and 2 more")
        .contains("  2 absent (never handed out): i3, i9").contains("  1 silent: i10");
    assertThat(CommandLineRun.at(server, "rollouts", "instances", "r1").out()).containsPattern("i1 .* failed +unhealthy ")
        .containsPattern("i3 .* failed +absent \\(never handed out\\) ").containsPattern("i10 .* failed +silent ");
    var screen = new Screen(null, null, new Screen.Terminal(true, true, 80));
    assertThat(Stream.of("unhealthy", "silent", "never_handed_out").map(reason -> Ways.of("failed", reason, screen)))
        .containsExactly("\u001b[31munhealthy\u001b[0m", "\u001b[33msilent\u001b[0m", "\u001b[2mabsent (never handed out)\u001b[0m");
  }

  @Test
  void setting_a_version_keeps_the_other_modules_of_the_template() {
    server.on("GET /v1/templates/web", """
        {"id": "web", "name": "web", "modules": [{"module_id": "nginx", "version_id": "v1"}, {"module_id": "php", "version_id": "p1"}]}""")
        .on("GET /v1/modules/nginx", "{\"id\": \"nginx\"}")
        .on("GET /v1/modules/nginx/versions", "{\"versions\": [{\"id\": \"v2\", \"version\": \"1.26.0\"}], \"next_cursor\": null}")
        .on("PATCH /v1/templates/web", "{\"id\": \"web\", \"name\": \"web\", \"modules\": []}");
    assertThat(CommandLineRun.at(server, "templates", "set", "web", "nginx=1.26.0").code()).isZero();
    var sent = Json.read(server.asked("PATCH").getFirst().body(), JsonNode.class).path("modules");
    assertThat(Names.stream(sent).map(m -> Text.of(m, "module_id") + "=" + Text.of(m, "version_id"))).containsExactly("nginx=v2", "php=p1");
  }

  @Test
  void drift_is_told_in_one_line_and_by_instance() {
    server.on("GET /v1/templates", "{\"templates\": [{\"id\": \"web\"}], \"next_cursor\": null}").on("GET /v1/drift-report", """
        {"drift": true, "counts": {"converged": 48, "drifted": 2, "in_rollout": 0}, "next_cursor": null, "instances": [
          {"instance_id": "i1", "bucket": "drifted", "modules": [{"module_id": "nginx", "want": "1.26.0", "desired": "1.26.0", "have": "1.24.0"}]},
          {"instance_id": "i2", "bucket": "not_reporting", "modules": []}]}""");
    assertThat(CommandLineRun.at(server, "drift").out()).isEqualToNormalizingNewlines("""
        drift true: 48 converged, 2 drifted
        INSTANCE  BUCKET         MODULE  WANT    DESIRED  HAVE
        i1        drifted        nginx   1.26.0  1.26.0   1.24.0
        i2        not reporting  -       -       -        -
        """);
  }

  @Test
  void events_are_shown_oldest_first() {
    server.on("GET /v1/events",
        """
        {"events": [{"id": "2", "kind": "module.upgrade.paused", "severity": "warning", "occurred_at": "2026-01-01T00:00:02.25Z", "rollout_id": "r1",
                     "actor": "maria", "comment": "lunch time", "stream_seq": 7},
                    {"id": "1", "kind": "fleet.instance_enrolled", "severity": "info", "occurred_at": "2026-01-01T00:00:01Z", "instance_id": "i1"}]}""");
    assertThat(CommandLineRun.at(server, "events").out()).isEqualToNormalizingNewlines("""
        2026-01-01 00:00:01Z fleet.instance_enrolled instance_id=i1
        2026-01-01 00:00:02Z module.upgrade.paused rollout=r1 actor=maria comment="lunch time"
        """);
  }

  /// It has no events, and would be taken for one where nothing happens.
  @Test
  void events_of_a_rollout_that_is_not_there_are_refused() {
    server.on("GET /v1/events", "{\"events\": [], \"next_cursor\": null}")
        .on("GET /v1/rollouts/nope", 404, "{\"status\": 404, \"detail\": \"there is no rollout nope\"}");
    for (var more : List.of(List.<String>of(), List.of("--after", "0"), List.of("--follow"))) {
      var command = Stream.concat(Stream.of("events", "--rollout", "nope"), more.stream()).toArray(String[]::new);
      assertThat(CommandLineRun.at(server, command)).satisfies(run -> {
        assertThat(run.code()).as("%s", more).isEqualTo(1);
        assertThat(run.err()).isEqualToNormalizingNewlines("sluice: there is no rollout nope\n");
      });
    }
  }

  @Test
  void events_of_a_rollout_are_shown_where_the_rollouts_are_away_or_may_not_be_read() {
    for (int status : new int[]{503, 403}) {
      server.on("GET /v1/rollouts/r1", status, "{\"status\": %d, \"detail\": \"no\"}".formatted(status))
          .on("GET /v1/events", "{\"events\": [{\"id\": \"1\", \"kind\": \"a\"}], \"next_cursor\": \"1\"}");
      var run = CommandLineRun.at(server, "events", "--rollout", "r1", "--json");
      assertThat(run.code()).as(run.err()).isZero();
      assertThat(run.out()).isEqualToNormalizingNewlines("{\"id\":\"1\",\"kind\":\"a\"}\n");
    }
  }

  @Test
  void what_machines_say_moves_no_terminal() {
    server.on("GET /v1/events",
        "{\"events\": [{\"id\": \"1\", \"kind\": \"a\", \"detail\": \"one\\ntwo\\u001b[2J\"}], \"next_cursor\": null}");
    assertThat(CommandLineRun.at(server, "events").out()).contains("detail=\"one two [2J\"").doesNotContain("\u001b");
    server.on("GET /v1/learnings",
        "{\"learnings\": [{\"title\": \"t\", \"category\": \"c\", \"content\": \"one\\ntwo\\u009b2J\"}], \"next_cursor\": null}");
    assertThat(CommandLineRun.at(server, "learnings", "list").out().lines()).endsWith("  one", "  two 2J");
  }

  @Test
  void events_after_a_cursor_go_page_by_page() {
    server.on("GET /v1/events", "{\"events\": [{\"id\": \"1\", \"kind\": \"a\"}], \"next_cursor\": \"1\"}")
        .on("GET /v1/events", "{\"events\": [], \"next_cursor\": \"1\"}");
    assertThat(CommandLineRun.at(server, "events", "--after", "0", "--json").out())
        .isEqualToNormalizingNewlines("{\"id\":\"1\",\"kind\":\"a\"}\n");
  }

  @Test
  void events_that_are_not_all_shown_say_how_to_go_on() {
    server.on("GET /v1/events", "{\"events\": [{\"id\": \"1\", \"kind\": \"a\"}], \"next_cursor\": \"1\"}");
    var run = CommandLineRun.at(server, "events", "--after", "0", "--limit", "1");
    assertThat(run.err()).contains("--after 1", "--limit 0");
  }

  /// At once, and not after a minute of tries.
  @Test
  @Timeout(30)
  void following_from_where_there_is_nothing_says_why() {
    server.on("GET /v1/events", 400,
        "{\"status\": 400, \"detail\": \"after must be of this log\", \"errors\": [{\"field\": \"after\", \"message\": \"must be of this log\"}]}");
    var run = CommandLineRun.at(server, "events", "--follow", "--after", "99");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("after must be of this log");
    assertThat(server.asked()).extracting(TinyServer.Asked::path).noneMatch(path -> path.contains("stream"));
    server.close();
    assertThat(CommandLineRun.at(server, "events", "--follow", "--after", "0").code()).isEqualTo(3);
  }

  private void planned(String plan) {
    server.on("GET /v1/modules/nginx", "{\"id\": \"nginx\"}")
        .on("GET /v1/templates", "{\"templates\": [{\"id\": \"web\"}], \"next_cursor\": null}")
        .on("GET /v1/modules/nginx/versions", "{\"versions\": [{\"id\": \"v2\", \"version\": \"1.26.0\"}], \"next_cursor\": null}")
        .on("POST /v1/plans", 201, plan);
  }

  private JsonNode body(String path) {
    return Json.read(server.asked("POST").stream().filter(asked -> asked.path().equals(path)).findFirst().orElseThrow().body(),
        JsonNode.class);
  }
}
