package dev.sluice.simulation;

import dev.sluice.simulation.Store.Row;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Kafka, as far as it promises anything: each key's messages in the order in which they were told, from the place that a group has kept.
final class Broker {
  private final Map<String, Map<String, List<Row>>> topics = new LinkedHashMap<>();
  private final Map<String, Integer> places = new HashMap<>();

  void publish(Row row) {
    topics.computeIfAbsent(row.topic(), _ -> new LinkedHashMap<>()).computeIfAbsent(key(row), _ -> new ArrayList<>()).add(row);
  }

  /// All of a rollout has one key: its own stream, and `r1-plan`, `r1-trip-1`.
  private static String key(Row row) { return row.stream().split("-", 2)[0]; }

  /// The keys of a topic with messages that a group has not kept as read.
  List<String> behind(String group, String topic) {
    var behind = new ArrayList<String>();
    topics.getOrDefault(topic, Map.of()).forEach((key, rows) -> {
      if (place(group, topic, key) < rows.size()) behind.add(key);
    });
    return behind;
  }

  List<Row> read(String group, String topic, String key, int limit) {
    var rows = topics.get(topic).get(key);
    int from = place(group, topic, key);
    return List.copyOf(rows.subList(from, Math.min(rows.size(), from + limit)));
  }

  int place(String group, String topic, String key) { return places.getOrDefault(group + "/" + topic + "/" + key, 0); }

  void keep(String group, String topic, String key, int place) {
    places.merge(group + "/" + topic + "/" + key, place, Math::max);
  }
}
