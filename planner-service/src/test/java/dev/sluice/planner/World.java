package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Json;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.Ask;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import dev.sluice.planner.store.PlanStore;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;

/// The planner-service on real servers, with an approval-, a rollout- and a health-service that are played: they tell facts from journals of their own, and answer
/// what they are asked.
final class World implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(20);
  static final String OLD = "sha256:" + "a".repeat(64);
  static final String NEW = "sha256:" + "b".repeat(64);
  private static final PolicyView ASK = new PolicyView(Policy.REQUIRE_APPROVAL, 1, false, 14_400, 86_400, "default");

  static {
    Awaitility.setDefaultPollInterval(Duration.ofMillis(50));
    Awaitility.setDefaultPollDelay(Duration.ZERO);
  }

  final Node node = Node.alone();
  final Played fleet = new Played();
  final Queue<Message> told = new ConcurrentLinkedQueue<>();
  volatile PlannerService planner;
  final Path artifacts;
  /// What plans are made for.
  volatile String template = "web";
  volatile PolicyView policy = ASK;
  /// Whether the played services take plans.
  volatile boolean approvalHears = true;
  volatile boolean rolloutHears = true;
  /// What the played rollout-service delivers; null: nothing.
  volatile Ask.Delivery delivered;
  /// Whether it says so.
  volatile boolean rolloutSays = true;
  private final String prefix = Sandbox.shared().freshPrefix();
  private final Database database = Sandbox.shared().freshDatabase();
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(LIMIT).build();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Chassis approval;
  private final Chassis rollout;

  World() {
    var topics = new HashMap<String, TopicSpec>();
    for (var topic : Topics.ALL)
      for (var name : List.of(prefix + topic, prefix + topic + ".dead"))
        topics.put(name, new TopicSpec(2));
    Sandbox.shared().ensureTopics(topics);
    artifacts = folder();
    approval = keep(Chassis.open(node, config("approval-service", "approval")));
    rollout = keep(Chassis.open(node, config("rollout-service", "rollout")));
    approval.inbox(Topics.PLAN, new Kinds(PlanEvent.class), this::hear);
    rollout.inbox(Topics.PLAN, new Kinds(PlanEvent.class), this::open);
    rollout.inbox(Topics.CATALOG, new Kinds(CatalogEvent.class), told::addAll);
    approval.asks().answer(Ask.Service.APPROVAL, Ask.PolicyFor.class, _ -> policy);
    approval.asks().answer(Ask.Service.APPROVAL, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollout.asks().answer(Ask.Service.ROLLOUT, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollout.asks().answer(Ask.Service.ROLLOUT, Ask.DeliveryNow.class, _ -> deliveries());
    rollout.asks().answer(Ask.Service.HEALTH, Ask.AreYouReady.class, _ -> new Ask.Done());
    rollout.asks().answer(Ask.Service.HEALTH, Ask.FleetSlice.class, fleet::slice);
    planner = keep(started());
    await().atMost(LIMIT).until(() -> planner.ready() && approval.ready() && rollout.ready());
    catalog();
  }

  private static Path folder() {
    try {
      return Files.createTempDirectory("artifacts");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void catalog() {
    assertThat(post("/v1/modules", Map.of("name", "nginx")).status()).isEqualTo(201);
    version("v1", "1.24.0", OLD);
    version("v2", "1.26.0", NEW);
    var modules = List.of(Map.of("module_id", "nginx", "version_id", "v1"));
    assertThat(post("/v1/templates", Map.of("id", "web", "name", "web", "modules", modules)).status()).isEqualTo(201);
  }

  /// A live version of nginx.
  void version(String id, String version, String digest) {
    assertThat(post("/v1/modules/nginx/versions", Map.of("id", id, "version", version, "digest", digest)).status()).isEqualTo(201);
    for (var to : List.of("staging", "blessed", "live"))
      assertThat(promote(id, to).status()).isEqualTo(200);
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

  private PlannerService started() {
    return PlannerService.start(node, new PlannerConfig(config("planner-service", "planner"), artifacts, 100_000, 30));
  }

  /// The planner is down while something happens.
  void down(Runnable meanwhile) {
    planner.close();
    open.remove(planner);
    meanwhile.run();
    planner = keep(started());
  }

  /// Whether the planner takes a plan for one that both know.
  boolean known(String rolloutId) {
    try (var db = Db.open(node.vertx(), config("planner-service", "planner"))) {
      return new PlanStore(db).known(rolloutId);
    }
  }

  /// Lets a plan look as if it had been made long ago.
  void madeLongAgo(String rolloutId) {
    sql("update plan set made_at = made_at - interval '10 minutes' where rollout_id = '" + rolloutId + "'");
    sql("update plan_revision set header = jsonb_set(header, '{made_at}', to_jsonb('2026-01-01T00:00:00Z'::text)) where rollout_id = '"
        + rolloutId + "'");
  }

  /// Does something to the planner's own tables.
  void sql(String statement) {
    try (var db = Db.open(node.vertx(), config("planner-service", "planner"))) {
      db.query(statement);
    }
  }

  // the played services

  private void hear(List<Message> messages) {
    told.addAll(messages);
    for (var message : messages)
      if (approvalHears && message.event() instanceof PlanEvent.RevisionPlanned(var id, var plan) && plan.revision() == 1) {
        var request = new RequestId(id + "-plan");
        tell(approval, Topics.APPROVAL, request.value(), id,
            new ApprovalEvent.PlanRequested(request, plan, node.clock().instant().plusSeconds(60)));
      }
  }

  private void open(List<Message> messages) {
    for (var message : messages)
      if (rolloutHears && message.event() instanceof PlanEvent.RevisionPlanned(_, var plan) && plan.revision() == 1)
        tellRollout(plan.rolloutId().value(), new RolloutEvent.Planned(plan));
      else if (rolloutHears && message.event() instanceof PlanEvent.PlanWithdrawn(var id, _))
        tellRollout(id.value(), new RolloutEvent.Released());
  }

  private Ask.Deliveries deliveries() {
    if (!rolloutSays) throw new Outage("the rollout-service is away", null);
    return new Ask.Deliveries(node.clock().instant(), delivered == null ? List.of() : List.of(delivered));
  }

  void tellRollout(String id, RolloutEvent event) { tell(rollout, Topics.ROLLOUT, id, new RolloutId(id), event); }

  void tellRollout(String id, RolloutEvent... events) {
    for (var event : events)
      tellRollout(id, event);
  }

  void tellApproval(String id, ApprovalEvent event) { tell(approval, Topics.APPROVAL, id + "-plan", new RolloutId(id), event); }

  private void tell(Chassis from, String topic, String stream, RolloutId id, Object event) {
    from.db().doInTransaction(tx -> from.journal().appendNext(tx, topic, stream, id.value(),
        List.of(new Journal.Entry(event, new Scope(id, null, null))), node.clock().instant(), "system"));
    from.journal().nudge();
  }

  <R> R ask(Ask<R> question) { return approval.asks().ask(question, LIMIT); }

  /// The facts of a kind about a rollout, as the topic told them.
  <T extends PlanEvent> List<T> told(Class<T> kind, String rolloutId) {
    return told.stream().filter(m -> kind.isInstance(m.event()) && m.stream().equals(rolloutId)).map(m -> kind.cast(m.event())).toList();
  }

  PlanHeader header(String rolloutId) { return told(PlanEvent.RevisionPlanned.class, rolloutId).getFirst().plan(); }

  // the caller

  /// From here on, plans are for a template that nobody has planned for, with nginx 1.24.0.
  void anotherTemplate() {
    var modules = List.of(Map.of("module_id", "nginx", "version_id", "v1"));
    template = post("/v1/templates", Map.of("name", "web", "modules", modules)).text("id");
  }

  /// The same, with fifty running instances.
  void fifty() {
    anotherTemplate();
    fleet.running(50);
  }

  /// The inputs of a plan from v1 to v2, with these names and values.
  Map<String, Object> inputs(Object... more) {
    var all = new HashMap<String, Object>(Map.of("template_id", template, "module_id", "nginx", "target_version_id", "v2"));
    for (int i = 0; i < more.length; i += 2)
      all.put((String) more[i], more[i + 1]);
    return all;
  }

  Reply plan(Object... more) { return post("/v1/plans", inputs(more)); }

  /// Plans. On a busy machine a plan may not be taken in time, which leaves nothing behind: it is planned again then.
  Reply made(Object... more) {
    var reply = await().pollDelay(Duration.ZERO).atMost(LIMIT.multipliedBy(3)).until(() -> plan(more), one -> one.status() != 503);
    assertThat(reply.status()).as(reply.body().toString()).isEqualTo(201);
    return reply;
  }

  /// Plans, and gives the rollout's id.
  String planned(Object... more) { return made(more).text("rollout_id"); }

  /// Plans for a version that no other one targets, and gives the rollout's id.
  String plannedToItsOwn(String id, String version, String hex) {
    post("/v1/modules/nginx/versions", Map.of("id", id, "version", version, "digest", "sha256:" + hex.repeat(64)));
    List.of("staging", "blessed").forEach(to -> promote(id, to));
    anotherTemplate();
    return planned("target_version_id", id);
  }

  Reply promote(String version, String to) { return post("/v1/module-versions/" + version + "/promote", Map.of("to", to)); }

  /// Waits until a plan's field has a value.
  void awaits(String rolloutId, String field, Object value) {
    await().atMost(LIMIT).until(() -> value.equals(get("/v1/plans/" + rolloutId).get(field)));
  }

  Reply get(String path) { return send("GET", path, null); }

  Reply post(String path, Object body) { return send("POST", path, body); }

  Reply send(String method, String path, Object body) {
    var bytes = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body instanceof String text ? text : Json.text(body));
    var reply = raw(method, path, bytes, Map.of("Content-Type", "application/json", "X-Sluice-Actor", "ann"));
    var text = new String(reply.body(), java.nio.charset.StandardCharsets.UTF_8);
    return new Reply(reply.statusCode(), text.isEmpty() ? Map.of() : Json.map(text), reply.headers().map());
  }

  HttpResponse<byte[]> raw(String method, String path, BodyPublisher body, Map<String, String> headers) {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + planner.port() + path)).timeout(LIMIT.multipliedBy(3))
        .method(method, body);
    request.header("Authorization", "Bearer x");
    headers.forEach(request::header);
    try {
      return http.send(request.build(), BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws Exception {
    for (var thing : open.reversed())
      thing.close();
    node.close();
    try (var files = Files.walk(artifacts)) {
      for (var file : files.sorted(java.util.Comparator.reverseOrder()).toList())
        Files.delete(file);
    }
  }
}
