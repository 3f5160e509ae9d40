package dev.sluice.sandbox;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// A small world: one PostgreSQL and one Kafka.
///
/// [#open(Path)] is for one machine: both are ours, and their data last in a folder.
/// It starts threads that keep the JVM alive: close it, or end with `System.exit`.
///
/// [#shared()] is for tests: one pair for the whole JVM; each test takes a [#freshDatabase()] and a [#freshPrefix()] and so meets no other.
public final class Sandbox implements AutoCloseable {
  private static final AtomicInteger FRESH = new AtomicInteger();
  private static Sandbox shared;

  private final Servers servers;
  private final Databases databases;
  private final Queue<String> fresh = new ConcurrentLinkedQueue<>();
  private Optional<Kafka> proxied = Optional.empty();

  private Sandbox(Servers servers) {
    this.servers = servers;
    this.databases = new Databases(servers.superuser(), servers.passwords());
  }

  /// Starts both servers at the same time over the data in `folder` (`folder/postgres`, `folder/kafka`), on free ports. Blocks until both answer.
  public static Sandbox open(Path folder) { return open(folder, _ -> {}); }

  /// The same.
  ///
  /// @param meanwhile gets the database `sluice` as soon as it is there; Kafka may still be starting, which takes longer
  public static Sandbox open(Path folder, Consumer<Database> meanwhile) {
    return new Sandbox(OwnServers.start(folder, postgres -> meanwhile.accept(Databases.of(postgres).ensure())));
  }

  /// The servers of this JVM's tests, started at the first call:
  /// 1. those named by `SLUICE_TEST_PG_URL` and `SLUICE_TEST_KAFKA`;
  /// 2. else containers, where Testcontainers is on the class path and a Docker engine answers (see [Containers]);
  /// 3. else our own, in a temporary folder. They end with the JVM, also when it is killed.
  public static synchronized Sandbox shared() {
    if (shared == null) {
      shared = new Sandbox(Servers.given(System.getenv()).or(Containers::whereDockerAnswers).orElseGet(OwnServers::startForThisProcess));
      Runtime.getRuntime().addShutdownHook(new Thread(shared::close, "close-shared-sandbox"));
    }
    return shared;
  }

  /// Kafka's address, `host:port`.
  public String bootstrap() { return servers.bootstrap(); }

  /// The way in for PostgreSQL's superuser.
  public Login superuser() { return servers.superuser(); }

  /// The database `sluice`, made where it is missing. Blocks.
  public Database database() { return databases.ensure(); }

  /// A new and empty database with all schemas and roles. Blocks, about 0.3 s.
  public Database freshDatabase() {
    var name = "t" + freshName();
    fresh.add(name);
    return databases.ensure(name);
  }

  /// A beginning for names of topics and consumer groups that nobody else uses, such as `t1234-7.`.
  public String freshPrefix() { return "t%s.".formatted(freshName().replace('_', '-')); }

  /// Makes the topics that are missing. Blocks until clients can use them.
  public void ensureTopics(Map<String, TopicSpec> topics) { Topics.ensure(bootstrap(), topics); }

  /// A Kafka of our own that has a [Kafka#proxy()], to be taken away from a client. It is this sandbox's broker where that has one,
  /// else a second one, started at the first call. Leave its proxy restored and without delay.
  public synchronized Kafka proxiedKafka() {
    if (proxied.isEmpty()) {
      proxied = servers.ours().filter(Kafka::hasProxy).or(() -> Optional.of(Kafka.startWithProxy(Folders.temporary(), 0)));
    }
    return proxied.get();
  }

  /// Stops what was started and drops the fresh databases of a server that lives on.
  @Override
  public synchronized void close() {
    if (servers.ours().isEmpty()) {
      fresh.forEach(databases::drop);
      fresh.clear();
    }
    proxied.filter(kafka -> !servers.ours().equals(Optional.of(kafka))).ifPresent(Kafka::closeAndForget);
    servers.stop().run();
  }

  private static String freshName() { return ProcessHandle.current().pid() + "_" + FRESH.incrementAndGet(); }
}
