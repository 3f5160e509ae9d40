package dev.sluice.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Digest;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Login;
import dev.sluice.sandbox.Proxy;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/// The health-service on a real PostgreSQL and a real Kafka, with one or more replicas; the planner and the rollout-service are played.
final class World implements AutoCloseable {
  static final Duration BOUND = Duration.ofSeconds(30);
  /// A shorter one makes a replica that could not commit for a moment refuse heartbeats.
  static final Duration REPLICA_TTL = Duration.ofSeconds(5);
  static final String MODULE = "nginx";
  static final VersionRef OLD = version("1.24.0", "a");
  static final VersionRef NEW = version("1.26.0", "b");

  final Node node = Node.alone();
  final List<HealthService> replicas = new ArrayList<>();
  final List<HealthReport> reports = new CopyOnWriteArrayList<>();
  final List<FleetEvent> fleet = new CopyOnWriteArrayList<>();
  final Map<String, Ask.TemplateView> templates = new ConcurrentHashMap<>();
  /// What the rollout-service answers when it is asked what it delivers.
  final Map<String, Ask.Delivery> deliveries = new ConcurrentHashMap<>();
  /// Whether the rollout-service answers at all.
  volatile boolean rolloutAnswers = true;
  private final AtomicInteger refused = new AtomicInteger();
  private final Database database;
  private final String prefix;
  private final Chassis rollouts;
  private final Db db;
  private final Map<String, Long> seqs = new HashMap<>();

