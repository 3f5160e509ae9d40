package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A plan as the planner shows it.
///
/// @param shown   the answer without the ids of its members
/// @param batches the members of each, in plan order
record Plan(JsonNode shown, List<List<String>> batches, Map<String, Integer> batchOf) {
  static Plan of(JsonNode shown, List<List<String>> batches) {
    var batchOf = new HashMap<String, Integer>();
    for (int i = 0; i < batches.size(); i++)
      for (var instance : batches.get(i))
        batchOf.put(instance, i);
    return new Plan(shown, batches, batchOf);
  }

  int total() { return batches.stream().mapToInt(List::size).sum(); }

  /// An input that is a number; `unset` where it is null.
  int input(String name, int unset) { return shown.path("inputs").path(name).asInt(unset); }

  /// The members of a batch; none of one that is not there.
  List<String> batch(int index) { return index < 0 || index >= batches.size() ? List.of() : batches.get(index); }

  boolean canary(int batch) { return batch == 0 && input("canary_size", 0) > 0; }

  int batchOf(String instance) { return batchOf.getOrDefault(instance, -1); }
}
