package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The fleet, machine by machine.
@Command(name = "instances", description = "Instances: list, show, summary, enrol, decommission.")
final class Instances {
  @Command(name = "list", description = "The fleet.")
  int list(@Mixin Remote remote, @Mixin Limit limit,
      @Option(names = "--template", paramLabel = "ID", description = "only of this template") String template,
      @Option(names = "--status", paramLabel = "STATUS", description = "only with this status") String status,
      @Option(names = "--module", paramLabel = "ID", description = "only with this module") String module,
      @Option(names = "--label", paramLabel = "KEY:VALUE", description = "only with this label") String label) {
    var query = new LinkedHashMap<String, Object>();
    query.put("template_id", template);
    query.put("status", status);
    query.put("module_id", module);
    query.put("label", label);
    var answer = remote.api().list("/v1/instances", "instances", query, limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("INSTANCE", "TEMPLATE", "STATUS", "LAST HEARTBEAT", "LABELS", "RUNNING");
      answer.path("instances").forEach(i -> table.row(Text.of(i, "id"), Text.of(i, "template_id"), status(screen, Text.of(i, "status")),
          Text.time(i, "last_heartbeat_at"), pairs(i.path("labels")), running(screen, i)));
      table.show(screen, "There is no such instance; enrol some by `" + remote.again("fleet --instances 10")
          + "`, or by an agent on each host.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "show", description = "One instance.")
  int show(@Mixin Remote remote, @Parameters(paramLabel = "INSTANCE", description = "its id") String id) {
    var answer = remote.api().get("/v1/instances/" + Api.part(id));
    return remote.show(answer, screen -> {
      var table = new Table("FIELD", "VALUE");
      answer.properties().forEach(field -> table.row(field.getKey(), Text.of(answer, field.getKey())));
      table.show(screen, "");
    });
  }

  @Command(name = "summary", description = "How many report, by version and by label.")
  int summary(@Mixin Remote remote,
      @Option(names = "--template", paramLabel = "ID", description = "only of this template") String template) {
    var query = new LinkedHashMap<String, Object>();
    query.put("template_id", template);
    var answer = remote.api().get("/v1/fleet-summary", query);
    return remote.show(answer, screen -> {
      screen.line(Text.count(answer.path("total").asLong(), "instance") + ": " + Text.of(answer, "reporting") + " reporting, "
          + Text.of(answer, "silent") + " silent, " + Text.of(answer, "stopped") + " stopped, " + Text.of(answer, "never_reported")
          + " never reported");
      var table = new Table("BY", "VALUE", "INSTANCES");
      rows(table, answer.path("by_version"));
      rows(table, answer.path("by_label"));
      table.show(screen, "");
    });
  }

  @Command(name = "enrol", description = "Enrol an instance by hand; its token is shown once.")
  int enrol(@Mixin Remote remote,
      @Option(names = "--template", paramLabel = "ID", description = "may be left out where there is only one") String template,
      @Option(names = "--id", paramLabel = "ID", description = "else the server's choice") String id,
      @Option(names = "--name", paramLabel = "NAME", description = "for people") String name,
      @Option(names = "--label", paramLabel = "KEY=VALUE", description = "may be repeated") Map<String, String> labels) {
    var body = new LinkedHashMap<String, Object>();
    body.put("template_id", Text.of(new Names(remote.api()).template(template), "id"));
    if (id != null) body.put("id", id);
    if (name != null) body.put("name", name);
    if (labels != null) body.put("labels", labels);
    var answer = remote.api().post("/v1/instances", body);
    return remote.show(answer, screen -> {
      screen.line("id:    " + Text.of(answer, "id"));
      screen.line("token: " + Text.of(answer, "token"));
      screen.note("The token is not shown again.");
    });
  }

  @Command(name = "decommission", description = "Take an instance out of the fleet for good.")
  int decommission(@Mixin Remote remote, @Parameters(paramLabel = "INSTANCE", description = "its id") String id) {
    var answer = remote.api().delete("/v1/instances/" + Api.part(id));
    return remote.show(answer, screen -> screen.line("Instance " + id + " is decommissioned."));
  }

  private static void rows(Table table, JsonNode groups) {
    groups.properties().forEach(group -> group.getValue().properties()
        .forEach(value -> table.row(Text.plain(group.getKey()), Text.plain(value.getKey()), value.getValue().asText())));
  }

  private static String status(Screen screen, String status) {
    return switch (status) {
      case "running" -> screen.green(status);
      case "starting" -> screen.cyan(status);
      case "stopped", "decommissioned" -> screen.dim(status);
      default -> screen.yellow(status);
    };
  }

  private static String pairs(JsonNode object) {
    var text = new StringJoiner(",");
    object.properties().forEach(field -> text.add(field.getKey() + "=" + field.getValue().asText()));
    return Text.plain(text.toString());
  }

  /// Each module with its digest, `-` where none is known to run, and what its agent says of it where that is no success.
  private static String running(Screen screen, JsonNode instance) {
    var text = new StringJoiner(",");
    instance.path("running_module_digests").properties().forEach(field -> {
      var module = Text.plain(field.getKey()) + " " + Text.digest(field.getValue().asText());
      var state = Text.of(instance.path("module_status").path(field.getKey()), "state");
      text.add(state.isEmpty() || state.equals("healthy") ? module : module + " " + screen.yellow(state));
    });
    instance.path("module_status").properties().forEach(field -> {
      if (!instance.path("running_module_digests").has(field.getKey()))
        text.add(Text.plain(field.getKey()) + " - " + screen.yellow(Text.of(field.getValue(), "state")));
    });
    return text.toString();
  }
}
