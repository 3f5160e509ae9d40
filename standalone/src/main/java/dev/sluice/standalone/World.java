package dev.sluice.standalone;

import dev.sluice.approval.ApprovalConfig;
import dev.sluice.approval.ApprovalService;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.chassis.Settings;
import dev.sluice.cli.CannotStart;
import dev.sluice.cli.DemoWorld;
import dev.sluice.contract.Topics;
import dev.sluice.gateway.GatewayConfig;
import dev.sluice.gateway.GatewayService;
import dev.sluice.health.HealthConfig;
import dev.sluice.health.HealthService;
import dev.sluice.planner.PlannerConfig;
import dev.sluice.planner.PlannerService;
import dev.sluice.rollout.RolloutConfig;
import dev.sluice.rollout.RolloutService;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All of Sluice in this process: PostgreSQL, Kafka, the five services, on loopback, over one folder.
///
/// The folder: `postgres`, `kafka`, `artifacts`, `admin-token` (0600), `lock` (one world at a time). It starts again on what a kill left.
public final class World implements DemoWorld {
  private static final Logger log = LoggerFactory.getLogger(World.class);
  private static final Duration READY = Duration.ofMinutes(3);
  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Path data;
  private final int port;
  private final String token;
  private final Node node;
  private final CountDownLatch begun = new CountDownLatch(1);
  private boolean closed;

  private World(Path data, int port, Map<String, String> settings, Consumer<String> step) throws InterruptedException {
    this.data = data.toAbsolutePath().normalize();
    this.port = port;
    Runtime.getRuntime().addShutdownHook(new Thread(this::endWithTheProcess, "end-world"));
    try {
      this.token = prepare();
      var nodeStarting = CompletableFuture.supplyAsync(Node::alone);
      var sandbox = opened(servers());
      this.node = opened(nodeStarting.join());
      var database = sandbox.database();
      sandbox.ensureTopics(topics(""));
      step.accept("PostgreSQL and Kafka are ready");
      startServices(database, sandbox.bootstrap(), settings);
      awaitReady(step);
    } catch (RuntimeException | Error | InterruptedException e) {
      close();
      throw e;
    } finally {
      begun.countDown();
    }
  }

  /// Starts it. Blocks until all services are ready. It ends with the process, also where that is told to end while this still starts.
  ///
  /// @param settings of the services, over the defaults of one machine
  /// @param step     told after each step, for people
  public static World start(Path data, int port, Map<String, String> settings, Consumer<String> step) throws InterruptedException {
    return new World(data, port, settings, step);
  }

  /// All topics with their companions for the unreadable.
  static Map<String, TopicSpec> topics(String prefix) {
    var topics = new LinkedHashMap<String, TopicSpec>();
    for (var topic : Topics.ALL) {
      topics.put(prefix + topic, TopicSpec.of(topic));
      topics.put(prefix + topic + ".dead", TopicSpec.of(topic + ".dead"));
    }
    return topics;
  }

