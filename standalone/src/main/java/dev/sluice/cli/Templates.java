package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Templates: kinds of instances, with the versions that new ones get.
@Command(name = "templates", description = "Templates, the kinds of instances: list, create, show, set.")
final class Templates {
  private static final String TEMPLATE = "its id or name";

  @Command(name = "list", description = "All templates.")
  int list(@Mixin Remote remote, @Mixin Limit limit) {
    var answer = remote.api().list("/v1/templates", "templates", Map.of(), limit.items());
    return remote.show(answer, screen -> {
      var names = new VersionNames(remote.api());
      var table = new Table("TEMPLATE", "NAME", "MODULES");
      answer.path("templates").forEach(t -> table.row(Text.of(t, "id"), Text.of(t, "name"), Names.stream(t.path("modules"))
          .map(m -> Text.of(m, "module_id") + " " + names.of(m, "version_id")).collect(Collectors.joining(", "))));
      table.show(screen, "There is no template yet; make one by `" + remote.again("templates create NAME --module MODULE=VERSION") + "`.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "show", description = "One template.")
  int show(@Mixin Remote remote, @Parameters(paramLabel = "TEMPLATE", description = TEMPLATE) String template) {
    return show(remote, new Names(remote.api()).template(template));
  }

  @Command(name = "create", description = "Make a template.")
  int create(@Mixin Remote remote, @Parameters(paramLabel = "NAME", description = "for people") String name,
      @Option(names = "--id", paramLabel = "ID", description = "else the server's choice") String id,
      @Option(names = "--module", paramLabel = "MODULE=VERSION", description = "what new instances run; may be repeated") Map<String, String> modules) {
    var names = new Names(remote.api());
    var assigned = new ArrayList<Map<String, String>>();
    if (modules != null) modules.forEach((module, version) -> assigned.add(assignment(names, module, version)));
    var body = new LinkedHashMap<String, Object>();
    if (id != null) body.put("id", id);
    body.put("name", name);
    body.put("modules", assigned);
    return show(remote, remote.api().post("/v1/templates", body));
  }

  @Command(name = "set", description = "Set the version of a module that new instances get. Moves no running instance: that is what `plan` is for.")
  int set(@Mixin Remote remote, @Parameters(paramLabel = "TEMPLATE", description = TEMPLATE) String template,
      @Parameters(paramLabel = "MODULE=VERSION", arity = "1..*", description = "for example nginx=1.26.0") Map<String, String> modules) {
    var names = new Names(remote.api());
    var before = names.template(template);
    var assigned = new LinkedHashMap<String, Map<String, String>>();
    before.path("modules").forEach(m -> assigned.put(Text.of(m, "module_id"),
        Map.of("module_id", Text.of(m, "module_id"), "version_id", Text.of(m, "version_id"))));
    modules.forEach((module, version) -> {
      var assignment = assignment(names, module, version);
      assigned.put(assignment.get("module_id"), assignment);
    });
    return show(remote,
        remote.api().patch("/v1/templates/" + Api.part(Text.of(before, "id")), Map.of("modules", List.copyOf(assigned.values()))));
  }

  private static Map<String, String> assignment(Names names, String module, String version) {
    var id = Text.of(names.module(module), "id");
    return Map.of("module_id", id, "version_id", Text.of(names.version(id, version), "id"));
  }

  private static int show(Remote remote, JsonNode template) {
    return remote.show(template, screen -> {
      var names = new VersionNames(remote.api());
      screen.line("Template " + Text.of(template, "id") + " (" + Text.of(template, "name") + ")");
      var table = new Table("MODULE", "VERSION", "VERSION ID");
      template.path("modules").forEach(m -> table.row(Text.of(m, "module_id"), names.of(m, "version_id"), Text.of(m, "version_id")));
      table.show(screen, "It has no module yet; give it one by `"
          + remote.again("templates set " + Text.of(template, "id") + " MODULE=VERSION") + "`.");
    });
  }
}
