package dev.sluice.chassis;

import dev.sluice.contract.Ask;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What one service stands on: its schema, its journal with the relay, its inboxes, asks, REST and checks. Closes all in the opposite order of their opening.
public final class Chassis implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Chassis.class);
  private static final Duration CHECK = Duration.ofSeconds(2);
  private static final int ADMIN_LIMIT_MS = 20_000;
  private static final Duration MEASURED = Duration.ofSeconds(5);
  /// The first measurement opens a connection, and is the worst.
  private static final int FIRST_LOOKS = 4;
  private final Node node;
  private final ServiceConfig config;
  private final Db db;
  private final ServerClock clock;
  private final Epoch epoch;
  private final Relay relay;
  private final Journal journal;
  private final Asks asks;
  private final Health health;
  private final Admin admin;
  private final Set<String> read = ConcurrentHashMap.newKeySet();
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private Chassis(Node node, ServiceConfig config) {
    this.node = node;
    this.config = config;
    this.db = Db.open(node.vertx(), config);
    this.clock = new ServerClock(node.clock());
    this.admin = Admin.create(
        Map.of("bootstrap.servers", config.kafka(), "request.timeout.ms", ADMIN_LIMIT_MS, "default.api.timeout.ms", ADMIN_LIMIT_MS));
    this.epoch = enter(config.epoch());
    this.relay = new Relay(node.vertx(), db, admin, config, node.metrics(), clock, Chassis::stop);
    var nudges = "relay." + config.topicPrefix() + config.service();
    this.journal = new Journal(db, () -> node.vertx().eventBus().publish(nudges, ""), Chassis::stop);
    var consumer = node.vertx().eventBus().consumer(nudges, _ -> relay.nudge());
    this.asks = new Asks(node.vertx(), node.threads(), config.asksFailPct());
    this.health = new Health(this).check("postgresql", () -> db.query("select 1").rowCount() == 1)
        .check("kafka", this::hasTopics);
    open.push(() -> admin.close(CHECK));
    open.push(db);
    loop("clock", MEASURED, () -> {
      clock.measure(db);
      return false;
    });
    open.push(relay);
    open.push(asks);
    open.push(() -> Await.on(consumer.unregister(), CHECK, "the event bus"));
  }

  /// Brings the schema up to date and opens everything but the port.
  public static Chassis open(Node node, ServiceConfig config) {
    Db.migrate(config);
    return new Chassis(node, config);
  }

  private boolean hasTopics() {
    var there = Await.on(admin.listTopics(new ListTopicsOptions().timeoutMs((int) CHECK.toMillis())).names(), CHECK, "Kafka");
    var missing = read.stream().filter(topic -> !there.contains(topic)).sorted().toList();
    if (!missing.isEmpty())
      throw new IllegalStateException(
          "it answers, and has no " + String.join(", ", missing) + "; deploy/README.md says how topics are made");
    return !there.isEmpty();
  }

  private Epoch enter(Epoch wanted) {
    try {
      for (int i = 0; i < FIRST_LOOKS; i++)
        clock.measure(db);
      var entered = Epoch.enter(db, wanted);
      new Ahead(db, config, entered, admin).check();
      return entered;
    } catch (RuntimeException e) {
      admin.close(CHECK);
      db.close();
      throw e;
    }
  }

  /// The epoch of the database; it lasts as long as this.
  public Epoch epoch() { return epoch; }

  /// The service's schema.
  public Db db() { return db; }

  public Journal journal() { return journal; }

  public Asks asks() { return asks; }

  public Health health() { return health; }

  public Node node() { return node; }

  public Vertx vertx() { return node.vertx(); }

  /// The database's time.
  public ServerClock clock() { return clock; }

  public Ids ids() { return node.ids(); }

  public ExecutorService threads() { return node.threads(); }

  public ServiceConfig config() { return config; }

  /// Opens the REST of an OpenAPI document on the class path; add the handlers, then listen.
  ///
  /// @param peers the services that this one asks
  public Http http(String openapi, Ask.Service... peers) {
    for (var peer : peers)
      health.peer(peer);
    return closing(new Http(this, OpenApi.load(openapi)));
  }

  /// Reads a topic from now on.
  ///
  /// @param topic a name of [dev.sluice.contract.Topics]
  /// @param kinds what it carries
  public Inbox inbox(String topic, Kinds kinds, Inbox.Handler handler) {
    read.add(config.topicPrefix() + topic);
    return closing(new Inbox(node, config, epoch, topic, kinds, handler));
  }

  /// Does work again and again; see [Loop].
  public Loop loop(String name, Duration every, Loop.Work work) { return closing(new Loop(config.service() + "-" + name, every, work)); }

  /// Closes a thing when the service closes, before what was opened earlier.
  public <T extends AutoCloseable> T closing(T thing) {
    open.push(thing);
    return thing;
  }

  /// Whether everything that this service stands on works.
  public boolean ready() { return health.away().isEmpty(); }

  static void stop(Journal.Corrupt corrupt) {
    log.atError().log("{}; the process stops, since nothing can be built on it. Restore a backup, or repair that row.",
        corrupt.getMessage());
    Runtime.getRuntime().halt(70);
  }

  @Override
  public void close() {
    // each waits for what it has asked the broker: all at once, not one after the other
    open.forEach(thing -> {
      if (thing instanceof Inbox inbox) inbox.stop();
    });
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        log.atWarn().addKeyValue("service", config.service()).log("Did not close cleanly: {}", e.getMessage());
      }
    }
  }
}
