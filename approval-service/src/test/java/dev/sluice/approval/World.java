package dev.sluice.approval;

import static org.awaitility.Awaitility.await;

import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.ProblemException;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Digest;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Slices;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import dev.sluice.contract.Trip;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/// The approval-service on real servers, with a planner and a rollout-service that are played: they tell facts from journals of their own, and the planner answers.
final class World implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(90);
  /// How long the service waits for what it asks.
  private static final Duration ASKS = Duration.ofSeconds(20);
  static {
    Awaitility.setDefaultPollInterval(Duration.ofMillis(50));
    Awaitility.setDefaultPollDelay(Duration.ZERO);
  }

  /// The planner knows only this template.
  static final TemplateId WEB = new TemplateId("web");

  /// An HTTP answer: its status and its JSON.
  record Reply(int status, Map<String, Object> body, Map<String, List<String>> headers) {
    Object get(String name) { return body.get(name); }

    @SuppressWarnings("unchecked")
    Map<String, Object> object(String name) { return (Map<String, Object>) body.get(name); }

    @SuppressWarnings("unchecked")
    List<Map<String, Object>> objects(String name) { return (List<Map<String, Object>>) body.get(name); }
  }

  final Node node = Node.alone();
  final Queue<Message> told = new ConcurrentLinkedQueue<>();
  final Queue<Ask.AdoptRevision> adopted = new ConcurrentLinkedQueue<>();
  /// What the rollout-service says of the rollouts that wait for a decision.
  final Map<RolloutId, Ask.Stake> stakes = new ConcurrentHashMap<>();
  private final String prefix = Sandbox.shared().freshPrefix();
  private final Database database = Sandbox.shared().freshDatabase();
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(LIMIT).build();
  private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();
  private final Chassis planner;
  private final Chassis rollout;
  final List<ApprovalService> replicas = new CopyOnWriteArrayList<>();
  private int counted;

  /// @param replicas of the approval-service, on one database
  World(int replicas) {
    var topics = new HashMap<String, TopicSpec>();
    for (var topic : Topics.ALL)
      for (var name : List.of(prefix + topic, prefix + topic + ".dead"))
        topics.put(name, new TopicSpec(2));
    Sandbox.shared().ensureTopics(topics);
    planner = keep(Chassis.open(node, config("planner-service", "planner")));
    rollout = keep(Chassis.open(node, config("rollout-service", "rollout")));
    planner.inbox(Topics.APPROVAL, new Kinds(ApprovalEvent.class), told::addAll);
    plannerAnswers();
    rollout.asks().answer(Ask.Service.ROLLOUT, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollout.asks().answer(Ask.Service.ROLLOUT, Ask.StakesOf.class, ask -> new Ask.Stakes(node.clock().instant(),
        ask.rollouts().stream().filter(stakes::containsKey).map(stakes::get).toList()));
    var config = new ApprovalConfig(config(ApprovalConfig.SERVICE, "approval"), Duration.ofMillis(50), 10, ASKS, ASKS);
    IntStream.range(0, replicas).parallel().forEach(_ -> this.replicas.add(keep(ApprovalService.start(node, config))));
    await().atMost(LIMIT).until(() -> this.replicas.stream().allMatch(ApprovalService::ready));
  }

  private <T extends AutoCloseable> T keep(T thing) {
    open.add(thing);
    return thing;
  }

  private ServiceConfig config(String service, String schema) {
    var login = database.login(schema);
    return new ServiceConfig(service, "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(), login.password(),
        login.schema(), 6,
        Sandbox.shared().bootstrap(), prefix, 10_000, 0);
  }

  /// Does something to the approval-service's own tables, or while they are as they are.
  void sql(Consumer<Db> work) {
    try (var db = Db.open(node.vertx(), config(ApprovalConfig.SERVICE, "approval"))) {
      work.accept(db);
    }
  }

  // the planner

  static PolicyView asks(int approvals) { return PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, approvals, false, null, "default"); }

  static PolicyView living(long seconds) { return PolicyPrecedence.policy(Policy.REQUIRE_APPROVAL, 1, false, seconds, "action"); }

  PlanHeader header(RolloutId rolloutId, int revision, int batchPct, PolicyView policy, String madeBy) {
    return header(rolloutId, revision, batchPct, policy, madeBy, "nginx");
  }

  private PlanHeader header(RolloutId rolloutId, int revision, int batchPct, PolicyView policy, String madeBy, String module) {
    var inputs = new PlanInputs(WEB, new ModuleId(module), new VersionId("v2"), batchPct, null, 2, 20, 300, 0, 0, null, true, "zone");
    var from = new VersionRef(new VersionId("v1"), "1.24.0", new Digest("sha256:" + "a".repeat(64)), null);
    var to = new VersionRef(new VersionId("v2"), "1.26.0", new Digest("sha256:" + "b".repeat(64)), null);
    return new PlanHeader(rolloutId, revision, "hash-" + revision + "-" + batchPct, inputs, to, List.of(from), from,
        new Slices(50, 0, Math.ceilDiv(50 * batchPct, 100)), 1500, policy, false, madeBy, node.clock().instant(), List.of("no soak"));
  }

  private PlanHeader draft(Ask.DraftRevision ask) {
    int pct = ask.changes().get("batch_pct") instanceof Integer given ? given : 20;
    var header = header(ask.rolloutId(), ask.revision() + 1, pct, asks(2), ask.actor());
    if (pct != 99) return header;
    return new PlanHeader(header.rolloutId(), header.revision(), header.planHash(), header.inputs(), header.target(), header.origins(),
        header.templateVersion(), new Slices(0, 0, 1), 0, header.policy(), false, header.madeBy(), header.madeAt(), List.of());
  }

  private static Ask.TemplateView template(Ask.TemplateOf ask) {
    if (!ask.templateId().equals(WEB)) throw new ProblemException(Problem.notFound("template", ask.templateId().value()));
    return new Ask.TemplateView(WEB, "web", List.of());
  }

  <R> R ask(Ask<R> question, Duration limit) { return planner.asks().ask(question, limit); }

  RolloutId nextRollout() { return new RolloutId("r" + ++counted); }

  /// Plans a rollout and waits until its request is there.
  RequestId planned(PolicyView policy) { return planned(policy, "nginx"); }

  /// The same for another module of the template.
  RequestId planned(PolicyView policy, String module) {
    var rolloutId = nextRollout();
    tellPlan(new PlanEvent.RevisionPlanned(rolloutId, header(rolloutId, 1, 20, policy, "maker", module)));
    return appears(new RequestId(rolloutId + "-plan"));
  }

  /// The same, where a model made the plan.
  RequestId plannedByModel(PolicyView policy) {
    var h = header(nextRollout(), 1, 20, policy, "maker");
    tellPlan(new PlanEvent.RevisionPlanned(h.rolloutId(), new PlanHeader(h.rolloutId(), h.revision(), h.planHash(), h.inputs(), h.target(),
        h.origins(), h.templateVersion(), h.slices(), h.estimatedTotalSeconds(), h.policy(), true, h.madeBy(), h.madeAt(), h.warnings())));
    return appears(new RequestId(h.rolloutId() + "-plan"));
  }

  void tellPlan(PlanEvent event) { tell(planner, Topics.PLAN, event.rolloutId(), event); }

  // the rollout-service

  static RolloutId rolloutOf(RequestId request) { return new RolloutId(request.value().replaceAll("-(plan|trip-\\d+)$", "")); }

  void tellRollout(RolloutId rolloutId, RolloutEvent event) { tell(rollout, Topics.ROLLOUT, rolloutId, event); }

  /// Plans a rollout of this policy, trips it, and waits until the continuation is asked.
  RequestId tripped(PolicyView policy) { return appears(trips(policy)); }

  /// The same, without waiting.
  RequestId trips(PolicyView policy) {
    var plan = planned(policy);
    var rolloutId = rolloutOf(plan);
    var trip = new Trip(1, 0, BreakerRule.STREAK, List.of(new InstanceId("i-1"), new InstanceId("i-2")), 2, 10, 40,
        "2 of 2 failed in a row");
    var request = new RequestId(rolloutId + "-trip-1");
    tellRollout(rolloutId, new RolloutEvent.BreakerTripped(request, trip));
    return request;
  }

  private void tell(Chassis from, String topic, RolloutId rolloutId, Object event) {
    from.db().doInTransaction(tx -> from.journal().appendNext(tx, topic, rolloutId.value(), rolloutId.value(),
        List.of(new Journal.Entry(event, new Scope(rolloutId, WEB, new ModuleId("nginx")))), node.clock().instant(), "system"));
    from.journal().nudge();
  }

  // the caller

  RequestId appears(RequestId id) {
    await().atMost(LIMIT).until(() -> get("/v1/approval-requests/" + id).status() == 200);
    return id;
  }

  Reply awaits(RequestId id, String field, Object value) {
    await().atMost(LIMIT).until(() -> value.equals(request(id).get(field)));
    return request(id);
  }

  Reply request(RequestId id) { return get("/v1/approval-requests/" + id); }

  Reply decide(RequestId id, String actor, String decision, int revision) {
    return send("POST", "/v1/approval-requests/" + id + "/decision", Map.of("decision", decision, "revision", revision), actor);
  }

  Reply edit(RequestId id, Map<String, Object> edit) { return send("PATCH", "/v1/approval-requests/" + id, edit, "editor"); }

  Reply get(String path) { return send("GET", path, null, "operator"); }

  Reply send(String method, String path, Object body, String actor) {
    return send(replicas.get(counted % replicas.size()), method, path, body, Map.of("Authorization", "Bearer x", "X-Sluice-Actor", actor));
  }

  Reply send(ApprovalService to, String method, String path, Object body, Map<String, String> headers) {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + to.port() + path)).timeout(LIMIT)
        .method(method,
            body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body instanceof String text ? text : Json.text(body)));
    if (body != null) request.header("Content-Type", "application/json");
    headers.forEach(request::header);
    try {
      var answer = http.send(request.build(), BodyHandlers.ofString());
      return new Reply(answer.statusCode(), answer.body().isEmpty() ? Map.of() : Json.map(answer.body()), answer.headers().map());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// What a path answers without credentials.
  String text(ApprovalService from, String path) throws IOException, InterruptedException {
    return http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + from.port() + path)).timeout(LIMIT).build(),
        BodyHandlers.ofString()).body();
  }

  /// Facts of a kind about a request, as the topic told them, waiting until there is one.
  <T extends ApprovalEvent> T told(Class<T> kind, String stream) {
    await().atMost(LIMIT).until(() -> count(kind, stream) > 0);
    return kind.cast(told.stream().filter(m -> kind.isInstance(m.event()) && m.stream().equals(stream)).findFirst().orElseThrow().event());
  }

  long count(Class<? extends ApprovalEvent> kind, String stream) {
    return told.stream().filter(m -> kind.isInstance(m.event()) && m.stream().equals(stream)).count();
  }

  /// Takes the planner's answers away.
  void plannerGone() { planner.asks().close(); }

  void plannerAnswers() {
    planner.asks().answer(Ask.Service.PLANNER, Ask.DraftRevision.class, this::draft);
    planner.asks().answer(Ask.Service.PLANNER, Ask.AdoptRevision.class, ask -> {
      adopted.add(ask);
      return new Ask.Done();
    });
    planner.asks().answer(Ask.Service.PLANNER, Ask.AreYouReady.class, _ -> new Ask.Done());
    planner.asks().answer(Ask.Service.PLANNER, Ask.TemplateOf.class, World::template);
  }

  @Override
  public void close() throws Exception {
    for (var thing : open.reversed())
      thing.close();
    node.close();
  }
}
