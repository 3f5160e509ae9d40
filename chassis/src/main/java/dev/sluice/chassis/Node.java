package dev.sluice.chassis;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.dns.AddressResolverOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// What the services of one process share: Vert.x, the clock, ids, metrics and virtual threads.
public final class Node implements AutoCloseable {
  private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
  private static final int NAMES_KEPT_SEC = 5;
  /// Nodes of one process measure apart: what has one name is one registry to Vert.x.
  private static final AtomicInteger NODES = new AtomicInteger();
  private final Vertx vertx;
  private final PrometheusMeterRegistry metrics;
  private final InstantSource clock;
  private final Ids ids;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private Node(Vertx vertx, PrometheusMeterRegistry metrics, InstantSource clock) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.clock = clock;
    this.ids = new Ids(clock);
    Asks.registerCodec(vertx);
  }

  /// Read once; from then on it runs evenly, whatever becomes of the machine's clock. The system property `sluice.clock.offset`, such as `PT1H`, sets it
  /// wrong, for tests.
  private static InstantSource evenly() {
    var began = InstantSource.system().instant().plus(Duration.parse(System.getProperty("sluice.clock.offset", "PT0S")));
    long nanos = System.nanoTime();
    return () -> began.plusNanos(System.nanoTime() - nanos);
  }

  /// A process by itself: asks stay inside.
  public static Node alone() {
    var registry = registry();
    return new Node(Vertx.builder().with(options()).withMetrics(new MicrometerMetricsFactory(registry)).build(), registry,
        evenly());
  }

  /// Where the other processes of a cluster reach one.
  ///
  /// @param host          its address
  /// @param port          for the cluster's own traffic; 0: the first free from 5701
  /// @param publicPort    the port that leads there, where it is another; else 0
  /// @param busPort       for asks; 0: any free one
  /// @param publicBusPort the port that leads there, where it is another; else 0
  public record Place(String host, int port, int publicPort, int busPort, int publicBusPort) {
    public Place(String host, int port) { this(host, port, 0, 0, 0); }
  }

  /// What the cluster keeps is who answers what: the 271 partitions of a data grid would be moved and compared all day for it.
  public static final int PARTITIONS = 31;

  /// A process of a cluster: asks find whoever answers them.
  ///
  /// @param here    where the others reach this one
  /// @param members `host:port` of all that may be there; unreachable ones are passed over
  public static Node clustered(Place here, List<String> members) { return clustered(here, members, PARTITIONS); }

  /// @param partitions of what the cluster keeps, the same in all its processes: who has another number is let in nowhere
  public static Node clustered(Place here, List<String> members, int partitions) {
    var join = new JoinConfig();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    var addresses = join.getTcpIpConfig().setEnabled(true).setMembers(Members.notSilent(members)).setConnectionTimeoutSeconds(2);
    var registry = registry();
    var options = options();
    var bus = options.getEventBusOptions().setHost(here.host()).setPort(here.busPort());
    // a way that leads nowhere is given up within seconds, as the cluster does, and not within a minute
    bus.setClusterPingInterval(5_000).setClusterPingReplyInterval(5_000).setConnectTimeout(2_000);
    if (here.publicBusPort() > 0) bus.setClusterPublicHost(here.host()).setClusterPublicPort(here.publicBusPort());
    var registrations = new Registrations(grid(here, join, partitions));
    var vertx = Await.on(
        Vertx.builder().with(options).withMetrics(new MicrometerMetricsFactory(registry))
            .withClusterManager(registrations).buildClustered(),
        Duration.ofSeconds(60), "the cluster");
    registrations.repeat();
    addresses.setMembers(members); // whoever was silent is looked for, as all others are
    return new Node(vertx, registry, evenly());
  }

  private static Config grid(Place here, JoinConfig join, int partitions) {
    System.setProperty("hazelcast.wait.seconds.before.join", "0");
    System.setProperty("hazelcast.phone.home.enabled", "false");
    // processes that started at the same time may have begun two clusters: they become one within seconds, not after five minutes
    System.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
    System.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
    // who stands still, or is cut off, is given no more asks after a quarter of a minute, not after a whole one
    System.setProperty("hazelcast.heartbeat.interval.seconds", "2");
    System.setProperty("hazelcast.max.no.heartbeat.seconds", "15");
    System.setProperty("hazelcast.partition.count", Integer.toString(partitions));
    System.setProperty("hazelcast.logging.type", "slf4j");
    System.setProperty("hazelcast.shutdownhook.enabled", "false");
    var config = new Config();
    config.setClusterName("sluice");
    // one protocol only: where clients and people are let in too, who waits for a silent member's greeting turns in circles, a whole core
    config.getAdvancedNetworkConfig().setEnabled(true).setMemberEndpointConfig(port(here)).setJoin(join);
    // what Vert.x's cluster manager expects of its maps
    config.addMultiMapConfig(new com.hazelcast.config.MultiMapConfig("__vertx.subs").setBackupCount(1).setValueCollectionType("SET"));
    config.addMapConfig(new com.hazelcast.config.MapConfig("__vertx.haInfo").setBackupCount(1));
    config.addMapConfig(new com.hazelcast.config.MapConfig("__vertx.nodeInfo").setBackupCount(1));
    return config;
  }

  private static ServerSocketEndpointConfig port(Place here) {
    var port = new ServerSocketEndpointConfig();
    if (here.port() > 0) port.setPort(here.port()).setPortAutoIncrement(false);
    if (here.publicPort() > 0) port.setPublicAddress(here.host() + ":" + here.publicPort());
    port.getInterfaces().setEnabled(true).addInterface(here.host());
    return port;
  }

  private static PrometheusMeterRegistry registry() {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    // a caller may invent methods, and each would be kept for ever
    registry.config().meterFilter(MeterFilter.replaceTagValues("method", method -> METHODS.contains(method) ? method : "other"));
    new JvmMemoryMetrics().bindTo(registry);
    var gc = new JvmGcMetrics();
    gc.bindTo(registry);
    return registry;
  }

  /// Files are read where they are: a folder for copies of them would be left behind by each process that is killed.
  /// And a name is asked for again within seconds: a container that is made anew has another address, and name servers of container engines let old ones be kept for ten
  /// minutes.
  static VertxOptions options() {
    return new VertxOptions().setPreferNativeTransport(true)
        .setAddressResolverOptions(new AddressResolverOptions().setCacheMaxTimeToLive(NAMES_KEPT_SEC))
        .setMetricsOptions(new MicrometerMetricsOptions().setEnabled(true).setRegistryName("node-" + NODES.incrementAndGet()))
        .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false).setFileCachingEnabled(false));
  }

  public Vertx vertx() { return vertx; }

  public PrometheusMeterRegistry metrics() { return metrics; }

  public InstantSource clock() { return clock; }

  public Ids ids() { return ids; }

  /// Virtual threads.
  public ExecutorService threads() { return threads; }

  @Override
  public void close() {
    threads.shutdown();
    Await.on(vertx.close(), Duration.ofSeconds(20), "closing Vert.x");
  }
}
