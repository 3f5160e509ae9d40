package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/// A rollout as bars, one for each batch: healthy ones green, failed ones red, the rest to come. Long rollouts show the batches around the one that runs,
/// and the others in one line.
final class Bars {
  private static final int SHOWN = 12;
  private static final int WIDEST = 40;
  private static final int BESIDE = 50;
  private static final String FULL = "█";
  private static final String EMPTY = "░";

  private Bars() {}

  /// @param rollout the snapshot
  /// @param title   what is upgraded, for people
  static List<String> lines(JsonNode rollout, String title, Screen screen) {
    var lines = new ArrayList<String>();
    lines.add(screen.bold(title) + "  " + state(Text.of(rollout, "state"), screen));
    var batches = Names.stream(rollout.path("batches")).toList();
    int from = first(rollout, batches.size());
    int to = Math.min(batches.size(), from + SHOWN);
    if (from > 0) lines.add(rest(batches.subList(0, from), screen));
    for (var batch : batches.subList(from, to))
      lines.add(bar(batch, String.valueOf(batches.size()).length(), screen));
    if (to < batches.size()) lines.add(rest(batches.subList(to, batches.size()), screen));
    lines.add("  " + counts(rollout.path("counts")));
    return lines;
  }

  private static int first(JsonNode rollout, int count) {
    if (count <= SHOWN) return 0;
    return Math.max(0, Math.min(count - SHOWN, rollout.path("current_batch_index").asInt() - SHOWN / 2));
  }

  private static String bar(JsonNode batch, int digits, Screen screen) {
    int width = Math.max(5, Math.min(WIDEST, screen.terminal().columns() - BESIDE));
    int total = Math.max(1, batch.path("instance_count").asInt());
    int failed = batch.path("failed_count").asInt();
    int done = Text.of(batch, "phase").equals("rolled_back") ? total - failed : batch.path("healthy_count").asInt();
    int red = failed == 0 ? 0 : Math.max(1, failed * width / total);
    int green = Math.min(width - red, (int) ((long) done * width / total));
    var phase = Text.of(batch, "phase");
    var painted = phase.startsWith("roll") ? screen.yellow(FULL.repeat(green)) : screen.green(FULL.repeat(green));
    return String.format(java.util.Locale.ROOT, "  batch %" + digits + "d  ", batch.path("index").asInt() + 1) + painted
        + screen.red(FULL.repeat(red))
        + screen.dim(EMPTY.repeat(width - green - red)) + String.format(java.util.Locale.ROOT, "  %4d of %-4d  ", done, total)
        + phase(phase, screen) + (batch.path("canary").asBoolean() ? " canary" : "")
        + (failed > 0 ? screen.red("  " + failed + " failed") : "");
  }

  private static String rest(List<JsonNode> batches, Screen screen) {
    long healthy = batches.stream().mapToLong(batch -> batch.path("healthy_count").asLong()).sum();
    long total = batches.stream().mapToLong(batch -> batch.path("instance_count").asLong()).sum();
    return screen.dim("  … " + Text.count(batches.size(), "batch") + ": " + healthy + " of " + total + " healthy");
  }

  /// The counts that are not zero: `38 healthy, 2 failed, 10 pending`.
  static String counts(JsonNode counts) {
    var text = new StringJoiner(", ");
    for (var state : List.of("healthy", "failed", "skipped", "in_flight", "held", "pending", "rolling_back", "rolled_back",
        "rollback_failed"))
      if (counts.path(state).asLong() > 0) text.add(counts.get(state).asLong() + " " + state.replace('_', ' '));
    return counts.path("total").asLong() + " in all" + (text.length() == 0 ? "" : ": " + text);
  }

  /// A state of a rollout, in its colour.
  static String state(String state, Screen screen) {
    var words = state.replace('_', ' ');
    return switch (state) {
      case "completed", "rolled_back" -> screen.green(words);
      case "awaiting_decision", "rolled_back_with_failures" -> screen.red(words);
      case "running", "approved" -> screen.cyan(words);
      default -> screen.yellow(words);
    };
  }

  private static String phase(String phase, Screen screen) {
    var words = phase.replace('_', ' ');
    return switch (phase) {
      case "completed", "rolled_back" -> screen.green(words);
      case "tripped" -> screen.red(words);
      case "running" -> screen.cyan(words);
      case "rolling_back" -> screen.yellow(words);
      default -> screen.dim(words);
    };
  }
}
