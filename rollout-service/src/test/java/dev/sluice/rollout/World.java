package dev.sluice.rollout;

import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Trace;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Digest;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RequestType;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Slices;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/// The rollout-service on real servers, with a planner, an approval-service and a fleet that are played: they tell facts from journals of their own, and answer
/// what they are asked.
final class World implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(90);
  static final VersionRef TARGET = new VersionRef(new VersionId("v2"), "1.26.0", new Digest("sha256:" + "b".repeat(64)), null);
  static final VersionRef OLD = new VersionRef(new VersionId("v1"), "1.24.0", new Digest("sha256:" + "a".repeat(64)), null);

  /// An HTTP answer: its status and its JSON.
  record Reply(int status, Map<String, Object> body) {
    Object get(String name) { return body.get(name); }

    @SuppressWarnings("unchecked")
    Map<String, Object> object(String name) { return (Map<String, Object>) body.get(name); }

    @SuppressWarnings("unchecked")
    List<Map<String, Object>> objects(String name) { return (List<Map<String, Object>>) body.get(name); }
  }

  final Node node = Node.alone();
  final Queue<Message> told = new ConcurrentLinkedQueue<>();
  /// Instances that fail to apply the target, and such that never answer.
  final Set<String> failing = ConcurrentHashMap.newKeySet();
  final Set<String> silent = ConcurrentHashMap.newKeySet();
  final Set<VersionId> archived = ConcurrentHashMap.newKeySet();
  /// How long the played planner keeps a pair for a rollback.
  volatile Duration kept = Duration.ofSeconds(120);
  final Set<RolloutId> overtaken = ConcurrentHashMap.newKeySet();
  volatile boolean plannerAway;
  /// What the rollout-service said that it delivers, when it last asked to be heard.
  volatile List<Ask.Delivery> heard = List.of();
  final List<RolloutService> replicas = new ArrayList<>();
  private final String prefix = Sandbox.shared().freshPrefix();
  private final Database database = Sandbox.shared().freshDatabase();
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(LIMIT).build();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Chassis planner;
  private final Chassis approval;
  private final Chassis health;
  private final Db db;
  private int counted;

  /// @param tick of the reconciler
  World(int replicas, Duration tick) {
    var topics = new HashMap<String, TopicSpec>();
    for (var topic : Topics.ALL)
      for (var name : List.of(prefix + topic, prefix + topic + ".dead"))
        topics.put(name, new TopicSpec(2));
    Sandbox.shared().ensureTopics(topics);
    planner = keep(Chassis.open(node, config("planner-service", "planner")));
    approval = keep(Chassis.open(node, config("approval-service", "approval")));
    health = keep(Chassis.open(node, config("health-service", "health")));
    var kinds = new Kinds(RolloutEvent.class, ReconcilerEvent.class);
    health.inbox(Topics.ROLLOUT, kinds, messages -> messages.forEach(this::fleet));
    planner.inbox(Topics.ROLLOUT, kinds, messages -> messages.forEach(this::template));
    planner.asks().answer(Ask.Service.PLANNER, Ask.AreYouReady.class, _ -> new Ask.Done());
    planner.asks().answer(Ask.Service.PLANNER, Ask.VersionsAvailable.class, this::available);
    planner.asks().answer(Ask.Service.PLANNER, Ask.ClaimForRollback.class, this::claim);
    planner.asks().answer(Ask.Service.PLANNER, Ask.TemplateOf.class, World::template);
    health.asks().answer(Ask.Service.HEALTH, Ask.HearDeliveries.class, _ -> {
      heard = ask(new Ask.DeliveryNow()).open();
      return new Ask.Done();
    });
    db = keep(Db.open(node.vertx(), config(RolloutConfig.SERVICE, "rollout")));
    for (int i = 0; i < replicas; i++)
      this.replicas.add(keep(RolloutService.start(node,
          new RolloutConfig(config(RolloutConfig.SERVICE, "rollout"), tick, 100, Duration.ofSeconds(10)))));
    await().atMost(LIMIT).until(() -> this.replicas.stream().allMatch(RolloutService::ready));
  }

  private static Ask.TemplateView template(Ask.TemplateOf ask) {
    if (ask.templateId().value().equals("mistyped")) throw new ProblemException(Problem.notFound("template", ask.templateId().value()));
    if (ask.templateId().value().equals("away")) throw new Outage("the database is away", null);
    return new Ask.TemplateView(ask.templateId(), ask.templateId().value(), List.of());
  }

  private <T extends AutoCloseable> T keep(T thing) {
    open.add(thing);
    return thing;
  }

  private ServiceConfig config(String service, String schema) {
    var login = database.login(schema);
    return new ServiceConfig(service, "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(), login.password(),
        login.schema(), 6, Sandbox.shared().bootstrap(), prefix, 10_000, 0);
  }

  /// The rollout-service's own database, to look behind the wall.
  Db db() { return db; }

  // the fleet

  private void fleet(Message message) {
    told.add(message);
    var rollout = new RolloutId(message.stream());
    var at = node.clock().instant();
    switch (message.event()) {
      case RolloutEvent.InstancesInstructed e -> {
        var heard = e.instructions().stream().filter(i -> !silent.contains(i.instanceId().value())).toList();
        report(new HealthReport.HandedOut(rollout,
            heard.stream().map(i -> new RolloutEvent.Handing(i.ordinal(), i.generation(), at)).toList()));
        report(new HealthReport.Judged(rollout, heard.stream().map(i -> judged(e, i, at)).toList()));
      }
      case RolloutEvent.WithdrawalsAsked e -> report(new HealthReport.WithdrawalsAnswered(rollout,
          e.withdrawals().stream().map(w -> new RolloutEvent.Withdrawal(w.ordinal(), true, w.generation())).toList()));
      default -> {
        // nothing for instances
      }
    }
  }

  private HealthReport.Judgement judged(RolloutEvent.InstancesInstructed e, RolloutEvent.Instruction i, Instant at) {
    boolean fails = e.versions().get(i.version()).equals(TARGET) && failing.contains(i.instanceId().value());
    return new HealthReport.Judgement(i.ordinal(), i.generation(), !fails, false,
        fails ? dev.sluice.contract.Reason.APPLY_FAILED : null, fails ? "exit code 1" : null, 1.5, at, null);
  }

  void report(HealthReport report) { tell(health, Topics.VERDICT, "report-" + report.rolloutId(), report.rolloutId(), report); }

  /// Reports about one rollout that are told at once.
  void report(RolloutId id, List<HealthReport> reports) {
    var scope = new Scope(id, null, null);
    health.db().doInTransaction(tx -> health.journal().appendNext(tx, Topics.VERDICT, "report-" + id, id.value(),
        reports.stream().map(r -> new Journal.Entry(r, scope)).toList(), node.clock().instant(), "system"));
    health.journal().nudge();
  }

  /// Blocks until Kafka has all that was reported.
  void reportsAreOut() {
    await().atMost(LIMIT).until(() -> health.db().query("select from journal where published_at is null").rowCount() == 0);
  }

  /// Waits in the middle of a transaction, which is ended where it says nothing for long.
  static void awaitWithin(Db.Tx tx, BooleanSupplier done) {
    await().pollInSameThread().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20)).atMost(LIMIT).until(() -> {
      tx.query("select 1");
      return done.getAsBoolean();
    });
  }

  <R> R ask(Ask<R> question) { return health.asks().ask(question, LIMIT); }

  // the planner

  private void template(Message message) {
    if (message.event() instanceof RolloutEvent.FinishAsked e) {
      var id = new RolloutId(message.stream());
      tell(planner, Topics.PLAN, id.value(), id, new PlanEvent.TemplateMoved(id, e.templateId(), e.moduleId(), e.to()));
    }
  }

  private Ask.AvailableVersions available(Ask.VersionsAvailable ask) {
    if (plannerAway) throw new ProblemException(Problem.unavailable("the planner is away"));
    return new Ask.AvailableVersions(ask.versions().stream().filter(v -> !archived.contains(v)).toList());
  }

  private Ask.Claimed claim(Ask.ClaimForRollback ask) {
    if (overtaken.contains(ask.rolloutId())) throw new ProblemException(Problem.conflict("a later rollout was made", Map.of()));
    return new Ask.Claimed(node.clock().instant().plus(kept));
  }

  PlanHeader header(RolloutId id, String template, int total, int batchPct) {
    var inputs = new PlanInputs(new TemplateId(template), new ModuleId("nginx"), TARGET.id(), batchPct, null, 2, 100, 300, 0, 0, null, true,
        "zone");
    var policy = new PolicyView(Policy.REQUIRE_APPROVAL, 1, false, 14400, 86400, "default");
    return new PlanHeader(id, 1, "hash-" + id, inputs, TARGET, List.of(OLD), OLD,
        new Slices(total, 0, Math.ceilDiv(total * batchPct, 100)), 900, policy, false, "maker", node.clock().instant(), List.of());
  }

  RolloutId nextId() { return new RolloutId("r" + ++counted); }

  /// Plans a rollout of the instances `<id>-0`, `<id>-1`, ... and waits until it is there.
  RolloutId planned(String template, int total, int batchPct) {
    var id = nextId();
    tellMembers(id, total);
    tellHeader(header(id, template, total, batchPct));
    awaits(id, "state", "awaiting_approval");
    return id;
  }

  void tellMembers(RolloutId id, int total) {
    for (int from = 0; from < total; from += 5_000) {
      int first = from;
      var members = IntStream.range(from, Math.min(total, from + 5_000))
          .mapToObj(i -> new PlanMember(new InstanceId(id + "-" + i), 0, 3, i == 4)).toList();
      tell(planner, Topics.PLAN, id.value(), id, new PlanEvent.MembersPlanned(id, 1, "hash-" + id, first, members));
    }
  }

  void tellHeader(PlanHeader header) {
    tell(planner, Topics.PLAN, header.rolloutId().value(), header.rolloutId(), new PlanEvent.RevisionPlanned(header.rolloutId(), header));
  }

  void withdraw(RolloutId id) { tell(planner, Topics.PLAN, id.value(), id, new PlanEvent.PlanWithdrawn(id, "nobody answered")); }

  // the approval-service

  void asked(PlanHeader header) {
    tellApproval(header.rolloutId(), new ApprovalEvent.PlanRequested(planRequest(header.rolloutId()), header, Instant.MAX.minusSeconds(1)));
  }

  void approve(RolloutId id) {
    tellApproval(id, new ApprovalEvent.PlanApproved(planRequest(id), id, 1, "hash-" + id, List.of("ann"), "ann", "go"));
  }

  /// Approves it in the course of a request of this trace.
  void approve(RolloutId id, String traceparent) {
    Trace.within(traceparent, () -> {
      approve(id);
      return null;
    });
  }

  void reject(RolloutId id) { tellApproval(id, new ApprovalEvent.PlanRejected(planRequest(id), id, 1, "bob", "not now")); }

  void choose(RolloutId id, Choice choice) {
    var request = new RequestId((String) get("/v1/rollouts/" + id).get("continuation_request_id"));
    tellApproval(id, new ApprovalEvent.ContinuationDecided(request, id, choice, "ann", null));
  }

  void expire(RolloutId id, RequestType type) {
    var request = type == RequestType.ROLLING_UPGRADE_PLAN ? planRequest(id) : new RequestId(id + "-trip-1");
    tellApproval(id, new ApprovalEvent.RequestExpired(request, id, type));
  }

  private static RequestId planRequest(RolloutId id) { return new RequestId(id + "-plan"); }

  private void tellApproval(RolloutId id, ApprovalEvent event) { tell(approval, Topics.APPROVAL, id + "-plan", id, event); }

  private void tell(Chassis from, String topic, String stream, RolloutId id, Object event) {
    from.db().doInTransaction(tx -> from.journal().appendNext(tx, topic, stream, id.value(),
        List.of(new Journal.Entry(event, new Scope(id, null, null))), node.clock().instant(), "system"));
    from.journal().nudge();
  }

  // the caller

  Reply rollout(RolloutId id) { return get("/v1/rollouts/" + id); }

  /// Waits until a field of a rollout has a value.
  Reply awaits(RolloutId id, String field, Object value) {
    await().atMost(LIMIT).untilAsserted(
        () -> org.assertj.core.api.Assertions.assertThat(rollout(id).body()).as("rollout " + id).containsEntry(field, value));
    return rollout(id);
  }

  String blockedOn(RolloutId id) { return (String) get("/v1/rollouts/" + id + "/diagnosis").get("blocked_on"); }

  Reply command(RolloutId id, String command) {
    return send("POST", "/v1/rollouts/" + id + "/" + command, Map.of("comment", "why"), "ann");
  }

  Reply get(String path) { return send("GET", path, null, "operator"); }

  Reply send(String method, String path, Object body, String actor) { return send(method, path, body, actor, "x"); }

  Reply send(String method, String path, Object body, String actor, String token) {
    var to = replicas.get(Math.floorMod(path.hashCode(), replicas.size()));
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to.port() + path)).timeout(LIMIT)
        .header("Authorization", "Bearer " + token).header("X-Sluice-Actor", actor).method(method, body == null
            ? BodyPublishers.noBody()
            : BodyPublishers.ofString(Json.text(body)));
    if (body != null) request.header("Content-Type", "application/json");
    try {
      var answer = http.send(request.build(), BodyHandlers.ofString());
      return new Reply(answer.statusCode(), answer.body().startsWith("{") ? Json.map(answer.body()) : Map.of("text", answer.body()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// The facts of one rollout as the topic told them, in order of the stream, waiting for one of a kind.
  List<Object> toldUntil(RolloutId id, Class<?> kind) {
    await().atMost(LIMIT).until(() -> told.stream().anyMatch(m -> m.stream().equals(id.value()) && kind.isInstance(m.event())));
    return told.stream().filter(m -> m.stream().equals(id.value())).map(Message::event).toList();
  }

  @Override
  public void close() throws Exception {
    for (var thing : open.reversed())
      thing.close();
    node.close();
  }
}
