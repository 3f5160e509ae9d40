package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Spaced;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Sandbox;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The services as seven processes on one event bus: two health-services, which reach Kafka by a way that can be slowed, two rollout-services, one of each other.
@Timeout(300)
class ApartTest {
  private static final Duration START = Duration.ofSeconds(180);
  private static final List<OwnProcess> PROCESSES = new ArrayList<>();
  private static final Sandbox SANDBOX = Sandbox.shared();
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static int port;
  private static Api api;

  @BeforeAll
  static void up() throws Exception {
    port = FreePorts.block();
    int cluster = FreePorts.block();
    var database = SANDBOX.freshDatabase();
    var prefix = SANDBOX.freshPrefix();
    var broker = SANDBOX.proxiedKafka();
    broker.ensureTopics(World.topics(prefix));
    var members = IntStream.range(cluster, cluster + 7).mapToObj(p -> "127.0.0.1:" + p).collect(Collectors.joining(","));
    var common = Map.of("SLUICE_TOPIC_PREFIX", prefix, "SLUICE_CLUSTER_MEMBERS", members, "SLUICE_HEARTBEAT_INTERVAL_SEC", "1",
        "SLUICE_KAFKA_SESSION_TIMEOUT_MS", "30000", "SLUICE_PLANNER_URL", url(1), "SLUICE_APPROVAL_URL", url(2), "SLUICE_ROLLOUT_URL",
        url(3) + "," + url(5), "SLUICE_HEALTH_URL", url(4) + "," + url(6), "SLUICE_ARTIFACTS_DIR", folder.resolve("artifacts").toString(),
        "SLUICE_HEALTH_REPLICA_TTL_SEC", "30");
    var services = List.of("gateway", "planner", "approval", "rollout", "health", "rollout", "health");
    for (int i = 0; i < services.size(); i++) {
      var environment = new HashMap<>(common);
      environment.putAll(place(database, services.get(i)));
      environment.put("SLUICE_PORT", Integer.toString(port + i));
      environment.put("SLUICE_CLUSTER_PORT", Integer.toString(cluster + i));
      environment.put("SLUICE_KAFKA", services.get(i).equals("health") ? broker.proxy().address() : broker.bootstrap());
      PROCESSES.add(OwnProcess.start(folder.resolve(services.get(i) + "-" + i), environment, "run",
          services.get(i).equals("gateway") ? "event-gateway" : services.get(i) + "-service"));
    }
    for (int i = services.size() - 1; i >= 0; i--)
      new Api(URI.create(url(i)), "anna").patient().until("/readyz", START, _ -> true);
    api = new Api(URI.create(url(0)), "anna").patient();
  }

  @AfterAll
  static void down() {
    SANDBOX.proxiedKafka().proxy().delay(Duration.ZERO);
    PROCESSES.parallelStream().forEach(OwnProcess::close);
  }

  private static String url(int offset) { return "http://127.0.0.1:" + (port + offset); }

  private static Map<String, String> place(Database database, String schema) {
    var login = database.login(schema);
    return Map.of("SLUICE_PG_HOST", login.host(), "SLUICE_PG_PORT", Integer.toString(login.port()), "SLUICE_PG_DATABASE", login.database(),
        "SLUICE_PG_USER", login.user(), "SLUICE_PG_PASSWORD", login.password(), "SLUICE_PG_POOL", "5");
  }

  @Test
  void the_tutorial_ends_the_same_and_no_more_are_told_after_a_trip_though_facts_come_two_seconds_late() throws Exception {
    try (var f = Fixture.fleet(api, folder, "apart", 10)) {
      var upgrade = f.start("1.26.0", Map.of("batch_pct", 20));
      assertThat(f.untilState(upgrade, "completed").at("/batches")).hasSize(5);
      f.awaitFleet(10);

      var plan = f.plan("1.26.0-broken", Map.of("batch_pct", 50)).expect(201).body();
      var broken = plan.path("rollout_id").asText();
      var away = Fixture.members(plan, 0).subList(2, 5); // instructed, and out of reach until after the trip
      for (var one : away)
        f.link(one).cut();
      SANDBOX.proxiedKafka().proxy().delay(Duration.ofSeconds(2));
      f.approve(plan);
      f.untilState(broken, "awaiting_decision");
      var tripped = trip(f, broken);
      f.api.until("/healthz", Fixture.SOON, _ -> Instant.now().isAfter(tripped.plusSeconds(1)));
      for (var one : away)
        f.link(one).restore();
      var back = Instant.now();
      for (var one : away)
        f.api.until("/v1/instances/" + one, Fixture.SOON,
            i -> Instant.parse(i.path("last_heartbeat_at").asText()).isAfter(back.plusSeconds(1)));
      f.decide(broken, "rollback_completed_batches");
      f.untilState(broken, "rolled_back");
      SANDBOX.proxiedKafka().proxy().delay(Duration.ZERO);
      assertThat(f.instances(broken).values()).filteredOn(i -> !i.path("handed_out_at").asText("").isEmpty())
          .extracting(i -> i.path("instance_id").asText()).doesNotContainAnyElementsOf(away);
      f.awaitFleet(10);

      var cleanUp = f.start("1.24.0", Map.of("batch_pct", 50));
      assertThat(f.untilState(cleanUp, "completed").at("/batches")).hasSize(2);
      f.awaitFleet(10);
      assertThat(f.templateVersion()).isEqualTo(f.versions.get("1.24.0"));
      f.breaksNothing();
    }
  }

  private static Instant trip(Fixture f, String rollout) {
    return Instant.parse(f.api.until("/v1/events?limit=1&kind_prefix=module.upgrade.circuit_breaker_tripped&rollout_id=" + rollout,
        Fixture.SOON, e -> e.path("events").size() == 1).at("/events/0/occurred_at").asText());
  }
}
