package dev.sluice.sandbox;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;

/// Makes topics on a one-broker Kafka, ours or a given one.
final class Topics {
  private static final long PATIENCE_SEC = 120;

  private Topics() {
  }

  /// Makes the topics that are missing and leaves the others as they are. Blocks until their partitions have leaders.
  static void ensure(String bootstrap, Map<String, TopicSpec> topics) {
    Map<String, Object> settings = Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Long.toString(TimeUnit.SECONDS.toMillis(PATIENCE_SEC)));
    try (var admin = Admin.create(settings)) {
      var wanted = topics.entrySet().stream().map(entry -> topic(entry.getKey(), entry.getValue())).toList();
      for (var made : admin.createTopics(wanted).values().values()) {
        try {
          made.get(PATIENCE_SEC, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof TopicExistsException)) {
            throw new IllegalStateException("a topic could not be made on %s: %s".formatted(bootstrap, e.getCause().getMessage()), e);
          }
        }
      }
      awaitLeaders(admin, List.copyOf(topics.keySet()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while topics were made", e);
    } catch (TimeoutException e) {
      throw new IllegalStateException("Kafka at %s made no topics within %d s".formatted(bootstrap, PATIENCE_SEC), e);
    }
  }

  private static NewTopic topic(String name, TopicSpec spec) {
    return new NewTopic(name, spec.partitions(), (short) 1)
        .configs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE));
  }

  /// The controller answers before the broker has heard of the topics; a producer that is faster would wait for its next look at the metadata.
  private static void awaitLeaders(Admin admin, List<String> topics) throws InterruptedException, TimeoutException {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SEC);
    while (System.nanoTime() - deadline < 0) {
      try {
        var described = admin.describeTopics(topics).allTopicNames().get(PATIENCE_SEC, TimeUnit.SECONDS);
        if (described.values().stream().flatMap(topic -> topic.partitions().stream())
            .allMatch(p -> p.leader() != null && !p.leader().isEmpty())) {
          return;
        }
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof org.apache.kafka.common.errors.UnknownTopicOrPartitionException)) {
          throw new IllegalStateException(e.getCause().getMessage(), e);
        }
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    throw new TimeoutException();
  }
}
