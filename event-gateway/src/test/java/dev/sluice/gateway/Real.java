package dev.sluice.gateway;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Node;
import dev.sluice.chassis.ServiceConfig;
import dev.sluice.contract.Topics;
import dev.sluice.sandbox.Database;
import dev.sluice.sandbox.Login;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.net.URI;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A database and topics of a test's own on the real servers.
record Real(Database database, String prefix) {
  private static final Sandbox SANDBOX = Sandbox.shared();
  private static final URI NOBODY = URI.create("http://127.0.0.1:9");

  static Real fresh() {
    var prefix = SANDBOX.freshPrefix();
    var topics = new HashMap<String, TopicSpec>();
    for (var topic : Topics.ALL) {
      topics.put(prefix + topic, new TopicSpec(4));
      topics.put(prefix + topic + ".dead", new TopicSpec(1));
    }
    SANDBOX.ensureTopics(topics);
    return new Real(SANDBOX.freshDatabase(), prefix);
  }

  private ServiceConfig service(String service, Login login, String schema, int pool) {
    return new ServiceConfig(service, "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(), login.password(), schema,
        pool,
        SANDBOX.bootstrap(), prefix, 6_000, 0);
  }

  ServiceConfig gatewayService() { return service("event-gateway", database.login("gateway"), "gateway", 6); }

  /// A gateway whose peers are all at one address, with a small feed.
  GatewayConfig gateway(List<URI> peers) { return new GatewayConfig(gatewayService(), peers, peers, peers, peers, 1_024, 1, 1, 1); }

  GatewayConfig gateway() { return gateway(List.of(NOBODY)); }

  /// The same for a process of its own.
  Map<String, String> environment() {
    var login = database.login("gateway");
    return Map.of("SLUICE_PORT", "0", "SLUICE_PG_HOST", login.host(), "SLUICE_PG_PORT", Integer.toString(login.port()),
        "SLUICE_PG_DATABASE",
        login.database(), "SLUICE_PG_USER", login.user(), "SLUICE_PG_PASSWORD", login.password(), "SLUICE_KAFKA", SANDBOX.bootstrap(),
        "SLUICE_TOPIC_PREFIX", prefix, "SLUICE_KAFKA_SESSION_TIMEOUT_MS", "6000", "SLUICE_FEED_HELD", "1024");
  }

  /// A service that only writes a journal, in a schema of its own.
  Chassis writer(Node node, int number) {
    var schema = "writer_" + number;
    var login = database.login("rollout");
    var superuser = SANDBOX.superuser();
    try (
        var connection = DriverManager.getConnection(
            new Login(superuser.host(), superuser.port(), database.name(), superuser.user(), superuser.password(), "public").jdbcUrl(),
            superuser.user(), superuser.password());
        var statement = connection.createStatement()) {
      statement.execute("create schema " + schema + " authorization " + login.user());
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return Chassis.open(node, service("writer-" + number, login, schema, 3));
  }
}
