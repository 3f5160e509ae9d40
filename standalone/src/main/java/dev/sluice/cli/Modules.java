package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Modules, their versions and the life of each.
@Command(name = "modules", description = "Modules and their versions: list, create, publish, promote.")
final class Modules {
  private static final List<String> LIFE = List.of("draft", "staging", "blessed", "live");

  @Command(name = "list", description = "All modules.")
  int list(@Mixin Remote remote, @Mixin Limit limit) {
    var answer = remote.api().list("/v1/modules", "modules", Map.of(), limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("MODULE", "NAME");
      answer.path("modules").forEach(module -> table.row(Text.of(module, "id"), Text.of(module, "name")));
      table.show(screen, "There is no module yet; make one by `" + remote.again("modules publish NAME VERSION PATH") + "`.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "versions", description = "The versions of a module.")
  int versions(@Mixin Remote remote, @Mixin Limit limit,
      @Parameters(paramLabel = "MODULE", description = "its id or name") String module) {
    var id = Text.of(new Names(remote.api()).module(module), "id");
    var answer = remote.api().list("/v1/modules/" + Api.part(id) + "/versions", "versions", Map.of(), limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("VERSION", "STATE", "ID", "DIGEST", "CREATED");
      answer.path("versions").forEach(v -> table.row(Text.of(v, "version"), state(screen, Text.of(v, "lifecycle_state")), Text.of(v, "id"),
          Text.digest(Text.of(v, "digest")), Text.time(v, "created_at")));
      table.show(screen,
          module + " has no version yet; make one by `" + remote.again("modules publish " + Sluice.quoted(module) + " VERSION PATH")
              + "`.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "create", description = "Make a module.")
  int create(@Mixin Remote remote, @Parameters(paramLabel = "NAME", description = "unique") String name,
      @Option(names = "--id", paramLabel = "ID", description = "else the name, which must then be an id: 1 to 128 of A-Za-z0-9._:-") String id) {
    var body = new LinkedHashMap<String, Object>();
    if (id != null) body.put("id", id);
    body.put("name", name);
    var answer = remote.api().post("/v1/modules", body);
    return remote.show(answer, screen -> screen.line("Module " + Text.of(answer, "id") + " is made."));
  }

  @Command(name = "publish", description = "Store a build and register it as a version, as draft. A folder is packed first, the same bytes for the same contents; a .tar.gz is taken as it is. A module that is missing is made.")
  int publish(@Mixin Remote remote, @Parameters(paramLabel = "NAME", description = "the module") String name,
      @Parameters(paramLabel = "VERSION", description = "its name for people, for example 1.26.0") String version,
      @Parameters(paramLabel = "PATH", description = "a folder, or a .tar.gz") Path path,
      @Option(names = "--notes", paramLabel = "TEXT", description = "what is new") String notes,
      @Option(names = "--promote", paramLabel = "STATE", description = "then promote it to staging, blessed or live") String to) {
    if (to != null && !LIFE.subList(1, LIFE.size()).contains(to))
      throw new Failure.Usage("--promote must be staging, blessed or live, not " + to);
    var made = publish(remote.api(), name, version, path, notes);
    var answer = to == null ? made : promote(remote.api(), made, to, true);
    return remote.show(answer, screen -> {
      screen.line(name + " " + version + " is " + Text.of(answer, "lifecycle_state") + ", " + Text.of(answer, "digest"));
      if (to == null)
        screen.note("Make it a target by:  " + remote
            .again("modules promote " + Sluice.quoted(name) + " " + Sluice.quoted(version) + " blessed --through"));
    });
  }

  @Command(name = "promote", description = "Move a version on in its life: draft, staging, blessed, live, archived.")
  int promote(@Mixin Remote remote, @Parameters(paramLabel = "NAME", description = "the module") String name,
      @Parameters(paramLabel = "VERSION", description = "its version or id") String version,
      @Parameters(paramLabel = "STATE", description = "where to") String state,
      @Option(names = "--through", description = "pass the states between, one legal move after the other") boolean through) {
    var names = new Names(remote.api());
    var answer = promote(remote.api(), names.version(Text.of(names.module(name), "id"), version), state, through);
    return remote.show(answer,
        screen -> screen.line(name + " " + Text.of(answer, "version") + " is " + Text.of(answer, "lifecycle_state") + "."));
  }

  /// Publishes a version; making the module where it is missing.
  static JsonNode publish(Api api, String name, String version, Path path, String notes) {
    if (!Files.exists(path)) throw new Failure.Usage(path + " does not exist");
    if (!Files.isDirectory(path) && !path.toString().matches(".*\\.(tar\\.gz|tgz)"))
      throw new Failure.Usage(path + " is neither a folder nor a .tar.gz");
    Path packed = null;
    try {
      if (Files.isDirectory(path)) {
        packed = Files.createTempFile("sluice-", ".tar.gz");
        packed.toFile().deleteOnExit(); // also when it is interrupted
        Tarball.pack(path, packed);
      }
      var archive = packed == null ? path : packed;
      var digest = Tarball.digest(archive);
      var module = moduleOrNew(api, name);
      api.upload("/v1/artifacts/" + digest, archive);
      var body = new LinkedHashMap<String, Object>(Map.of("version", version, "digest", digest, "artifact_url", "/v1/artifacts/" + digest));
      if (notes != null) body.put("notes", notes);
      return api.post("/v1/modules/" + Api.part(Text.of(module, "id")) + "/versions", body);
    } catch (IOException e) {
      throw new Failure.Usage("cannot pack " + path + ": " + Text.why(e));
    } finally {
      if (packed != null) packed.toFile().delete();
    }
  }

  private static JsonNode moduleOrNew(Api api, String name) {
    var there = Names.stream(api.list("/v1/modules", "modules", Map.of(), Integer.MAX_VALUE).path("modules"))
        .filter(module -> Text.of(module, "id").equals(name) || Text.of(module, "name").equals(name)).findFirst();
    return there.isPresent() ? there.get() : api.post("/v1/modules", Map.of("name", name));
  }

  /// Moves a version to a state; with `through` by all legal moves between, upwards.
  static JsonNode promote(Api api, JsonNode version, String state, boolean through) {
    int from = LIFE.indexOf(Text.of(version, "lifecycle_state"));
    int to = LIFE.indexOf(state);
    var moves = through && from >= 0 && to > from ? LIFE.subList(from + 1, to + 1) : List.of(state);
    var moved = (ObjectNode) version.deepCopy();
    for (var move : moves) {
      var answer = api.post("/v1/module-versions/" + Api.part(Text.of(version, "id")) + "/promote", Map.of("to", move));
      if (answer instanceof ObjectNode now) moved.setAll(now);
      moved.put("lifecycle_state", move);
    }
    return moved;
  }

  private static String state(Screen screen, String state) {
    return switch (state) {
      case "live" -> screen.green(state);
      case "blessed" -> screen.cyan(state);
      case "archived" -> screen.dim(state);
      default -> state;
    };
  }
}