  private String prepare() {
    try {
      Files.createDirectories(data);
      var lock = opened(FileChannel.open(data.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
      FileLock held = lock.tryLock();
      if (held == null) throw new CannotStart("another Sluice runs on " + data + "; stop it, or choose another folder by --data");
      var file = data.resolve("admin-token");
      var kept = Files.exists(file) ? Files.readString(file).strip() : "";
      if (!kept.isEmpty()) return kept;
      Files.deleteIfExists(file); // empty: a kill came between its two steps
      var made = new dev.sluice.chassis.Ids(java.time.InstantSource.system()).secret();
      Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, made + "\n");
      return made;
    } catch (IOException e) {
      throw new CannotStart("cannot use " + data + " (" + e + "); choose another folder by --data", e);
    }
  }

  private Sandbox servers() {
    try {
      return Sandbox.open(data, World::migrate);
    } catch (IllegalStateException | UncheckedIOException e) {
      throw new CannotStart(e.getMessage(), e);
    }
  }

  /// All schemas at once, ahead of the services, which find nothing to do then: Kafka takes its time to start.
  private static void migrate(Database database) {
    database.logins().entrySet().parallelStream().forEach(one -> {
      var login = one.getValue();
      var service = one.getKey().equals("gateway") ? "event-gateway" : one.getKey() + "-service";
      try {
        Db.migrate(new ServiceConfig(service, "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(), login.password(),
            login.schema(), 1, "", "", 1_000, 0));
      } catch (RuntimeException e) {
        throw doesNotStart(e);
      }
    });
  }

  private static CannotStart doesNotStart(Throwable cause) {
    log.atError().setCause(cause).log("A service does not start");
    return new CannotStart("a service does not start: " + cause.getMessage() + "; the log says more", cause);
  }

  private void startServices(Database database, String kafka, Map<String, String> given) {
    var starting = new ArrayList<CompletableFuture<AutoCloseable>>();
    starting.add(starting("planner", 1, PlannerConfig::read, PlannerService::start, database, kafka, given));
    starting.add(starting("approval", 2, ApprovalConfig::read, ApprovalService::start, database, kafka, given));
    starting.add(starting("rollout", 3, RolloutConfig::read, RolloutService::start, database, kafka, given));
    starting.add(starting("health", 4, HealthConfig::read, HealthService::start, database, kafka, given));
    starting.add(starting("gateway", 0, GatewayConfig::read, GatewayService::start, database, kafka, given));
    RuntimeException failure = null;
    var services = opened(new Services(node.threads()));
    for (var one : starting) {
      try {
        running(services, one.join());
      } catch (CompletionException e) {
        failure = doesNotStart(e.getCause());
      }
    }
    if (failure != null) throw failure;
  }

  private <C> CompletableFuture<AutoCloseable> starting(String schema, int offset, java.util.function.Function<Settings, C> config,
      BiFunction<Node, C, ? extends AutoCloseable> start, Database database, String kafka, Map<String, String> given) {
    var login = database.login(schema);
    var values = new HashMap<String, String>();
    values.put("SLUICE_HOST", "127.0.0.1");
    values.put("SLUICE_PORT", Integer.toString(port + offset));
    values.put("SLUICE_PG_HOST", login.host());
    values.put("SLUICE_PG_PORT", Integer.toString(login.port()));
    values.put("SLUICE_PG_DATABASE", login.database());
    values.put("SLUICE_PG_USER", login.user());
    values.put("SLUICE_PG_PASSWORD", login.password());
    values.put("SLUICE_KAFKA", kafka);
    values.put("SLUICE_PLANNER_URL", "http://127.0.0.1:" + (port + 1));
    values.put("SLUICE_APPROVAL_URL", "http://127.0.0.1:" + (port + 2));
    values.put("SLUICE_ROLLOUT_URL", "http://127.0.0.1:" + (port + 3));
    values.put("SLUICE_HEALTH_URL", "http://127.0.0.1:" + (port + 4));
    values.put("SLUICE_ARTIFACTS_DIR", data.resolve("artifacts").toString());
    values.putAll(given);
    return CompletableFuture.supplyAsync(() -> {
      var settings = new Settings(values);
      var read = config.apply(settings);
      settings.check();
      return start.apply(node, read);
    }, node.threads());
  }

  private void awaitReady(Consumer<String> step) throws InterruptedException {
    long end = System.nanoTime() + READY.toNanos();
    var client = java.net.http.HttpClient.newHttpClient();
    var request = java.net.http.HttpRequest.newBuilder(gateway().resolve("/readyz")).timeout(Duration.ofSeconds(10)).build();
    var last = "nothing";
    while (System.nanoTime() < end) {
      goesOn();
      try {
        var answer = client.send(request, java.net.http.HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          step.accept("planner, approval, rollout, health and gateway are ready");
          return;
        }
        last = answer.body();
      } catch (IOException e) {
        last = String.valueOf(e.getMessage());
      }
      Thread.sleep(50);
    }
    throw new CannotStart("the services are not ready after " + READY.toSeconds() + " s: " + last);
  }

  private synchronized <T extends AutoCloseable> T opened(T thing) {
    open.push(thing);
    if (closed) closeAll();
    goesOn();
    return thing;
  }

  private synchronized void goesOn() {
    if (closed) throw new CannotStart("it was told to end while it started");
  }

  private synchronized void running(Services services, AutoCloseable service) {
    services.add(service);
    goesOn();
  }

  /// The services, which end side by side: each waits for its own last words.
  private static final class Services implements AutoCloseable {
    private final Executor threads;
    private final List<AutoCloseable> running = new ArrayList<>();
    private boolean closed;

    Services(Executor threads) {
      this.threads = threads;
    }

    /// One that comes too late is closed at once.
    synchronized void add(AutoCloseable service) {
      if (closed) end(service);
      else
        running.add(service);
    }

    @Override
    public synchronized void close() {
      closed = true;
      running.stream().map(service -> CompletableFuture.runAsync(() -> end(service), threads)).toList().forEach(CompletableFuture::join);
    }
  }

  private static void end(AutoCloseable thing) {
    try {
      thing.close();
    } catch (Exception e) {
      log.atWarn().setCause(e).log("Did not close cleanly");
    }
  }

  @Override
  public URI gateway() { return URI.create("http://127.0.0.1:" + port); }

  @Override
  public String token() { return token; }

  @Override
  public void startFleet(int instances, String templateId, String moduleId) {
    try {
      opened(RealFleet.start(gateway(), token, data.resolve("agents"), instances, templateId, List.of(moduleId),
          Faults.NONE));
    } catch (IOException e) {
      throw new UncheckedIOException("the agents do not start", e);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    closeAll();
  }

  private void closeAll() {
    while (!open.isEmpty())
      end(open.pop());
  }

  /// The JVM halts when its hooks have run: this one waits for a start that is under way, which meets the closed world and closes what it has.
  private void endWithTheProcess() {
    close();
    try {
      if (!begun.await(READY.toSeconds(), TimeUnit.SECONDS)) log.atWarn().log("Still starting when the process ends");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
