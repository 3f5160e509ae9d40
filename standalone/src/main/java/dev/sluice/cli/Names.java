package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// Finds things by what people call them: an id, a name, a version, the word `latest`.
final class Names {
  private static final int ALL = Integer.MAX_VALUE;
  private static final int NOT_FOUND = 404;
  private final Api api;

  Names(Api api) { this.api = api; }

  /// The module of an id or a name.
  JsonNode module(String text) {
    return byIdOrName("/v1/modules", "modules", text).orElseThrow(() -> Failure.Refused
        .because("there is no module " + text + "; `" + api.again("modules list") + "` shows all"));
  }

  /// The template of an id or a name; of none, the only one there is.
  JsonNode template(String text) {
    if (text != null)
      return byIdOrName("/v1/templates", "templates", text).orElseThrow(() -> Failure.Refused
          .because("there is no template " + text + "; `" + api.again("templates list") + "` shows all"));
    var all = api.list("/v1/templates", "templates", Map.of(), 2).path("templates");
    if (all.size() == 1) return all.get(0);
    throw new Failure.Usage(all.isEmpty()
        ? "there is no template yet; make one by `" + api.again("templates create NAME --module MODULE=VERSION") + "`"
        : "there are several templates; name one by --template");
  }

  /// The version of a module by its id or its name.
  JsonNode version(String moduleId, String text) {
    return versions(moduleId).filter(v -> Text.of(v, "id").equals(text) || Text.of(v, "version").equals(text)).findFirst()
        .orElseThrow(() -> Failure.Refused
            .because("module " + moduleId + " has no version " + text + "; `" + api.again("modules versions " + moduleId) + "` shows all"));
  }

  Stream<JsonNode> versions(String moduleId) {
    return stream(api.list("/v1/modules/" + Api.part(moduleId) + "/versions", "versions", Map.of(), ALL).path("versions"));
  }

  /// The id of a rollout: itself, or that of the one made last.
  String rollout(String text) {
    if (!text.equals("latest")) return Api.named(text);
    var newest = api.get("/v1/rollouts", Map.of("limit", 1)).path("rollouts");
    if (newest.isEmpty())
      throw Failure.Refused.because("there is no rollout yet; make one by `" + api.again("plan --module MODULE --target VERSION") + "`");
    return Text.of(newest.get(0), "id");
  }

  static Stream<JsonNode> stream(JsonNode array) { return StreamSupport.stream(array.spliterator(), false); }

  private Optional<JsonNode> byIdOrName(String path, String items, String text) {
    try {
      return Optional.of(api.get(path + "/" + Api.part(text)));
    } catch (Failure.Refused refused) {
      if (refused.status() != NOT_FOUND) throw refused;
    }
    return stream(api.list(path, items, Map.of(), ALL).path(items)).filter(item -> Text.of(item, "name").equals(text)).findFirst();
  }
}
