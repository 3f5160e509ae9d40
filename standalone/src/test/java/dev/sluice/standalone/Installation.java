package dev.sluice.standalone;

import dev.sluice.chassis.CrashPoint;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Databases;
import dev.sluice.sandbox.Postgres;
import dev.sluice.sandbox.Proxy;
import dev.sluice.sandbox.Sockets;
import dev.sluice.sandbox.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Sluice as it is run in earnest: several processes of each service, a PostgreSQL and a Kafka of their own, and a balancer in front of the gateways. Whoever dies is
/// started again. Every way from one to the other leads through a proxy that can be held.
final class Installation implements AutoCloseable {
  static final String HOST = "127.0.0.1";
  /// How many processes of each service.
  static final Map<String, Integer> TWO_OF_EACH = Map.of("planner", 2, "approval", 2, "rollout", 2, "health", 2, "gateway", 2);
  /// What PostgreSQL's disk holds, where it has one of its own.
  private static final String DISK = "400m";
  private final Path folder;
  /// They outlive the test.
  private final Path logs = Path.of("target", "installation").toAbsolutePath();
  private final Map<String, Integer> replicas;
  private final boolean ownDisk;
  private final int postgresPort = Ports.block(10);
  private final int kafkaPorts = Ports.block(10);
  private final Map<String, Way> ways = new LinkedHashMap<>();
  private final Map<String, Guarded> processes = new LinkedHashMap<>();
  private final Map<String, Integer> ports = new LinkedHashMap<>();
  private final List<Cut> cuts = new CopyOnWriteArrayList<>();
  private final Guarded kafka;
  private final Proxy balancer;
  private final Set<Integer> alive = java.util.concurrent.ConcurrentHashMap.newKeySet();
  private volatile boolean closed;
  private boolean postgresWanted = true;
  private Postgres postgres;

  /// A client's way to a target, of which nothing comes through.
  private final class Cut {
    private final String client;
    private final String target;
    private Set<Integer> known = Set.of();
    private long seenNanos = System.nanoTime() - TimeUnit.SECONDS.toNanos(1);

    Cut(String client, String target) {
      this.client = client;
      this.target = target;
    }

    synchronized boolean is(String asked, int port) {
      if (!target.equals(asked)) return false;
      if (System.nanoTime() - seenNanos > TimeUnit.MILLISECONDS.toNanos(50)) {
        known = Sockets.portsOf(processes.get(client).pid());
        seenNanos = System.nanoTime();
      }
      return known.contains(port);
    }
  }

  /// The proxies in front of one.
  private record Way(List<Proxy> proxies) {
    Proxy first() { return proxies.getFirst(); }
  }

  /// Starts all. Blocks until all are ready.
  ///
  /// @param replicas processes of each service
  /// @param dying    a service of which one dies in the first migration; null: none
  Installation(Path folder, Map<String, Integer> replicas, String dying) { this(folder, replicas, dying, Map.of(), List.of()); }

