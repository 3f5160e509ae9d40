package dev.sluice.chassis;

import dev.sluice.contract.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Notices that topics were lost: Kafka gives each a new id when it is made. What a topic would hold is then published to its successor, before anything else is.
/// Readers drop what they know.
final class TopicIds {
  private static final Logger log = LoggerFactory.getLogger(TopicIds.class);
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private final Db db;
  private final Admin admin;
  private final String prefix;

  TopicIds(Db db, Admin admin, String prefix) {
    this.db = db;
    this.admin = admin;
    this.prefix = prefix;
  }

  private static final String KNOWN = "select topic, id from journal_topic";
  private static final String KEEP = """
      insert into journal_topic (topic, id) values ($1, $2) on conflict (topic) do update set id = excluded.id
      """;

  /// Looks at all topics. Blocks.
  ///
  /// @throws Outage where Kafka is away, or a topic that was there is not
  void check() {
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

  private Map<String, String> present() {
    try {
      var ids = new HashMap<String, String>();
      Await.on(admin.listTopics().namesToListings(), LIMIT, "Kafka").forEach((name, one) -> ids.put(name, one.topicId().toString()));
      return ids;
    } catch (KafkaException e) {
      throw new Outage("Kafka is away: " + e.getMessage(), e);
    }
  }
}
