package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The ways in which instances fail, in words and colours: a machine that is not there is another matter than a version that is broken.
final class Ways {
  private static final int NAMED = 5;
  private static final int READ = 1000;

  private Ways() {}

  /// The reason of an instance's state.
  static String of(String state, String reason, Screen screen) {
    var words = reason.replace('_', ' ');
    return switch (reason) {
      case "never_handed_out" -> screen.dim("absent (" + words + ")");
      case "silent" -> screen.yellow(words);
      default -> state.endsWith("failed") ? screen.red(words) : words;
    };
  }

  /// The failed instances of a rollout, a line for each way; none where nobody failed.
  static List<String> lines(Api api, JsonNode rollout, Screen screen) {
    long failed = rollout.path("counts").path("failed").asLong();
    if (failed == 0) return List.of();
    var instances = api
        .list("/v1/rollouts/" + Api.part(Text.of(rollout, "id")) + "/instances", "instances", Map.of("state", "failed"), READ)
        .path("instances");
    var found = new LinkedHashMap<String, List<String>>();
    for (var instance : instances)
      found.computeIfAbsent(Text.of(instance, "reason"), _ -> new ArrayList<>()).add(Text.of(instance, "instance_id"));
    var lines = new ArrayList<String>();
    found.forEach((reason, ids) -> lines.add("  " + ids.size() + " " + of("failed", reason, screen) + ": "
        + String.join(", ", ids.subList(0, Math.min(NAMED, ids.size())))
        + (ids.size() > NAMED ? " and " + (ids.size() - NAMED) + " more" : "")));
    if (failed > instances.size()) lines.add("  and " + (failed - instances.size()) + " more that failed");
    return lines;
  }
}
