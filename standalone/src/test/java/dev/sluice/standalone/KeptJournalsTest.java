package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.approval.domain.ApprovalDecider;
import dev.sluice.approval.domain.Request;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.Kinds;
import dev.sluice.cli.Spaced;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import dev.sluice.gateway.domain.Envelope;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutDecider;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.RolloutView;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Journals that the services of each version wrote, folded by today's code: see `src/test/resources/journals/README.md`.
class KeptJournalsTest {
  private static final Path KEPT = Path.of("src/test/resources/journals");
  private static final List<String> SERVICES = List.of("planner", "approval", "rollout", "health");
  private static final Map<String, Kinds> KINDS = Map.of(Topics.CATALOG, new Kinds(CatalogEvent.class), Topics.PLAN,
      new Kinds(PlanEvent.class),
      Topics.APPROVAL, new Kinds(ApprovalEvent.class), Topics.ROLLOUT, new Kinds(RolloutEvent.class, ReconcilerEvent.class), Topics.VERDICT,
      new Kinds(HealthReport.class), Topics.INSTANCE, new Kinds(FleetEvent.class));

  /// A row of a journal.
  record Fact(String stream, long seq, long toldTo, String topic, String kind, Instant at, String actor, Scope scope, JsonNode data) {
    Object event() { return KINDS.get(topic).read(kind, data.toString()); }
  }

