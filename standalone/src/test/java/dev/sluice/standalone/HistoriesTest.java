package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import dev.sluice.chassis.Json;
import dev.sluice.cli.check.Finding;
import dev.sluice.cli.check.Invariant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// Rollouts in which much happens, judged from outside. A run with `-Dsluice.record.histories=true` keeps them as the resources that the checker's own
/// tests doctor.
@Execution(CONCURRENT)
@Timeout(300)
@ExtendWith(SharedWorld.Guest.class)
class HistoriesTest {
  private static final Path RESOURCES = Path.of("src", "test", "resources", "dev", "sluice", "cli", "check");
  private static final Set<Invariant> ABSENCE = EnumSet.of(Invariant.OFFER_ENDED, Invariant.OWN_ABSENCE);

  @Test
  void edited_paused_tripped_retried_tripped_again_and_rolled_back() throws Exception {
    try (var f = SharedWorld.fleet("there-and-back", 9)) {
      var first = f.plan("1.26.0", Map.of("batch_pct", 20)).expect(201);
      var rollout = first.text("rollout_id");
      var request = "/v1/approval-requests/" + first.text("approval_request_id");
      var plan = f.api.patch(request, Map.of("revision", 1, "batch_pct", 34, "max_in_flight", 2)).expect(200).at("/plan");
      for (var one : Fixture.members(f.api.get("/v1/plans/" + rollout).expect(200).body(), 1))
        f.sick(one);
      var held = Fixture.members(f.api.get("/v1/plans/" + rollout).expect(200).body(), 0).getLast();
      f.link(held).cut();
      assertThat(plan.path("revision").asInt()).isEqualTo(2);
      f.api.post(request + "/decision", Map.of("decision", "approve", "revision", 2)).expect(200);
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON,
          r -> r.at("/counts/healthy").asInt() == 3 && r.at("/counts/in_flight").asInt() == 1);
      f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
      f.link(held).restore();
      f.api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200);
      assertThat(f.findings(rollout)).as("while it runs").allSatisfy(HistoriesTest::holds);
      f.untilState(rollout, "awaiting_decision");
      assertThat(f.findings(rollout)).as("while it asks").allSatisfy(HistoriesTest::holds);
      f.decide(rollout, "retry_failed");
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.at("/circuit_breaker/trips").asInt() == 2);
      var away = Fixture.members(f.api.get("/v1/plans/" + rollout).expect(200).body(), 1).getFirst();
      f.link(away).cut();
      f.decide(rollout, "rollback_completed_batches");
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.at("/counts/rolling_back").asInt() == 1);
      f.api.post("/v1/rollouts/" + rollout + "/pause", Map.of()).expect(200);
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.at("/counts/held").asInt() == 1);
      assertThat(f.instances(rollout).get(away).path("to")).isEqualTo(f.instances(rollout).get(away).path("from"));
      assertThat(f.findings(rollout)).as("while its way back is paused").allSatisfy(HistoriesTest::holds);
      f.api.post("/v1/rollouts/" + rollout + "/resume", Map.of()).expect(200);
      f.link(away).restore();
      f.untilState(rollout, "rolled_back");
      var findings = f.findings(rollout);
      assertThat(findings).allSatisfy(HistoriesTest::holds).filteredOn(i -> !ABSENCE.contains(i.invariant()))
          .allSatisfy(i -> assertThat(i.premises()).as(i.invariant().word()).isPositive());
      record(f, rollout, "there-and-back");
    }
  }

  @Test
  void absent_machines_and_an_abort() throws Exception {
    try (var f = SharedWorld.fleet("absent", 6)) {
      var plan = f.plan("1.26.0", Map.of("batch_pct", 50, "health_timeout_sec", 15, "max_consecutive_failures", 6)).expect(201).body();
      var rollout = plan.path("rollout_id").asText();
      f.link(Fixture.members(plan, 0).getLast()).cut();
      f.link(Fixture.members(plan, 1).getLast()).cut();
      f.approve(plan);
      f.api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.path("current_batch_index").asInt() == 1);
      f.api.post("/v1/rollouts/" + rollout + "/abort", Map.of()).expect(200);
      f.untilState(rollout, "aborted");
      var findings = f.findings(rollout);
      assertThat(findings).allSatisfy(HistoriesTest::holds).filteredOn(i -> ABSENCE.contains(i.invariant()))
          .allSatisfy(i -> assertThat(i.premises()).as(i.invariant().word()).isPositive());
      record(f, rollout, "absent");
    }
  }

  private static void holds(Finding finding) { assertThat(finding.breaches()).as(finding.invariant().word()).isEmpty(); }

  private static void record(Fixture f, String rollout, String name) throws IOException {
    if (!Boolean.getBoolean("sluice.record.histories")) return;
    var history = Json.mapper().createObjectNode();
    history.set("rollout", f.api.get("/v1/rollouts/" + rollout).expect(200).body());
    history.set("plan", f.api.get("/v1/plans/" + rollout).expect(200).body());
    for (var list : List.of("instances /v1/rollouts/" + rollout + "/instances?limit=1000",
        "approval_requests /v1/approval-requests?limit=1000&rollout_id=" + rollout,
        "rollouts /v1/rollouts?limit=1000&template_id=" + f.template))
      history.set(list.split(" ")[0], f.api.get(list.split(" ")[1]).expect(200).at("/" + list.split(" ")[0]));
    history.set("record", f.api.get("/v1/rollouts/" + rollout + "/decisions?limit=1000").expect(200).body());
    history.putArray("events").addAll(f.events(rollout));
    Files.createDirectories(RESOURCES);
    Files.writeString(RESOURCES.resolve(name + ".json"), Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(history) + "\n");
  }
}
