package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PublicEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Told;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What every kind of fact is told as, with all that its parts may be.
class ToldTest {
  private static final List<Class<?>> ROOTS = List.of(RolloutEvent.class, ReconcilerEvent.class, ApprovalEvent.class, PlanEvent.class,
      FleetEvent.class, HealthReport.class, CatalogEvent.class);
  private static final Set<String> ENVELOPE = Set.of("id", "kind", "severity", "occurred_at", "rollout_id", "template_id", "module_id",
      "stream_seq");
  private static final int CHOICES = 20;

  /// The table of `behaviour.md`, Events: what each kind has at least.
  private static final Map<String, Set<String>> PROMISED = Map.ofEntries(
      Map.entry("module.upgrade.planned", Set.of("revision", "total_instances", "batch_count", "batch_pct")),
      Map.entry("module.upgrade.plan_edited", Set.of("revision", "total_instances", "batch_count", "batch_pct")),
      Map.entry("module.upgrade.approved", Set.of("approval_request_id", "actor", "comment")),
      Map.entry("module.upgrade.rejected", Set.of("approval_request_id", "actor", "comment")),
      Map.entry("module.upgrade.expired", Set.of("approval_request_id", "actor", "comment")),
      Map.entry("module.upgrade.cancelled", Set.of("approval_request_id", "actor", "comment")),
      Map.entry("module.upgrade.started", Set.of("target_version", "total_instances")),
      Map.entry("module.upgrade.batch_started", Set.of("batch_index", "instance_count")),
      Map.entry("module.upgrade.instance_started", Set.of("batch_index", "instance_id", "target_version", "generation")),
      Map.entry("module.upgrade.instance_health_check", Set.of("batch_index", "instance_id", "healthy", "reason", "seconds")),
      Map.entry("module.upgrade.instance_regressed", Set.of("batch_index", "instance_id", "reason")),
      Map.entry("module.upgrade.instance_skipped", Set.of("batch_index", "instance_id", "reason")),
      Map.entry("module.upgrade.batch_completed", Set.of("batch_index", "healthy_count", "failed_count", "skipped_count")),
      Map.entry("module.upgrade.circuit_breaker_tripped", Set.of("batch_index", "rule", "failed_instance_ids", "failed_count", "reason")),
      Map.entry("module.upgrade.continuation_decided", Set.of("decision", "actor", "comment")),
      Map.entry("module.upgrade.paused", Set.of("actor", "comment")),
      Map.entry("module.upgrade.resumed", Set.of("actor", "comment")),
      Map.entry("module.upgrade.aborted", Set.of("actor", "comment")),
      Map.entry("module.upgrade.rollback_started", Set.of("batch_index")),
      Map.entry("module.upgrade.instance_rolled_back", Set.of("batch_index", "instance_id", "to_version")),
      Map.entry("module.upgrade.rolled_back", Set.of("healthy_count", "failed_count")),
      Map.entry("module.upgrade.completed", Set.of("healthy_count", "failed_count", "skipped_count", "duration_seconds", "with_failures")),
      Map.entry("module.version.promoted", Set.of("version", "from", "to")),
      Map.entry("fleet.instance_enrolled", Set.of("instance_id")),
      Map.entry("fleet.instance_silent", Set.of("instance_id")),
      Map.entry("fleet.instance_recovered", Set.of("instance_id")),
      Map.entry("fleet.duplicate_identity", Set.of("instance_id")),
      Map.entry("policy.changed", Set.of("action", "policy", "actor")),
      Map.entry("reconciler.paused", Set.of("actor")),
      Map.entry("reconciler.resumed", Set.of("actor")));

  private record Seen(Class<?> root, PublicEvent event) {}

  private static List<Seen> all() {
    var seen = new ArrayList<Seen>();
    for (var root : ROOTS) {
      var kinds = new Kinds(root);
      for (var kind : kinds.names())
        for (int choice = 0; choice < CHOICES; choice++) {
          var fact = fitting(Samples.of(kinds.type(kind), kind, choice));
          var told = Told.of(fact);
          assertThat(Told.count(fact)).as(kind).isEqualTo(told.size());
          told.forEach(event -> seen.add(new Seen(root, event)));
        }
    }
    return seen;
  }

  /// Its instruction names the first of its versions.
  private static Object fitting(Object fact) {
    return fact instanceof RolloutEvent.InstancesInstructed e
        ? new RolloutEvent.InstancesInstructed(e.batchIndex(), e.purpose(), e.moduleId(),
            e.versions(),
            e.instructions().stream().map(i -> new RolloutEvent.Instruction(i.ordinal(), i.instanceId(), i.generation(), 0)).toList(),
            e.healthTimeoutSec(), e.minHealthySec())
        : fact;
  }

  @Test
  void every_kind_has_the_fields_that_are_promised() {
    var fields = new TreeMap<String, Set<String>>();
    for (var seen : all()) {
      var event = seen.event();
      assertThat(event.severity()).as(event.kind()).isIn("info", "warning", "critical");
      assertThat(event.fields()).as(event.kind()).doesNotContainKeys(ENVELOPE.toArray(String[]::new));
      assertThat(fields.computeIfAbsent(event.kind(), _ -> event.fields().keySet())).as("the fields of every %s", event.kind())
          .isEqualTo(event.fields().keySet());
    }
    assertThat(fields.keySet()).containsAll(PROMISED.keySet());
    PROMISED.forEach((kind, promised) -> assertThat(fields.get(kind)).as(kind).containsAll(promised));
  }

  @Test
  void every_kind_is_documented_with_its_severities_and_fields() throws IOException {
    var said = new TreeMap<String, String>();
    var row = Pattern.compile("\\| `([a-z_.]+)` \\| ([a-z, ]+) \\| ([a-z_, ]+) \\|.*");
    for (var line : Files.readAllLines(Path.of("../../docs/events.md"))) {
      var matcher = row.matcher(line);
      if (matcher.matches())
        said.put(matcher.group(1), new TreeSet<>(List.of(matcher.group(2).split(", "))) + " "
            + new TreeSet<>(List.of(matcher.group(3).split(", "))));
    }
    var severities = new TreeMap<String, Set<String>>();
    var fields = new TreeMap<String, Set<String>>();
    for (var seen : all()) {
      severities.computeIfAbsent(seen.event().kind(), _ -> new TreeSet<>()).add(seen.event().severity());
      fields.put(seen.event().kind(), new TreeSet<>(seen.event().fields().keySet()));
    }
    // a sample has some failures; without any these two are informations
    severities.get("module.upgrade.rolled_back").add("info");
    assertThat(said.keySet()).isEqualTo(fields.keySet());
    fields.forEach((kind, names) -> assertThat(said.get(kind)).as(kind).isEqualTo(severities.get(kind) + " " + names));
  }

  @Test
  void only_the_stream_of_a_rollout_tells_of_its_upgrade() {
    for (var seen : all())
      assertThat(seen.event().kind().startsWith("module.upgrade.")).as(seen.event().kind()).isEqualTo(seen.root() == RolloutEvent.class);
  }
}