  static Stream<Path> versions() throws IOException {
    try (var all = Files.list(KEPT)) {
      return all.filter(Files::isDirectory).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void a_kept_journal_is_folded_to_the_state_that_is_kept_beside_it(Path version) throws IOException {
    var journals = new TreeMap<String, List<Fact>>();
    for (var service : SERVICES)
      journals.put(service,
          Files.readAllLines(version.resolve(service + ".jsonl")).stream().map(line -> Json.read(line, Fact.class)).toList());
    contains(Json.mapper().readTree(Json.text(folded(journals))), Json.mapper().readTree(version.resolve("folded.json").toFile()), "");
  }

  /// What was said then is said today; more may be said.
  private static void contains(JsonNode today, JsonNode then, String where) {
    if (then.isObject())
      then.properties().forEach(field -> contains(today.path(field.getKey()), field.getValue(), where + "/" + field.getKey()));
    else if (then.isArray()) {
      assertThat(today.size()).as(where).isEqualTo(then.size());
      for (int i = 0; i < then.size(); i++)
        contains(today.path(i), then.path(i), where + "/" + i);
    } else
      assertThat(today).as(where).isEqualTo(then);
  }

  private static Map<String, Object> folded(Map<String, List<Fact>> journals) {
    var events = new LinkedHashMap<String, Object>();
    journals.values().stream().flatMap(List::stream).forEach(fact -> Envelope
        .of(new Envelope.Origin(fact.topic, fact.stream, 1), fact.toldTo, fact.at, fact.actor, fact.scope, fact.event())
        .forEach(
            e -> events.put(fact.stream + " " + e.streamSeq(), Map.of("kind", e.kind(), "severity", e.severity(), "fields", e.fields()))));
    return Map.of("rollouts", rollouts(journals.get("rollout")), "requests", requests(journals.get("approval")), "events", events);
  }

  private static Map<String, Object> rollouts(List<Fact> journal) {
    var decider = new RolloutDecider();
    var states = new LinkedHashMap<String, Rollout>();
    for (var fact : journal)
      if (fact.event() instanceof RolloutEvent event)
        states.put(fact.stream, decider.evolve(states.getOrDefault(fact.stream, decider.initial()), event));
    var views = new LinkedHashMap<String, Object>();
    states.forEach((id, state) -> views.put(id, RolloutView.of(new Standing(state),
        new RolloutView.Times(Instant.EPOCH, null, null, Instant.EPOCH, false, Map.of()), 0, Instant.EPOCH, 1_000)));
    return views;
  }

  private static Map<String, Object> requests(List<Fact> journal) {
    var decider = new ApprovalDecider();
    var states = new LinkedHashMap<String, Request>();
    for (var fact : journal)
      if (fact.stream.contains("-plan") || fact.stream.contains("-trip-"))
        states.put(fact.stream, decider.evolve(states.getOrDefault(fact.stream, decider.initial()), (ApprovalEvent) fact.event()));
    var kept = new LinkedHashMap<String, Object>();
    states.forEach((id, state) -> kept.put(id, Map.of("is", state.getClass().getSimpleName(), "state", state)));
    return kept;
  }

  /// Writes a new version's journals after a real run of today's code, in which a plan is edited, paused, aborted, rejected, tripped and retried, and rolled back.
  @Test
  @Timeout(600)
  @EnabledIfSystemProperty(named = "journals.write", matches = ".+", disabledReason = "a version's name writes its journals")
  void write(@TempDir(factory = Spaced.class) Path folder) throws Exception {
    int port = Ports.block(10);
    var data = folder.resolve("data");
    var api = new Api(URI.create("http://127.0.0.1:" + port), "anna").patient();
    try (var sluice = OwnProcess.up(folder, port,
        Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "1", "SLUICE_RECONCILER_TICK_SEC", "1"))) {
      try (var f = Fixture.fleet(api, folder, "kept", 12)) {
        act(f);
      }
      var version = Files.createDirectories(KEPT.resolve(System.getProperty("journals.write")));
      var journals = new TreeMap<String, List<Fact>>();
      for (var service : SERVICES) {
        journals.put(service, rows(data, service));
        Files.write(version.resolve(service + ".jsonl"), journals.get(service).stream().map(Json::text).toList());
      }
      Files.writeString(version.resolve("folded.json"),
          Json.mapper().readTree(Json.text(folded(journals))).toPrettyString() + "\n");
      assertThat(sluice.process().isAlive()).isTrue();
    }
  }

  private static void act(Fixture f) throws IOException {
    var absent = f.template + "-012";
    var plan = f.plan("1.26.0", Map.of("batch_pct", 50, "health_timeout_sec", 6)).expect(201).body();
    var members = Fixture.members(plan, 0);
    f.sick(members.get(0));
    f.sick(members.get(1));
    f.link(absent).cut();
    var request = "/v1/approval-requests/" + plan.path("approval_request_id").asText();
    f.api.patch(request, Map.of("revision", 1, "batch_pct", 34)).expect(200);
    f.api.post(request + "/decision", Map.of("decision", "approve", "revision", 2)).expect(200);
    var first = plan.path("rollout_id").asText();
    f.untilState(first, "awaiting_decision");
    f.healAll();
    f.decide(first, "retry_failed");
    f.untilState(first, "completed", "completed_with_failures");
    f.link(absent).restore();
    f.api.post("/v1/rollouts/" + first + "/rollback", Map.of("comment", "back again")).expect(200);
    f.untilState(first, "rolled_back", "rolled_back_with_failures");
    f.awaitFleet(12);
    var second = f.start("1.26.0-broken", Map.of("batch_pct", 25));
    f.untilState(second, "awaiting_decision");
    f.decide(second, "rollback_completed_batches");
    f.untilState(second, "rolled_back");
    var third = free(f, Map.of("batch_pct", 25, "min_healthy_sec", 2));
    f.untilState(third, "running");
    f.api.post("/v1/rollouts/" + third + "/pause", Map.of("comment", "lunch")).expect(200);
    f.api.post("/v1/reconciler/pause", Map.of()).expect(200);
    f.api.post("/v1/rollouts/" + third + "/resume", Map.of()).expect(200);
    f.api.post("/v1/reconciler/resume", Map.of()).expect(200);
    f.api.post("/v1/rollouts/" + third + "/abort", Map.of("comment", "enough")).expect(200);
    f.api.put("/v1/intervention-policies/system.fleet_rolling_upgrade/templates/" + f.template,
        Map.of("policy", "require_approval", "required_approvals", 1)).expect(200);
    var last = await().atMost(Fixture.SOON).until(() -> f.plan("1.26.0", Map.of()), p -> p.status() == 201);
    f.api.post("/v1/approval-requests/" + last.text("approval_request_id") + "/decision",
        Map.of("decision", "reject", "revision", 1, "comment", "not today")).expect(200);
    f.untilState(last.text("rollout_id"), "rejected");
    f.api.delete("/v1/instances/" + absent).expect(204);
  }

  private static String free(Fixture f, Map<String, Object> inputs) {
    var plan = await().atMost(Fixture.SOON).until(() -> f.plan("1.26.0", inputs), p -> p.status() == 201);
    f.approve(plan.body());
    return plan.text("rollout_id");
  }

  private static List<Fact> rows(Path data, String service) throws IOException, SQLException {
    var facts = new ArrayList<Fact>();
    try (var connection = RestoreTest.connect(data);
        var sql = connection.createStatement();
        var rows = sql.executeQuery(
            "select stream, seq, told_to, topic, kind, at, actor, scope, data from " + service + ".journal order by position")) {
      while (rows.next())
        facts.add(new Fact(rows.getString("stream"), rows.getLong("seq"), rows.getLong("told_to"), rows.getString("topic"),
            rows.getString("kind"), rows.getTimestamp("at").toInstant(), rows.getString("actor"),
            Json.read(rows.getString("scope"), Scope.class),
            Json.mapper().readTree(rows.getString("data"))));
    }
    return facts;
  }
}
