package dev.sluice.sandbox;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.internals.Exit;
import org.apache.kafka.metadata.storage.Formatter;

/// A Kafka broker and controller (KRaft) of our own in this process, on 127.0.0.1, with data and cluster id that last in one folder.
/// A later start on the folder may take other ports. Topics are only made by [Topics]. Its log lines go through SLF4J; the caller sets the levels
/// of `kafka`, `org.apache.kafka` and `state.change.logger`.
///
/// Records live in the page cache before the disk, as Kafka does it: the death of the process loses none.
public final class Kafka implements AutoCloseable {
  private static volatile boolean gaveUp;
  /// Bound while a broker is started by this thread, which may try again.
  private static final ScopedValue<Boolean> STARTING = ScopedValue.newInstance();
  private final Claim claim;
  private final KafkaRaftServer server;
  private final int port;
  private final Optional<Proxy> proxy;
  private boolean closed;

  private Kafka(Claim claim, KafkaRaftServer server, int port, Optional<Proxy> proxy) {
    this.claim = claim;
    this.server = server;
    this.port = port;
    this.proxy = proxy;
  }

  /// Starts the broker over the data in `folder`, which is created where it is missing. Blocks until it takes requests, 1 to 3 s.
  ///
  /// @param folder without a comma in its path
  /// @param port   0 for any free one
  /// @throws IllegalStateException when the folder is in use, the port is taken or the broker does not start; the message says what to do
  public static Kafka start(Path folder, int port) { return start(folder, port, Optional::empty, Optional.empty(), Ports::free); }

  /// @param controllers gives a port for its controller at each try
  static Kafka start(Path folder, IntSupplier controllers) { return start(folder, 0, Optional::empty, Optional.empty(), controllers); }

  /// Starts the broker with a second way in on the port `door`; clients that come that way are told to come back to the port `told`, where the caller has a
  /// [Proxy] that outlives the broker.
  public static Kafka startBehind(Path folder, int port, int door, int told) {
    return start(folder, port, () -> Optional.of(new Door(door, told)), Optional.empty(), Ports::free);
  }

  /// @param port where the broker listens
  /// @param told where its clients are told to come
  private record Door(int port, int told) {}

  /// Starts the broker with a second way in, which leads through [#proxy()], so that a test can take Kafka away from one client and keep it itself.
  /// Clients that come through the proxy are also told to come back through it.
  public static Kafka startWithProxy(Path folder, int port) {
    var door = new AtomicInteger();
    var proxy = Proxy.to(Ports.HOST, door::get);
    return start(folder, port, () -> {
      door.set(Ports.free());
      return Optional.of(new Door(door.get(), proxy.port()));
    }, Optional.of(proxy), Ports::free);
  }

  /// @param door        asked at each try
  /// @param controllers asked at each try
  private static Kafka start(Path folder, int wanted, Supplier<Optional<Door>> door, Optional<Proxy> proxy, IntSupplier controllers) {
    Exit.setHaltProcedure(Kafka::givesUp);
    Exit.setExitProcedure(Kafka::givesUp);
    var claim = Claim.of(folder);
    try {
      var data = formatted(claim.folder());
      return Ports.start(wanted, port -> {
        int controller = controllers.getAsInt();
        var server = new KafkaRaftServer(new KafkaConfig(settings(data, port, controller, door.get()), false), Time.SYSTEM);
        try {
          ScopedValue.where(STARTING, true).run(server::startup);
          return new Kafka(claim, server, port, proxy);
        } catch (RuntimeException e) {
          server.shutdown();
          var said = "Kafka in %s could not be started: %s".formatted(claim.folder(), e.getMessage());
          throw faster(e, port, controller) ? new Ports.Taken(said, e) : new IllegalStateException(said, e);
        }
      });
    } catch (RuntimeException e) {
      proxy.ifPresent(Proxy::close);
      claim.close();
      throw e;
    }
  }

