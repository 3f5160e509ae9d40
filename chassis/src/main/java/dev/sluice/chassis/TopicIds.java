package dev.sluice.chassis;

import dev.sluice.contract.Topics;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices that topics were lost: Kafka gives each a new id when it is made. What a topic would hold is then published to its successor, before anything else is.
/// Readers drop what they know.
final class TopicIds {
  private static final Logger log = LoggerFactory.getLogger(TopicIds.class);
  private static final int LIMIT_MS = 20_000;
  private final Db db;
  private final String kafka;
  private final String prefix;

  TopicIds(Db db, ServiceConfig config) {
    this.db = db;
    this.kafka = config.kafka();
    this.prefix = config.topicPrefix();
  }

  private static final String KNOWN = "select topic, id from journal_topic";
  private static final String KEEP = """
      insert into journal_topic (topic, id) values ($1, $2) on conflict (topic) do update set id = excluded.id
      """;

  /// Looks at all topics. Blocks.
  ///
  /// @throws Outage where Kafka is away, or a topic that was there is not
  void check() throws InterruptedException {
    var known = new HashMap<String, String>();
    for (var row : db.query(KNOWN))
      known.put(row.getString("topic"), row.getString("id"));
    var present = present();
    for (var topic : Topics.ALL) {
      var before = known.get(topic);
      var now = present.get(prefix + topic);
      if (now == null && before != null) throw new Outage("the topic " + prefix + topic + " is gone; make it again", null);
      if (now == null || now.equals(before)) continue;
      if (before != null && Journal.publishAgain(db, topic) > 0)
        log.atWarn().addKeyValue("topic", prefix + topic).log("The topic was lost and made again: what it held is published again");
      db.query(KEEP, topic, now);
    }
  }

  private Map<String, String> present() throws InterruptedException {
    try (var admin = Admin.create(Map.of("bootstrap.servers", kafka, "request.timeout.ms", LIMIT_MS, "default.api.timeout.ms", LIMIT_MS))) {
      var ids = new HashMap<String, String>();
      admin.listTopics().namesToListings().get(LIMIT_MS, TimeUnit.MILLISECONDS)
          .forEach((name, one) -> ids.put(name, one.topicId().toString()));
      return ids;
    } catch (ExecutionException | TimeoutException e) {
      throw new Outage("Kafka is away: " + e.getMessage(), e);
    }
  }
}
