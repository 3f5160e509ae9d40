package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/// What people call the versions that answers name by id. Asks once for each module; where nobody can be asked, the id must do.
final class VersionNames {
  private final Names names;
  private final Map<String, Map<String, String>> byModule = new HashMap<>();

  VersionNames(Api api) { names = new Names(api); }

  /// The name of the version in a field, of the module in `module_id`.
  String of(JsonNode node, String field) { return of(Text.of(node, "module_id"), Text.of(node, field)); }

  String of(String moduleId, String versionId) {
    if (versionId.isEmpty()) return "";
    return byModule.computeIfAbsent(moduleId, this::read).getOrDefault(versionId, versionId);
  }

  private Map<String, String> read(String moduleId) {
    var read = new HashMap<String, String>();
    try {
      names.versions(moduleId).forEach(v -> read.put(Text.of(v, "id"), Text.of(v, "version")));
    } catch (Failure away) {
      return Map.of();
    }
    return read;
  }
}