  /// @param also more settings of each process
  /// @param from options of the services' JVMs with the class path of another release, which may not know of the ways between processes; empty: this one
  Installation(Path folder, Map<String, Integer> replicas, String dying, Map<String, String> also, List<String> from) {
    this.folder = folder;
    this.replicas = replicas;
    this.ownDisk = mount();
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "close-installation"));
    this.balancer = Proxy.to(HOST, new Turn());
    way("postgresql", postgresPort);
    way("kafka", kafkaPorts + 1);
    try {
      clear(logs);
      Files.createDirectories(folder.resolve("kafka"));
      this.kafka = new Guarded("kafka", logs, Map.of(), Broker.class, folder.resolve("kafka").toString(),
          Integer.toString(kafkaPorts), Integer.toString(kafkaPorts + 1), Integer.toString(ways.get("kafka").first().port()));
      kafka.start();
      postgres = Postgres.start(folder.resolve("disk"), postgresPort);
      var database = Databases.of(postgres).ensure();
      Thread.ofPlatform().daemon().name("guard-postgresql").start(this::guardPostgres);
      await("Kafka's topics", () -> Files.exists(folder.resolve("kafka").resolve("topics")));
      prepare(database, also, from);
      var mortal = dying == null ? List.<Guarded>of() : processesOf(dying);
      mortal.forEach(one -> one.diesAt(CrashPoint.DURING_MIGRATION));
      processes.values().forEach(Guarded::start);
      if (dying != null)
        await(dying + " to die in its migration",
            () -> mortal.stream().anyMatch(one -> one.exits().contains(CrashPoint.EXIT_CODE)));
      mortal.forEach(one -> one.diesAt(null));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().name("balancer").start(this::watchGateways);
    awaitReady();
  }

  private static void clear(Path logs) throws IOException {
    Files.createDirectories(logs);
    try (var old = Files.list(logs)) {
      for (var one : old.toList())
        Files.delete(one);
    }
  }

  private void way(String name, int... targets) {
    var proxies = IntStream.of(targets).mapToObj(port -> {
      var proxy = Proxy.to(HOST, port);
      proxy.hold(client -> !cuts.isEmpty() && cuts.stream().anyMatch(cut -> cut.is(name, client)));
      return proxy;
    }).toList();
    ways.put(name, new Way(proxies));
  }

  private void prepare(Database database, Map<String, String> also, List<String> from) {
    boolean direct = !from.isEmpty();
    replicas.forEach((service, count) -> {
      int block = Ports.block(10);
      for (int i = 0; i < count; i++) {
        ports.put(service + "-" + (i + 1), block + 3 * i);
        way(service + "-" + (i + 1), block + 3 * i, block + 3 * i + 1, block + 3 * i + 2);
      }
    });
    var members = ports.keySet().stream()
        .map(name -> HOST + ":" + (direct ? ports.get(name) + 1 : ways.get(name).proxies().get(1).port())).collect(Collectors.joining(","));
    ports.forEach((name, port) -> {
      var service = name.substring(0, name.indexOf('-'));
      var login = database.login(service).at(HOST, ways.get("postgresql").first().port());
      var environment = new HashMap<>(also);
      environment.putAll(Map.of("SLUICE_PG_HOST", login.host(), "SLUICE_PG_PORT", Integer.toString(login.port()),
          "SLUICE_PG_DATABASE", login.database(), "SLUICE_PG_USER", login.user(), "SLUICE_PG_PASSWORD", login.password(), "SLUICE_PG_POOL",
          "5", "SLUICE_KAFKA", ways.get("kafka").first().address(), "SLUICE_HEARTBEAT_INTERVAL_SEC", "3",
          "SLUICE_KAFKA_SESSION_TIMEOUT_MS", "6000", "SLUICE_RECONCILER_TICK_SEC", "5"));
      environment.putAll(Map.of("SLUICE_ARTIFACTS_DIR", folder.resolve("artifacts").toString(), "SLUICE_CLUSTER_MEMBERS", members,
          "SLUICE_PORT", Integer.toString(port), "SLUICE_CLUSTER_PORT", Integer.toString(port + 1), "SLUICE_BUS_PORT",
          Integer.toString(port + 2)));
      if (!direct) {
        environment.put("SLUICE_CLUSTER_PUBLIC_PORT", Integer.toString(ways.get(name).proxies().get(1).port()));
        environment.put("SLUICE_BUS_PUBLIC_PORT", Integer.toString(ways.get(name).proxies().get(2).port()));
      }
      for (var other : List.of("planner", "approval", "rollout", "health"))
        environment.put("SLUICE_" + other.toUpperCase(java.util.Locale.ROOT) + "_URL", IntStream.rangeClosed(1, replicas.get(other))
            .mapToObj(i -> "http://" + ways.get(other + "-" + i).first().address()).collect(Collectors.joining(",")));
      processes.put(name, new Guarded(name, logs, environment, dev.sluice.cli.Sluice.class, "run",
          service.equals("gateway") ? "event-gateway" : service + "-service").from(from));
    });
  }

  /// Through the balancer.
  URI origin() { return URI.create("http://" + balancer.address()); }

  /// In the order of the alphabet, so that a seed draws the same ones again.
  List<String> names() { return processes.keySet().stream().sorted().toList(); }

  Guarded process(String name) { return processes.get(name); }

  List<Guarded> processesOf(String service) {
    return processes.values().stream().filter(one -> one.name().startsWith(service + "-")).toList();
  }

  Guarded kafka() { return kafka; }

  /// Slows every way to Kafka down.
  void delayKafka(Duration delay) { ways.get("kafka").first().delay(delay); }

  /// Cuts two off from each other; `postgresql` and `kafka` have no ways of their own to the processes.
  void cut(String one, String other) {
    cuts.add(new Cut(one, other));
    if (processes.containsKey(other)) cuts.add(new Cut(other, one));
  }

  void healCuts() { cuts.clear(); }

  // --- PostgreSQL, which is started again too

  private void guardPostgres() {
    while (!closed) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
      synchronized (this) {
        if (!closed && postgresWanted && !runs()) startPostgres();
      }
    }
  }

  private boolean runs() {
    try (var socket = new java.net.Socket(HOST, postgresPort)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void startPostgres() {
    try {
      postgres.close();
      postgres = Postgres.start(folder.resolve("disk"), postgresPort);
    } catch (RuntimeException e) {
      // no room on its disk, or somebody's last words: again
    }
  }

  synchronized void killPostgres() {
    try {
      postgres.kill();
    } catch (RuntimeException e) {
      // dead already
    }
  }

  synchronized void stopPostgres() {
    postgresWanted = false;
    postgres.close();
  }

  synchronized void startPostgresAgain() { postgresWanted = true; }

  // --- its disk

  private boolean mount() {
    try {
      Files.createDirectories(folder.resolve("disk"));
      return new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=" + DISK, "sluice-test", folder.resolve("disk").toString())
          .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Whether PostgreSQL has a small disk of its own, which takes the right to mount one.
  boolean hasOwnDisk() { return ownDisk; }

  /// Fills PostgreSQL's disk to the last byte.
  void fillDisk() {
    try (var out = Files.newOutputStream(folder.resolve("disk").resolve("ballast"))) {
      var block = new byte[1 << 16];
      while (true)
        out.write(block);
    } catch (IOException e) {
      // full
    }
  }

  void freeDisk() {
    try {
      Files.deleteIfExists(folder.resolve("disk").resolve("ballast"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // --- the balancer

  private final class Turn implements java.util.function.IntSupplier {
    private final AtomicInteger turn = new AtomicInteger();

    @Override
    public int getAsInt() {
      var all = processesOf("gateway").stream().map(one -> ports.get(one.name())).toList();
      var some = all.stream().filter(alive::contains).toList();
      var choice = some.isEmpty() ? all : some;
      return choice.get(Math.floorMod(turn.getAndIncrement(), choice.size()));
    }
  }

  /// Who does not answer within a second gets no connections, and loses those that he has.
  private void watchGateways() {
    var http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    while (!closed) {
      for (var gateway : processesOf("gateway")) {
        int port = ports.get(gateway.name());
        if (answers(http, port, "/healthz")) alive.add(port);
        else if (alive.remove(port)) {
          balancer.cut();
          balancer.restore();
        }
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
    }
  }

  private static boolean answers(HttpClient http, int port, String path) {
    try {
      return http.send(HttpRequest.newBuilder(URI.create("http://" + HOST + ":" + port + path)).timeout(Duration.ofSeconds(3)).build(),
          HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Waits until each process says that it is ready, by itself.
  void awaitReady() {
    try (var http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build()) {
      ports.forEach((name, port) -> await(name + " to be ready, see " + processes.get(name).log(), () -> answers(http, port, "/readyz")));
    }
  }

  private static void await(String what, java.util.function.BooleanSupplier there) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
    while (!there.getAsBoolean()) {
      if (System.nanoTime() > end) throw new AssertionError("waited 180 s for " + what);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  @Override
  public void close() {
    if (closed) return;
    closed = true;
    var all = new ArrayList<>(processes.values());
    all.parallelStream().forEach(Guarded::close);
    if (kafka != null) kafka.close();
    synchronized (this) {
      if (postgres != null) postgres.close();
    }
    balancer.close();
    ways.values().forEach(way -> way.proxies().forEach(Proxy::close));
    if (ownDisk) unmount();
  }

  private void unmount() {
    try {
      new ProcessBuilder("umount", folder.resolve("disk").toString()).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
