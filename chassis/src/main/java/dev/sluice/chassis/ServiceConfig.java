package dev.sluice.chassis;

/// What every service is told at its start.
///
/// @param service     the service's name, for example `planner-service`
/// @param host        the address to listen on; loopback unless told otherwise
/// @param port        the port of its REST; 0: any free one
/// @param pgHost      PostgreSQL
/// @param schema      the schema that the role owns
/// @param pgPoolSize  connections at most
/// @param kafka       `host:port[,host:port]`
/// @param topicPrefix put before each topic's and consumer group's name; empty but in tests
/// @param kafkaSessionTimeoutMs how long the broker waits for a silent consumer before others take over
/// @param epoch       the epoch that the database is at least in: a database of an earlier one was restored from a backup
/// @param asksFailPct a fault switch for tests: how many of 100 asks fail or come late
public record ServiceConfig(String service, String host, int port, String pgHost, int pgPort, String pgDatabase, String pgUser,
    String pgPassword, String schema,
    int pgPoolSize, String kafka, String topicPrefix, int kafkaSessionTimeoutMs, Epoch epoch, int asksFailPct) {
  /// Of a database that was never restored.
  public ServiceConfig(String service, String host, int port, String pgHost, int pgPort, String pgDatabase, String pgUser,
      String pgPassword,
      String schema, int pgPoolSize, String kafka, String topicPrefix, int kafkaSessionTimeoutMs, int asksFailPct) {
    this(service, host, port, pgHost, pgPort, pgDatabase, pgUser, pgPassword, schema, pgPoolSize, kafka, topicPrefix, kafkaSessionTimeoutMs,
        Epoch.FIRST, asksFailPct);
  }

  /// Reads the settings that all services share.
  ///
  /// @param port the service's port where none is set
  public static ServiceConfig read(Settings s, String service, String schema, int port) {
    return new ServiceConfig(service, s.text("SLUICE_HOST", "127.0.0.1", "address to listen on"),
        s.number("SLUICE_PORT", port, 0, 65535, "port of the service's REST; 0: any free one"),
        s.text("SLUICE_PG_HOST", "127.0.0.1", "PostgreSQL's host"), s.number("SLUICE_PG_PORT", 5432, 1, 65535, "PostgreSQL's port"),
        s.text("SLUICE_PG_DATABASE", "sluice", "PostgreSQL's database"), s.text("SLUICE_PG_USER", "sluice_" + schema, "the service's role"),
        s.required("SLUICE_PG_PASSWORD", "the role's password"), s.text("SLUICE_PG_SCHEMA", schema, "the service's schema"),
        s.number("SLUICE_PG_POOL", 10, 2, 500, "PostgreSQL connections at most, and one more to publish facts"),
        s.required("SLUICE_KAFKA", "Kafka's bootstrap servers, host:port[,host:port]"),
        s.text("SLUICE_TOPIC_PREFIX", "", "put before the names of topics and consumer groups"),
        s.number("SLUICE_KAFKA_SESSION_TIMEOUT_MS", 10_000, 1_000, 300_000,
            "milliseconds until a silent consumer's partitions go to another"),
        Epoch.restored(s.past("SLUICE_RESTORED_AT", "when PostgreSQL was last restored from a backup; the same for all services")),
        s.number("SLUICE_ASKS_FAIL_PCT", 0, 0, 100, "fault switch for tests: how many of 100 asks fail or come late"));
  }
}
