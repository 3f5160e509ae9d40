package dev.sluice.chassis;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.contract.Scope;
import io.micrometer.core.instrument.Counter;
import io.vertx.kafka.client.consumer.KafkaConsumer;
import io.vertx.kafka.client.consumer.KafkaConsumerRecord;
import io.vertx.kafka.client.consumer.KafkaConsumerRecords;
import io.vertx.kafka.client.consumer.OffsetAndMetadata;
import io.vertx.kafka.client.common.TopicPartition;
import io.vertx.kafka.client.producer.KafkaProducer;
import io.vertx.kafka.client.producer.KafkaProducerRecord;
import io.vertx.pgclient.PgException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Kafka to commands: polls one topic, hands the messages of a poll over in order, commits the offsets of what the handler is done with when there is nothing to
/// do, at the latest each second. At least once: what the handler does must bear a repeat ([#fresh] drops what was seen). A failing handler is tried again with the
/// same messages: as long as something is away, until it works. A message that cannot be read, or whose handling fails again and again though nothing is away, goes
/// to `<topic>.dead` with the reason: it would hold up all that comes after it. What was published in an earlier epoch than the reader's is passed over.
public final class Inbox implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Inbox.class);
  /// How long a topic with nothing new is listened to at a time; what comes is there at once. A fetch waits at the broker for less: a consumer that closes waits
  /// for it.
  private static final Duration POLL = Duration.ofSeconds(2);
  private static final Duration COMMIT = Duration.ofSeconds(1);
  /// A replica hears with its heartbeat's answer that another one joined or left; until then the topic stands still.
  private static final int HEARTBEAT_MS = 1_000;
  /// Who can do nothing with what it polled for so long, since its database is out of its reach, gives its share to the others.
  private static final String STUCK_MS = "60000";
  /// How often a poll fails, then a message by itself, before that one is set aside: some seconds.
  private static final int TRIES = 5;
  private static final Duration AGAIN = Duration.ofMillis(200);

  /// Takes the messages of one poll, in the order of each key. Blocks; an exception means: all again.
  public interface Handler {
    void handle(List<Message> messages);
  }

  private final KafkaConsumer<String, String> consumer;
  private final Supplier<KafkaProducer<String, String>> producer;
  /// Null until something is set aside, which is seldom: a producer costs a thread and a connection.
  private volatile KafkaProducer<String, String> dead;
  private final String topic;
  private final String prefix;
  private final Kinds kinds;
  private final Handler handler;
  private final Epoch epoch;
  private final Counter setAside;
  private final Loop loop;
  private KafkaConsumerRecords<String, String> polled;
  private List<Read> pending = List.of();
  private boolean oneByOne;
  private int failures;
  private int at;
  private boolean uncommitted;
  private long committedNanos = System.nanoTime();
  private volatile boolean joined;

  /// @param epoch of the reader's database
  /// @param kinds what the topic carries
  Inbox(Node node, ServiceConfig config, Epoch epoch, String topic, Kinds kinds, Handler handler) {
    this.setAside = node.metrics().counter("sluice.messages.set.aside", "service", config.service(), "topic", topic);
    this.topic = topic;
    this.prefix = config.topicPrefix();
    this.epoch = epoch;
    this.kinds = kinds;
    this.handler = handler;
    var options = new HashMap<String, String>();
    options.put("bootstrap.servers", config.kafka());
    options.put("group.id", prefix + config.service() + "." + topic); // of its own: a join or leave on one topic stalls no other
    options.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    options.put("value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    options.put("auto.offset.reset", "earliest");
    options.put("enable.auto.commit", "false");
    options.put("session.timeout.ms", Integer.toString(config.kafkaSessionTimeoutMs()));
    options.put("heartbeat.interval.ms", Integer.toString(Math.min(HEARTBEAT_MS, config.kafkaSessionTimeoutMs() / 3)));
    options.put("max.poll.records", "500");
    options.put("max.poll.interval.ms", STUCK_MS);
    options.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
    options.put("client.id", config.service() + "-" + topic);
    this.consumer = KafkaConsumer.create(node.vertx(), options);
    this.producer = () -> KafkaProducer.create(node.vertx(),
        Map.of("bootstrap.servers", config.kafka(), "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
            "value.serializer", "org.apache.kafka.common.serialization.StringSerializer", "acks", "all", "max.block.ms", "10000",
            "max.request.size", "8388608"));
    consumer.partitionsRevokedHandler(_ -> CrashPoint.DURING_REBALANCE.reached());
    consumer.partitionsAssignedHandler(_ -> {
      if (joined) CrashPoint.DURING_REBALANCE.reached();
      joined = true;
    });
    var _ = consumer.subscribe(prefix + topic);
    this.loop = new Loop(config.service() + "-inbox-" + topic, Duration.ofMillis(1), this::round);
  }

  /// What was polled, as it came and as it was read.
  private record Read(KafkaConsumerRecord<String, String> record, Message message) {}

  /// One poll's messages from the topic to the handler. What was polled is kept until the handler is done with it, whatever fails on the way.
  private boolean round() {
    if (polled == null) {
      polled = Await.on(consumer.poll(POLL), Duration.ofSeconds(60), "Kafka");
      pending = new ArrayList<>();
      at = 0;
    }
    for (; at < polled.size(); at++)
      read(polled.recordAt(at), pending);
    if (!pending.isEmpty()) {
      CrashPoint.AFTER_POLL.reached();
      hand();
    }
    boolean idle = polled.isEmpty();
    uncommitted |= !idle;
    polled = null;
    if (uncommitted && (idle || System.nanoTime() - committedNanos > COMMIT.toNanos())) commit();
    return true;
  }

  private void hand() {
    if (!oneByOne) try {
      handler.handle(pending.stream().map(Read::message).toList());
      pending.clear();
      failures = 0;
      return;
    } catch (RuntimeException e) {
      if (!inTheMessage(e) || ++failures < TRIES) throw e;
      failures = 0;
      oneByOne = true;
    }
    while (!pending.isEmpty()) {
      var one = pending.getFirst();
      try {
        handler.handle(List.of(one.message));
      } catch (RuntimeException e) {
        if (!inTheMessage(e)) throw e;
        if (++failures < TRIES) {
          Await.pause(AGAIN);
          continue;
        }
        setAside(one.record, "its handling fails: " + e, e);
        pending.removeFirst();
        failures = 0;
        passOver(one.record);
        continue;
      }
      failures = 0;
      pending.removeFirst();
    }
    oneByOne = false;
  }

  /// Commits at once: who has so many of these that the broker gives his share away would begin with the first again. Where it was given away by now, the rest is
  /// for whoever has it.
  private void passOver(KafkaConsumerRecord<String, String> record) {
    try {
      Await.on(
          consumer.commit(Map.of(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1, ""))),
          Duration.ofSeconds(30), "Kafka");
    } catch (CommitFailedException e) {
      pending.clear();
    }
  }

  /// Whether the fault is in the message: a table that this release does not know, or must not write, would fail all of them.
  private static boolean inTheMessage(RuntimeException e) {
    return !(e instanceof Outage) && !(e instanceof Journal.Corrupt) && (!(e instanceof PgException pg) || Db.isDataFault(pg));
  }

  private void commit() {
    Await.on(consumer.commit(), Duration.ofSeconds(30), "Kafka");
    uncommitted = false;
    committedNanos = System.nanoTime();
  }

  private void read(KafkaConsumerRecord<String, String> record, List<Read> into) {
    try {
      var wire = Json.read(record.value(), Message.Wire.class);
      if (beforeTheRestore(record, wire)) return;
      JsonNode data = wire.data();
      into.add(new Read(record,
          new Message(topic, record.key(), wire.stream(), wire.epoch(), wire.seq(), wire.toldTo(), wire.at(), wire.actor(), wire.kind(),
              wire.scope() == null ? Scope.NONE : wire.scope(), kinds.read(wire.kind(), data.toString()),
              header(record, "traceparent").orElse(null))));
    } catch (RuntimeException e) {
      setAside(record, String.valueOf(e.getMessage()), null);
    }
  }

  private void setAside(KafkaConsumerRecord<String, String> record, String reason, Throwable cause) {
    log.atError().addKeyValue("topic", topic).addKeyValue("partition", record.partition()).addKeyValue("offset", record.offset())
        .setCause(cause).log("Message set aside: {}", reason);
    var copy = KafkaProducerRecord.create(prefix + topic + ".dead", record.key(), record.value());
    copy.addHeader("reason", reason);
    if (dead == null) dead = producer.get();
    Await.on(dead.send(copy), Duration.ofSeconds(30), "Kafka");
    setAside.increment();
  }

  /// What was published before the restore that this reader's database went through: its own is published again, and of the rest nobody knows any more.
  private boolean beforeTheRestore(KafkaConsumerRecord<String, String> record, Message.Wire wire) {
    return header(record, Relay.EPOCH).map(Integer::parseInt).orElse(wire.epoch()) < epoch.number();
  }

  private static Optional<String> header(KafkaConsumerRecord<String, String> record, String name) {
    return record.headers().stream().filter(h -> h.key().equals(name)).map(h -> h.value().toString()).findFirst();
  }

  private static final String SEEN = """
      insert into inbox_position (topic, stream, epoch, seq) values ($1, $2, $3, $4)
      on conflict (topic, stream) do update set epoch = excluded.epoch, seq = excluded.seq
       where (inbox_position.epoch, inbox_position.seq) < (excluded.epoch, excluded.seq)
      returning seq
      """;

  /// Whether a message is new, remembering it in the caller's transaction: `true` once for each (stream, epoch, seq), in their order.
  public static boolean fresh(Db.Tx tx, Message message) {
    return tx.query(SEEN, message.topic(), message.stream(), message.epoch(), message.seq()).rowCount() > 0;
  }

  private static final String READ = "select from inbox_position where topic = $1 and stream = $2 and (epoch, seq) >= ($3, $4)";

  /// Whether a message is new, without remembering it: for work that is done in parts before [#fresh], each part of which does no harm twice.
  public static boolean isNew(Db.Tx tx, Message message) {
    return tx.query(READ, message.topic(), message.stream(), message.epoch(), message.seq()).rowCount() == 0;
  }

  /// Takes nothing more.
  void stop() {
    loop.stop();
    consumer.unwrap().wakeup();
  }

  @Override
  public void close() {
    stop();
    loop.close();
    Await.on(consumer.close(), Duration.ofSeconds(15), "closing the consumer");
    if (dead != null) Await.on(dead.close(1_000), Duration.ofSeconds(5), "closing the producer");
  }
}