  /// Whether somebody else was faster on a port. The controller's exit names no cause; what took the port still has it, most likely.
  private static boolean faster(Throwable failure, int... ports) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).anyMatch(BindException.class::isInstance)
        || IntStream.of(ports).anyMatch(Ports::taken);
  }

  /// The broker ends the process where it can go on no more: where its disk is full, say. What runs beside it is to end in its order, and somebody is to know.
  private static void givesUp(int code, String message) {
    if (STARTING.isBound()) {
      throw new IllegalStateException("it gave up while it started" + (message == null ? "" : ": " + message)
          + "; a full or broken disk does that, or a damaged file, and its log says what it was");
    }
    gaveUp = true;
    // not where the log goes, which may be on the disk that is full
    new PrintStream(new FileOutputStream(FileDescriptor.err), true)
        .println("Kafka cannot go on and ends this process; a full or broken disk does that"
            + (message == null ? "." : ": " + message));
    Thread.ofPlatform().daemon().start(() -> System.exit(Math.max(1, code)));
    throw new IllegalStateException("Kafka cannot go on");
  }

  /// `127.0.0.1:port`.
  public String bootstrap() { return Ports.HOST + ":" + port; }

  /// The port of this start.
  public int port() { return port; }

  /// The second way in.
  ///
  /// @throws IllegalStateException when it was started without one
  public Proxy proxy() { return proxy.orElseThrow(() -> new IllegalStateException("start Kafka with startWithProxy")); }

  boolean hasProxy() { return proxy.isPresent(); }

  /// Makes the topics that are missing and leaves the others as they are. Blocks until clients can use them.
  public void ensureTopics(Map<String, TopicSpec> topics) { Topics.ensure(bootstrap(), topics); }

  /// Stops the broker. Blocks, about 1 s. Again is nothing.
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    proxy.ifPresent(Proxy::close);
    if (!gaveUp) { // else it would wait for itself, minutes
      server.shutdown();
      server.awaitShutdown();
    }
    claim.close();
  }

  /// Stops the broker and deletes its folder.
  void closeAndForget() {
    close();
    try {
      Folders.delete(claim.folder());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path formatted(Path folder) {
    var data = folder.resolve("data");
    if (data.toString().contains(",")) {
      throw new IllegalStateException("Kafka takes no comma in the path of its folder: choose another than " + folder);
    }
    if (!Files.isDirectory(data)) {
      var partial = folder.resolve("data.new");
      try {
        Folders.delete(partial);
        new Formatter().setPrintStream(new PrintStream(OutputStream.nullOutputStream())).setNodeId(1)
            .setClusterId(Uuid.randomUuid().toString())
            .addDirectory(partial.toString()).setMetadataLogDirectory(partial.toString()).setControllerListenerName("CONTROLLER").run();
        Folders.syncEach(partial);
        Folders.rename(partial, data);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (Exception e) {
        throw new IllegalStateException("%s could not be formatted for Kafka: %s".formatted(folder, e.getMessage()), e);
      }
    }
    return data;
  }

  private static Properties settings(Path data, int port, int controllerPort, Optional<Door> door) {
    var controller = Ports.HOST + ":" + controllerPort;
    var listeners = "CLIENT://%s:%d,CONTROLLER://%s".formatted(Ports.HOST, port, controller);
    var advertised = "CLIENT://%s:%d".formatted(Ports.HOST, port);
    if (door.isPresent()) {
      listeners += ",PROXIED://%s:%d".formatted(Ports.HOST, door.get().port());
      advertised += ",PROXIED://%s:%d".formatted(Ports.HOST, door.get().told());
    }
    var settings = new Properties();
    settings.putAll(Map.ofEntries(Map.entry("process.roles", "broker,controller"), Map.entry("node.id", "1"),
        Map.entry("controller.quorum.voters", "1@" + controller), Map.entry("controller.listener.names", "CONTROLLER"),
        Map.entry("listeners", listeners), Map.entry("advertised.listeners", advertised), Map.entry("inter.broker.listener.name", "CLIENT"),
        Map.entry("listener.security.protocol.map", "CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT"),
        Map.entry("log.dirs", data.toString()), Map.entry("auto.create.topics.enable", "false")));
    settings.putAll(SMALL);
    return settings;
  }

  /// One broker for one machine: no replicas, few threads, small buffers and indexes, groups that form at once.
  /// After a kill the controller keeps the dead broker's place for one session before it lets its successor in: 3 s instead of 9.
  private static final Map<String, String> SMALL = Map.ofEntries(Map.entry("offsets.topic.replication.factor", "1"),
      Map.entry("offsets.topic.num.partitions", "1"), Map.entry("transaction.state.log.replication.factor", "1"),
      Map.entry("transaction.state.log.min.isr", "1"), Map.entry("transaction.state.log.num.partitions", "1"),
      Map.entry("share.coordinator.state.topic.replication.factor", "1"), Map.entry("share.coordinator.state.topic.min.isr", "1"),
      Map.entry("share.coordinator.state.topic.num.partitions", "1"), Map.entry("default.replication.factor", "1"),
      Map.entry("min.insync.replicas", "1"), Map.entry("group.initial.rebalance.delay.ms", "0"),
      Map.entry("log.cleaner.dedupe.buffer.size", "8388608"), Map.entry("log.index.size.max.bytes", "1048576"),
      Map.entry("broker.session.timeout.ms", "3000"), Map.entry("broker.heartbeat.interval.ms", "500"),
      Map.entry("num.network.threads", "2"), Map.entry("num.io.threads", "4"));
}
