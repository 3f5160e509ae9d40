package dev.sluice.chassis;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.vertx.core.Vertx;
import io.vertx.kafka.client.producer.KafkaProducer;
import io.vertx.kafka.client.producer.KafkaProducerRecord;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/// The journal's way to Kafka: rows that are not yet published, in order of each stream, at least once.
///
/// One replica relays at a time: it holds a session lock in PostgreSQL. Its steps: read up to 500 unpublished rows (about 8 MB at most) in order of position, hand
/// them to the producer, wait for all acknowledgements, mark them. Death anywhere sends some rows again; readers drop what they have seen. So a mark need not
/// outlive a power cut, and its commit does not wait for the disk. It never asks for
/// "position > last": positions are handed out before the commit, so a late commit would be passed over.
///
/// Its promise: no row arrives for the first time before an earlier one of its stream; readers would take the earlier one for a repeat. So nothing is handed over
/// behind a row that the producer did not take, and the producer never gives up on a row that it took, however long the broker is away.
final class Relay implements AutoCloseable {
  /// The header that says in which epoch of its journal a fact was published.
  static final String EPOCH = "sluice_epoch";
  private static final Duration SEND_LIMIT = Duration.ofSeconds(30);
  private static final Duration ALIVE = Duration.ofSeconds(2);
  private final Db db;
  private final KafkaProducer<String, String> vertxProducer;
  private final Producer<String, String> producer;
  private final Consumer<Journal.Corrupt> onCorrupt;
  private final String source;
  private final String prefix;
  private final TopicIds topics;
  private final MeterRegistry metrics;
  private final InstantSource clock;
  private final Loop loop;
  /// When the oldest fact was told that waits for Kafka; null: none does, as far as was seen.
  private volatile Instant oldest;
  private SqlConnection lock;
  private boolean leading;
  private Sent sent;

  /// Rows that the producer took, with its answers to come.
  private record Sent(List<Long> positions, List<String> kinds, List<Future<RecordMetadata>> answers) {}

