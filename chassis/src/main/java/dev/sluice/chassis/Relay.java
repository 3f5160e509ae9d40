package dev.sluice.chassis;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.kafka.client.producer.KafkaProducer;
import io.vertx.kafka.client.producer.KafkaProducerRecord;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.concurrent.atomic.AtomicLong;

/// The journal's way to Kafka: rows that are not yet published, in order of each stream, at least once.
///
/// One replica relays at a time: it holds a session lock in PostgreSQL. Its steps: read up to 500 unpublished rows (about 8 MB at most) in order of position, send
/// them, wait for all acknowledgements, mark them. Death anywhere sends some rows again; readers drop what they have seen. It never asks for "position > last": positions are
/// handed out before the commit, so a late commit would be passed over.
final class Relay implements AutoCloseable {
  private static final Duration SEND_LIMIT = Duration.ofSeconds(30);
  private final Db db;
  private final KafkaProducer<String, String> producer;
  private final String source;
  private final String prefix;
  private final Loop loop;
  private final AtomicLong lag = new AtomicLong();
  private SqlConnection lock;

  Relay(Vertx vertx, Db db, ServiceConfig config, MeterRegistry metrics) {
    this.db = db;
    this.source = config.service();
    this.prefix = config.topicPrefix();
    var options = new HashMap<String, String>();
    options.put("bootstrap.servers", config.kafka());
    options.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    options.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    options.put("acks", "all");
    options.put("enable.idempotence", "true");
    options.put("compression.type", "lz4");
    options.put("linger.ms", "0");
    options.put("delivery.timeout.ms", "20000");
    options.put("request.timeout.ms", "10000");
    options.put("max.block.ms", "10000");
    options.put("max.request.size", "8388608");
    options.put("client.id", config.service() + "-relay");
    this.producer = KafkaProducer.create(vertx, options);
    metrics.gauge("sluice.relay.lag.rows", io.micrometer.core.instrument.Tags.of("service", source), lag);
    this.loop = new Loop(source + "-relay", Duration.ofMillis(250), this::round);
  }

  void nudge() { loop.nudge(); }

  private static final String LOCK = "select pg_try_advisory_lock(hashtextextended(current_schema() || '/relay', 0)) as won";
  private static final String UNPUBLISHED = """
      with next as (select position, octet_length(data) as bytes from journal where published_at is null order by position limit 500),
           measured as (select position, sum(bytes) over (order by position) - bytes as bytes_before from next)
      select position, epoch, stream, seq, told_to, topic, key, kind, at, actor, scope, data
        from journal join measured using (position) where bytes_before < 8388608 order by position
      """;
  private static final String MARK = "update journal set published_at = now() where position = any($1) and published_at is null";

  private boolean round() {
    if (!leads()) return false;
    try {
      var rows = Db.await(lock.preparedQuery(UNPUBLISHED).execute(Tuple.tuple()));
      lag.set(rows.size());
      if (rows.size() == 0) return false;
      var sent = rows.stream().map(row -> producer.send(record(row))).toList();
      Await.on(Future.all(sent), SEND_LIMIT, "Kafka");
      Db.await(lock.preparedQuery(MARK).execute(Tuple.of(rows.stream().map(r -> r.getLong("position")).toArray(Long[]::new))));
      return true;
    } catch (RuntimeException e) {
      lead(null);
      throw e;
    }
  }

  private boolean leads() {
    if (lock != null) return true;
    var connection = db.connection();
    try {
      if (Db.await(connection.preparedQuery(LOCK).execute()).iterator().next().getBoolean("won")) {
        lead(connection);
        return true;
      }
    } finally {
      if (lock != connection) {
        var _ = connection.close();
      }
    }
    return false;
  }

  private void lead(SqlConnection connection) {
    if (lock != null && connection == null) {
      var _ = lock.close();
    }
    lock = connection;
  }

  private KafkaProducerRecord<String, String> record(Row row) {
    var at = row.get(OffsetDateTime.class, "at").toInstant();
    String value;
    try {
      value = Json.text(new Message.Wire(row.getString("stream"), row.getInteger("epoch"), row.getLong("seq"), row.getLong("told_to"), at,
          row.getString("actor"),
          row.getString("kind"), Json.read(row.getString("scope"), dev.sluice.contract.Scope.class),
          Json.mapper().readTree(row.getString("data"))));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new Journal.Corrupt("position " + row.getLong("position"), e);
    }
    return KafkaProducerRecord.create(prefix + row.getString("topic"), row.getString("key"), value)
        .addHeader("ce_specversion", "1.0")
        .addHeader("ce_id", row.getString("stream") + "/" + row.getInteger("epoch") + "/" + row.getLong("seq"))
        .addHeader("ce_type", "dev.sluice." + row.getString("kind")).addHeader("ce_source", "/" + source)
        .addHeader("ce_subject", row.getString("stream"))
        .addHeader("ce_time", at.toString()).addHeader("content-type", "application/json");
  }

  @Override
  public void close() {
    loop.close();
    lead(null);
    Await.on(producer.close(5_000), Duration.ofSeconds(10), "closing the producer");
  }
}
