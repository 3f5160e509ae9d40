package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Shows who does not run what the template says.
@Command(name = "drift", description = "Show which instances do not run what their template says.")
final class Drift implements Callable<Integer> {
  private static final List<String> BUCKETS = List.of("converged", "drifted", "not_reporting", "never_reported", "in_rollout");

  @Option(names = "--template", paramLabel = "ID", description = "may be left out where there is only one")
  private String template;

  @Mixin
  private Limit limit;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var query = new LinkedHashMap<String, Object>();
    query.put("template_id", Text.of(new Names(remote.api()).template(template), "id"));
    var answer = remote.api().list("/v1/drift-report", "instances", query, limit.items());
    return remote.show(answer, screen -> {
      lines(answer, screen).forEach(screen::line);
      limit.more(answer, screen);
    });
  }

  static List<String> lines(JsonNode report, Screen screen) {
    var lines = new ArrayList<String>();
    boolean drift = report.path("drift").asBoolean();
    var counts = report.path("counts");
    lines.add("drift " + (drift ? screen.yellow("true") : screen.green("false")) + ": " + BUCKETS.stream()
        .filter(bucket -> counts.path(bucket).asLong() > 0 || bucket.equals("converged"))
        .map(bucket -> counts.path(bucket).asLong() + " " + bucket.replace('_', ' ')).collect(Collectors.joining(", ")));
    var table = new Table("INSTANCE", "BUCKET", "MODULE", "WANT", "DESIRED", "HAVE");
    for (var instance : report.path("instances")) {
      var modules = instance.path("modules");
      if (modules.isEmpty()) table.row(id(instance), Text.of(instance, "bucket").replace('_', ' '), "", "", "", "");
      for (var module : modules)
        table.row(id(instance), Text.of(instance, "bucket").replace('_', ' '), Text.of(module, "module_id"), Text.of(module, "want"),
            Text.of(module, "desired"), Text.digest(Text.of(module, "have")));
    }
    if (!report.path("instances").isEmpty()) lines.addAll(table.lines(screen));
    return lines;
  }

  private static String id(JsonNode instance) { return Text.of(instance, "instance_id"); }
}
