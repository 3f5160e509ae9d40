package dev.sluice.chassis;

import dev.sluice.contract.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices a database that is older than its topics: a backup was restored, or a standby took over that had not got all, and nobody said so. Rows are committed
/// before they are published and never deleted, so the newest fact of each partition that this service told stands in its journal.
final class Ahead {
  private static final Logger log = LoggerFactory.getLogger(Ahead.class);
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration READ_WITHIN = Duration.ofSeconds(20);
  private final Db db;
  private final ServiceConfig config;
  private final Epoch epoch;
  private final Admin admin;

  Ahead(Db db, ServiceConfig config, Epoch epoch, Admin admin) {
    this.db = db;
    this.config = config;
    this.epoch = epoch;
    this.admin = admin;
  }

  /// Looks at the newest fact of each partition. Blocks. Where Kafka is away, nothing is found.
  ///
  /// @throws IllegalStateException where one is of this epoch and not in the journal
  void check() {
    try {
      var newest = newest();
      if (!newest.isEmpty()) check(newest);
    } catch (KafkaException | Outage e) {
      log.atWarn().log("Kafka is away: not seen whether the topics are ahead of the journal ({})", e.getMessage());
    }
  }

  private Map<TopicPartition, Long> newest() {
    var present = Await.on(admin.listTopics().names(), LIMIT, "Kafka");
    var mine = Topics.ALL.stream().map(config.topicPrefix()::concat).filter(present::contains).toList();
    var first = new HashMap<TopicPartition, OffsetSpec>();
    Await.on(admin.describeTopics(mine).allTopicNames(), LIMIT, "Kafka").forEach((topic, described) -> described.partitions()
        .forEach(one -> first.put(new TopicPartition(topic, one.partition()), OffsetSpec.earliest())));
    var last = new HashMap<TopicPartition, OffsetSpec>();
    first.keySet().forEach(one -> last.put(one, OffsetSpec.latest()));
    var firsts = Await.on(admin.listOffsets(first).all(), LIMIT, "Kafka");
    var newest = new HashMap<TopicPartition, Long>();
    Await.on(admin.listOffsets(last).all(), LIMIT, "Kafka").forEach((partition, end) -> {
      if (end.offset() > firsts.get(partition).offset()) newest.put(partition, end.offset() - 1);
    });
    return newest;
  }

  private void check(Map<TopicPartition, Long> newest) {
    var options = Map.<String, Object>of("bootstrap.servers", config.kafka(), "default.api.timeout.ms", (int) LIMIT.toMillis(),
        "request.timeout.ms", (int) LIMIT.toMillis());
    try (var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(newest.keySet());
      newest.forEach(consumer::seek);
      long end = System.nanoTime() + READ_WITHIN.toNanos();
      while (!newest.isEmpty() && System.nanoTime() < end)
        for (var record : consumer.poll(Duration.ofMillis(100))) {
          newest.remove(new TopicPartition(record.topic(), record.partition()));
          check(record);
        }
      if (!newest.isEmpty()) log.atWarn().log("Kafka is slow: not seen whether {} is ahead of the journal", newest.keySet());
    }
  }

  private static final String STANDS = "select 1 from journal where stream = $1 and seq = $2 and epoch = $3";

  private void check(ConsumerRecord<String, String> record) {
    if (!("/" + config.service()).equals(header(record, "ce_source"))) return;
    var wire = Json.read(record.value(), Message.Wire.class);
    var published = header(record, Relay.EPOCH);
    boolean before = (published == null ? wire.epoch() : Integer.parseInt(published)) < epoch.number();
    if (before || db.query(STANDS, wire.stream(), wire.seq(), wire.epoch()).rowCount() > 0) return;
    throw new IllegalStateException(
        "the database of the " + config.service() + " is older than its topic " + record.topic() + ": it does not know "
            + wire.stream() + "/" + wire.seq() + " of " + wire.at()
            + ". If a backup was restored, start all services with SLUICE_RESTORED_AT set to now");
  }

  private static String header(ConsumerRecord<String, String> record, String name) {
    var header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), java.nio.charset.StandardCharsets.UTF_8);
  }
}