  World() {
    var sandbox = Sandbox.shared();
    prefix = sandbox.freshPrefix();
    var topics = new HashMap<String, TopicSpec>();
    Stream.of(Topics.ROLLOUT, Topics.VERDICT, Topics.INSTANCE).flatMap(t -> Stream.of(t, t + ".dead"))
        .forEach(t -> topics.put(prefix + t, new TopicSpec(2)));
    sandbox.ensureTopics(topics);
    database = sandbox.freshDatabase();
    rollouts = Chassis.open(node, config("rollout-service", "rollout"));
    rollouts.inbox(Topics.VERDICT, new Kinds(HealthReport.class), all -> all.forEach(m -> reports.add((HealthReport) m.event())));
    rollouts.inbox(Topics.INSTANCE, new Kinds(FleetEvent.class), all -> all.forEach(m -> fleet.add((FleetEvent) m.event())));
    rollouts.asks().answer(Ask.Service.ROLLOUT, Ask.DeliveryNow.class, _ -> {
      if (!rolloutAnswers) {
        refused.incrementAndGet();
        throw new Outage("played", null);
      }
      return new Ask.Deliveries(Instant.now(), List.copyOf(deliveries.values()));
    });
    rollouts.asks().answer(Ask.Service.ROLLOUT, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollouts.asks().answer(Ask.Service.PLANNER, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollouts.asks().answer(Ask.Service.PLANNER, Ask.TemplateOf.class, ask -> {
      var template = templates.get(ask.templateId().value());
      if (template == null) throw new ProblemException(Problem.notFound("template", ask.templateId().value()));
      return template;
    });
    template("web", OLD);
    db = Db.open(node.vertx(), config("health-service", "health"));
  }

  static VersionRef version(String name, String hex) {
    return new VersionRef(new VersionId("nginx-" + name), name, new Digest("sha256:" + hex.repeat(64)), "http://files/" + hex);
  }

  World template(String id, VersionRef version) {
    templates.put(id, new Ask.TemplateView(new TemplateId(id), id, List.of(new Ask.Assignment(new ModuleId(MODULE), version))));
    return this;
  }

  /// A template without a module.
  World bareTemplate(String id) {
    templates.put(id, new Ask.TemplateView(new TemplateId(id), id, List.of()));
    return this;
  }

  private ServiceConfig config(String service, String schema) { return config(service, database.login(schema)); }

  private ServiceConfig config(String service, Login login) {
    return new ServiceConfig(service, "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(), login.password(),
        login.schema(),
        10,
        Sandbox.shared().bootstrap(), prefix, 6_000, 0);
  }

  World replica(Duration interval) { return replica(interval, database.login("health")); }

  /// A replica whose way to the database goes through a proxy.
  World replica(Duration interval, Proxy proxy) { return replica(interval, database.login("health").at(proxy.host(), proxy.port())); }

  private World replica(Duration interval, Login login) {
    replicas.add(
        HealthService.start(node,
            new HealthConfig(config("health-service", login), interval, Duration.ofSeconds(3), REPLICA_TTL)));
    return this;
  }

  Proxy proxyToTheDatabase() { return Proxy.to(database.login("health").host(), database.login("health").port()); }

  Client client() { return client(0); }

  Client client(int replica) { return new Client("http://127.0.0.1:" + replicas.get(replica).port()); }

  Chassis rollouts() { return rollouts; }

  /// A rollout's next fact, told over Kafka.
  void tell(String rollout, RolloutEvent event) { tellAt(rollout, event, Instant.now()); }

  void tellAt(String rollout, RolloutEvent event, Instant at) {
    seqs.merge(rollout, 1L, Long::sum);
    rollouts.db().doInTransaction(tx -> rollouts.journal().appendNext(tx, Topics.ROLLOUT, rollout, rollout,
        List.of(new Journal.Entry(event, new Scope(new RolloutId(rollout), new TemplateId("web"), new ModuleId(MODULE)))), at, "test"));
    rollouts.journal().nudge();
  }

  long seq(String rollout) { return seqs.getOrDefault(rollout, 0L); }

  <T extends HealthReport> List<T> reports(String rollout, Class<T> kind) {
    return reports.stream().filter(r -> kind.isInstance(r) && r.rolloutId().value().equals(rollout)).map(kind::cast).toList();
  }

  List<FleetEvent> fleet(String instance) { return fleet.stream().filter(e -> e.instanceId().value().equals(instance)).toList(); }

  /// What the health-service takes a rollout to deliver, in one word.
  String purpose(String rollout) {
    return db.list("select coalesce(purpose, 'nothing') as purpose from gate where rollout_id = $1", r -> r.getString("purpose"), rollout)
        .stream().findFirst().orElse("unknown");
  }

  /// Until a statement of this world waits for a lock.
  ///
  /// @param holder of the lock, whose session would be ended if it did nothing for long
  /// @param like   how the statement reads
  void untilWaits(Db.Tx holder, String like) {
    eventually(() -> {
      holder.query("select 1");
      assertThat(waits(like)).isTrue();
    });
  }

  /// Asked outside of any transaction: in one, PostgreSQL answers each time what it saw first.
  boolean waits(String like) {
    return db.query("""
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1
        """, like).rowCount() > 0;
  }

  /// Until all that was answered is judged; the members of `web`.
  List<Ask.FleetMember> settle() { return settled("web"); }

  /// Until all that was answered is judged; the members of a template. A busy machine may need longer than one ask waits.
  List<Ask.FleetMember> settled(String template) {
    var slice = new Ask.FleetSlice(new TemplateId(template), new ModuleId(MODULE), "zone", null, 5_000, true);
    return await().pollDelay(Duration.ZERO).atMost(BOUND).ignoreException(Outage.class).until(() -> ask(slice), _ -> true).members();
  }

  /// The rollout-service answers no more, and what it answered before has been heard: each replica asks one question after the other.
  void rolloutFallsSilent() {
    rolloutAnswers = false;
    int before = refused.get();
    eventually(() -> assertThat(refused.get()).isGreaterThanOrEqualTo(before + 2 * replicas.size()));
  }

  <R> R ask(Ask<R> question) { return rollouts.asks().ask(question, Duration.ofSeconds(10)); }

  /// The health-service's own database, to look behind the wall.
  Db db() { return db; }

  static void eventually(org.awaitility.core.ThrowingRunnable condition) {
    await().atMost(BOUND).pollInterval(Duration.ofMillis(50)).untilAsserted(condition);
  }

  @Override
  public void close() {
    replicas.forEach(HealthService::close);
    db.close();
    rollouts.close();
    node.close();
  }
}