  /// @param onCorrupt told of a row that cannot be read, before it is thrown
  Relay(Vertx vertx, Db db, Admin admin, ServiceConfig config, MeterRegistry metrics, InstantSource clock,
      Consumer<Journal.Corrupt> onCorrupt) {
    this.db = db;
    this.clock = clock;
    this.onCorrupt = onCorrupt;
    this.metrics = metrics;
    this.source = config.service();
    this.prefix = config.topicPrefix();
    this.topics = new TopicIds(db, admin, prefix);
    var options = new HashMap<String, String>();
    options.put("bootstrap.servers", config.kafka());
    options.put("key.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    options.put("value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
    options.put("acks", "all");
    options.put("enable.idempotence", "true");
    options.put("compression.type", "lz4");
    options.put("linger.ms", "0");
    options.put("delivery.timeout.ms", Integer.toString(Integer.MAX_VALUE));
    options.put("request.timeout.ms", "10000");
    options.put("max.block.ms", "10000");
    options.put("max.request.size", "8388608");
    options.put("client.id", config.service() + "-relay");
    this.vertxProducer = KafkaProducer.create(vertx, options);
    this.producer = vertxProducer.unwrap();
    metrics.gauge("sluice.relay.behind.seconds", Tags.of("service", source), this, Relay::behindSeconds);
    this.loop = new Loop(source + "-relay", Duration.ofMillis(250), this::round);
  }

  void nudge() { loop.nudge(); }

  /// Grows by itself while nothing goes out.
  private double behindSeconds() {
    var since = oldest;
    return since == null ? 0 : Math.max(0, Duration.between(since, clock.instant()).toMillis() / 1000.0);
  }

  private static final String LOCK = "select pg_try_advisory_lock(hashtextextended(current_schema() || '/relay', 0)) as won";
  /// A leader that stands still loses its lock to another one. What it may yet send are repeats: the other one has published them before what comes after.
  private static final String UNHURRIED_MARKS = "set synchronous_commit = off; set idle_session_timeout = '30s'";
  private static final String UNPUBLISHED = """
      with next as (select position, octet_length(data) as bytes from journal where published_at is null order by position limit 500),
           measured as (select position, sum(bytes) over (order by position) - bytes as bytes_before from next)
      select position, epoch, stream, seq, told_to, topic, key, kind, at, actor, scope, data, traceparent,
             (select epoch from journal_epoch) as published_in
        from journal join measured using (position) where bytes_before < 8388608 order by position
      """;
  private static final String MARK = "update journal set published_at = now() where position = any($1) and published_at is null";

  private static final String OLDEST = "select at from journal where published_at is null order by position limit 1";

  private boolean round() throws InterruptedException {
    try {
      if (leads()) return publish();
      oldest = null; // another one's
      return false;
    } catch (PgException | Outage e) {
      leave();
      throw e;
    }
  }

  private boolean publish() throws InterruptedException {
    if (sent == null) {
      var rows = Db.await(lock.preparedQuery(UNPUBLISHED).execute(Tuple.tuple()));
      oldest = rows.size() == 0 ? null : Columns.time(rows.iterator().next(), "at");
      if (rows.size() == 0) return false;
      sent = handOver(rows);
    }
    acknowledged(sent);
    CrashPoint.AFTER_RELAY.reached();
    Db.await(lock.preparedQuery(MARK).execute(Tuple.of(sent.positions().toArray(Long[]::new))));
    sent.kinds().forEach(kind -> metrics.counter("sluice.facts.published", "service", source, "kind", kind).increment());
    sent = null;
    return true;
  }

  /// Hands rows to the producer, one after the other, up to the first that it does not take; blocks while it knows no broker.
  ///
  /// @throws Outage if it takes none
  private Sent handOver(RowSet<Row> rows) throws InterruptedException {
    var positions = new ArrayList<Long>();
    var kinds = new ArrayList<String>();
    var answers = new ArrayList<Future<RecordMetadata>>();
    for (var row : rows) {
      var answer = producer.send(record(row));
      if (answer.isDone() && answer.state() == Future.State.FAILED) {
        if (answers.isEmpty()) throw new Outage("Kafka is away: " + answer.exceptionNow().getMessage(), answer.exceptionNow());
        break;
      }
      positions.add(row.getLong("position"));
      kinds.add(row.getString("kind"));
      answers.add(answer);
    }
    return new Sent(positions, kinds, answers);
  }

  /// Waits for the broker. What it did not acknowledge in time is still under way, and is waited for again in the next round.
  private void acknowledged(Sent sent) throws InterruptedException {
    long end = System.nanoTime() + SEND_LIMIT.toNanos();
    try {
      for (var answer : sent.answers())
        while (!acknowledged(answer))
          if (System.nanoTime() > end) throw new Outage("Kafka did not answer within " + SEND_LIMIT.toSeconds() + " s", null);
    } catch (ExecutionException e) {
      this.sent = null;
      throw new Outage("Kafka refused a record: " + e.getCause().getMessage(), e.getCause());
    }
  }

  /// Waits a while; who waits says to the database that he is alive, and keeps the lock.
  private boolean acknowledged(Future<RecordMetadata> answer) throws InterruptedException, ExecutionException {
    try {
      answer.get(ALIVE.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      Db.await(lock.query("select 1").execute());
      return false;
    }
  }

  /// Whoever comes to lead looks at the topics first: they may not be those that the last one published to.
  private boolean leads() {
    if (leading) return true;
    try {
      if (lock == null) {
        lock = db.connection();
        Db.await(lock.query(UNHURRIED_MARKS).execute());
      }
      if (!Db.await(lock.preparedQuery(LOCK).execute()).iterator().next().getBoolean("won")) return false;
      oldest = db.list(OLDEST, r -> Columns.time(r, "at")).stream().findFirst().orElse(null);
      topics.check();
      leading = true;
      return true;
    } catch (RuntimeException e) {
      leave();
      throw e;
    }
  }

  /// Gives the lock back, with its connection.
  private void leave() {
    leading = false;
    if (lock != null) {
      var _ = lock.close();
    }
    lock = null;
  }

  private ProducerRecord<String, String> record(Row row) {
    var at = row.get(OffsetDateTime.class, "at").toInstant();
    String value;
    try {
      value = Json.text(new Message.Wire(row.getString("stream"), row.getInteger("epoch"), row.getLong("seq"), row.getLong("told_to"), at,
          row.getString("actor"),
          row.getString("kind"), Json.read(row.getString("scope"), dev.sluice.contract.Scope.class),
          Json.mapper().readTree(row.getString("data"))));
    } catch (com.fasterxml.jackson.core.JsonProcessingException | IllegalArgumentException e) {
      var corrupt = new Journal.Corrupt(
          "position " + row.getLong("position") + " (" + row.getString("stream") + "/" + row.getLong("seq") + ")", e);
      onCorrupt.accept(corrupt);
      throw corrupt;
    }
    var record = KafkaProducerRecord.create(prefix + row.getString("topic"), row.getString("key"), value)
        .addHeader("ce_specversion", "1.0")
        .addHeader("ce_id", row.getString("stream") + "/" + row.getInteger("epoch") + "/" + row.getLong("seq"))
        .addHeader("ce_type", "dev.sluice." + row.getString("kind")).addHeader("ce_source", "/" + source)
        .addHeader("ce_subject", row.getString("stream"))
        .addHeader("ce_time", at.toString()).addHeader("content-type", "application/json")
        .addHeader(EPOCH, row.getInteger("published_in").toString());
    var trace = row.getString("traceparent");
    return (trace == null ? record : record.addHeader("traceparent", trace)).record();
  }

  @Override
  public void close() {
    loop.close();
    leave();
    Await.on(vertxProducer.close(2_000), Duration.ofSeconds(10), "closing the producer");
  }
}
