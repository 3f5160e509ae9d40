package dev.sluice.simulation;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a service keeps in its database: its journal, what of it is not told yet, and how far it has read others'. It survives every crash.
final class Store {
  /// One fact of a journal, and the message that tells it.
  record Row(String topic, String stream, int seq, Object event, Instant at, String actor) {}

  private final Map<String, List<Row>> streams = new LinkedHashMap<>();
  private final Map<String, Integer> seen = new HashMap<>();
  final List<Row> untold = new ArrayList<>();

  List<Row> stream(String name) { return streams.getOrDefault(name, List.of()); }

  Map<String, List<Row>> streams() { return streams; }

  /// @param end the end of the stream that the events were decided on
  /// @return the rows; null where a rival was first
  List<Row> append(String topic, String stream, int end, List<?> events, Instant at, String actor) {
    var rows = streams.computeIfAbsent(stream, _ -> new ArrayList<>());
    if (rows.size() != end) return null;
    int from = rows.size();
    for (var event : events)
      rows.add(new Row(topic, stream, rows.size() + 1, event, at, actor));
    var appended = List.copyOf(rows.subList(from, rows.size()));
    untold.addAll(appended);
    return appended;
  }

  List<Row> append(String topic, String stream, List<?> events, Instant at, String actor) {
    return append(topic, stream, stream(stream).size(), events, at, actor);
  }

  /// Whether a message is news, and remembers it: in the transaction of what is done with it.
  boolean fresh(Row message) {
    var place = message.topic() + "/" + message.stream();
    if (seen.getOrDefault(place, 0) >= message.seq()) return false;
    seen.put(place, message.seq());
    return true;
  }
}
