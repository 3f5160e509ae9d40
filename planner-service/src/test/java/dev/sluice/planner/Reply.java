package dev.sluice.planner;

import java.util.List;
import java.util.Map;

/// An HTTP answer: its status, its JSON, its headers.
record Reply(int status, Map<String, Object> body, Map<String, List<String>> headers) {
  Object get(String name) { return body.get(name); }

  String text(String name) { return (String) body.get(name); }

  @SuppressWarnings("unchecked")
  Map<String, Object> object(String name) { return (Map<String, Object>) body.get(name); }

  @SuppressWarnings("unchecked")
  List<Map<String, Object>> objects(String name) { return (List<Map<String, Object>>) body.get(name); }

  /// The ids of all batches, in plan order.
  @SuppressWarnings("unchecked")
  List<String> members() { return objects("batches").stream().flatMap(b -> ((List<String>) b.get("instance_ids")).stream()).toList(); }

  /// The fields that are at fault.
  List<Object> faults() { return objects("errors").stream().map(e -> e.get("field")).toList(); }

  String header(String name) { return headers.get(name.toLowerCase(java.util.Locale.ROOT)).getFirst(); }
}
