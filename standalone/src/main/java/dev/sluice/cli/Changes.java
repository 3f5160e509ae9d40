package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// What happened between two snapshots of a rollout, a line for each: for logs and pipes, where bars cannot move.
final class Changes {
  private Changes() {}

  /// @param before null for the first snapshot
  static List<String> between(JsonNode before, JsonNode now) {
    var lines = new ArrayList<String>();
    var earlier = before == null
        ? Map.<Integer, JsonNode>of()
        : Names.stream(before.path("batches")).collect(Collectors.toMap(batch -> batch.path("index").asInt(), batch -> batch));
    int count = now.path("batches").size();
    for (var batch : now.path("batches")) {
      var was = earlier.get(batch.path("index").asInt());
      var phase = Text.of(batch, "phase");
      if (phase.equals(was == null ? "pending" : Text.of(was, "phase")) || phase.equals("not_started")) continue;
      lines.add("batch " + (batch.path("index").asInt() + 1) + " of " + count + " " + phase.replace('_', ' ') + ": "
          + (phase.startsWith("roll")
              ? ""
              : batch.path("healthy_count").asInt() + " healthy, " + batch.path("failed_count").asInt() + " failed of ")
          + Text.count(batch.path("instance_count").asInt(), "instance"));
    }
    if (before == null || !Text.of(before, "state").equals(Text.of(now, "state")))
      lines.add("rollout " + Text.of(now, "state").replace('_', ' ') + ", " + Bars.counts(now.path("counts")));
    return lines;
  }
}
