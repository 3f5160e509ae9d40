package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// A plan for people: what, how many, in which batches, how long at most, what stops it, who is left out.
final class PlanTable {
  private static final int SHOWN_IDS = 3;
  private static final int SHOWN_BATCHES = 24;
  private static final int SHOWN_EXCLUDED = 20;
  private final JsonNode plan;
  private final VersionNames names;
  private final Screen screen;

  PlanTable(JsonNode plan, VersionNames names, Screen screen) {
    this.plan = plan;
    this.names = names;
    this.screen = screen;
  }

  List<String> lines() {
    var lines = new ArrayList<String>();
    long total = plan.path("total_instances").asLong();
    lines.add(screen
        .bold("Plan: " + Text.of(plan, "module_id") + " to " + target() + " on " + Text.of(plan, "template_id"))
        + (plan.hasNonNull("rollout_id")
            ? screen.dim("  rollout " + Text.of(plan, "rollout_id") + " revision " + Text.of(plan, "revision"))
            : ""));
    if (total == 0) lines.add("  " + (plan.hasNonNull("note") ? Text.of(plan, "note") : "nobody to upgrade"));
    else
      lines.addAll(substance(total));
    excluded(lines);
    var notes = notes();
    if (!notes.isEmpty()) lines.add("");
    lines.addAll(notes);
    return lines;
  }

  private String target() {
    return plan.hasNonNull("target_version") ? Text.of(plan, "target_version") : names.of(plan, "target_version_id");
  }

  private List<String> substance(long total) {
    var lines = new ArrayList<String>();
    var breaker = plan.path("circuit_breaker");
    var health = plan.path("health");
    lines.add("  " + Text.count(total, "instance") + " in " + batches() + " at most "
        + Text.duration(plan.path("estimated_total_seconds").asDouble()) + " without pauses");
    lines.add("  each has " + Text.duration(health.path("timeout_sec").asDouble()) + " to prove itself healthy"
        + (health.path("min_healthy_sec").asInt() > 0
            ? " and must stay so for " + Text.duration(health.path("min_healthy_sec").asDouble())
            : ""));
    int run = breaker.path("max_consecutive_failures").asInt();
    int share = breaker.path("max_failed_pct").asInt(100);
    lines.add("  stops and asks after " + Text.count(run, "failure") + (run == 1 ? "" : " in a row")
        + (share < 100 ? ", or when more than " + share + " % of a batch (rounded up, at least " + run + ") have failed" : ""));
    lines.add("");
    var table = new Table("BATCH", "SIZE", "", "INSTANCES");
    var all = Names.stream(plan.path("batches")).toList();
    for (var batch : all.subList(0, Math.min(SHOWN_BATCHES, all.size())))
      table.row(String.valueOf(batch.path("index").asInt() + 1), String.valueOf(size(batch)),
          batch.path("canary").asBoolean() ? "canary" : " ",
          some(batch.path("instance_ids")));
    table.lines(screen).forEach(line -> lines.add("  " + line));
    if (all.size() > SHOWN_BATCHES) lines.add("  … and " + Text.count(all.size() - SHOWN_BATCHES, "batch") + " more");
    return lines;
  }

  /// In how many batches, and of which size: the canaries are as many as were asked for, whatever the size of the others.
  private String batches() {
    int count = plan.path("batch_count").asInt();
    var words = Text.count(count, "batch");
    var size = Text.of(plan, "batch_size");
    var first = plan.path("batches").path(0);
    if (!first.path("canary").asBoolean()) return words + (size.isEmpty() ? "," : " of up to " + size + ",");
    long canaries = size(first);
    return words + ": " + String.format(Locale.ROOT, "%,d ", canaries) + (canaries == 1 ? "canary" : "canaries")
        + (count == 1 ? ", where any failure trips;" : " first, where any failure trips, then up to " + size + " each;");
  }

  private static long size(JsonNode batch) {
    return batch.path("instance_ids").isArray() && !batch.path("instance_ids").isEmpty()
        ? batch.path("instance_ids").size()
        : batch.path("instance_count").asLong();
  }

  private static String some(JsonNode ids) {
    var shown = Names.stream(ids).limit(SHOWN_IDS).map(JsonNode::asText).collect(Collectors.joining(" "));
    return ids.size() > SHOWN_IDS ? shown + " … +" + (ids.size() - SHOWN_IDS) : shown;
  }

  private void excluded(List<String> lines) {
    long count = plan.path("excluded_count").asLong(plan.path("excluded").size());
    if (count == 0) return;
    lines.add("");
    lines.add("  left out: " + Text.count(count, "instance"));
    var table = new Table("INSTANCE", "REASON");
    Names.stream(plan.path("excluded")).limit(SHOWN_EXCLUDED).forEach(e -> table.row(Text.of(e, "instance_id"), Text.of(e, "reason")));
    table.lines(screen).forEach(line -> lines.add("  " + line));
    if (count > SHOWN_EXCLUDED) lines.add("  … and " + (count - SHOWN_EXCLUDED) + " more; --json shows them");
  }

  private List<String> notes() {
    var notes = new ArrayList<String>();
    var history = plan.path("history");
    if (history.hasNonNull("p50_sec"))
      notes.add("  " + Text.count(history.path("rollouts").asLong(), "earlier rollout") + " took "
          + Text.duration(history.path("p50_sec").asDouble())
          + " for half of the instances and " + Text.duration(history.path("p95_sec").asDouble()) + " for 95 %");
    plan.path("warnings").forEach(warning -> notes.add("  " + screen.yellow("warning: ") + warning.asText()));
    plan.path("learnings").forEach(learning -> notes.add("  " + screen.cyan("learned: ") + Text.of(learning, "title")));
    return notes;
  }
}
