package dev.sluice.agent;

import com.grack.nanojson.JsonObject;

/// The desired version of a module, as the server hands it out.
///
/// @param version     its name for people
/// @param digest      `sha256:` and 64 hex digits, of the archive
/// @param generation  grows with each change of the desired version; 0 in [#NONE] only
/// @param artifactUrl where the archive is, perhaps relative to the server; empty means the server's own store
record Instruction(String version, String digest, long generation, String artifactUrl) {
  static final Instruction NONE = new Instruction("", "", 0, "");

  /// @throws IllegalArgumentException where a field is missing or has the wrong form
  static Instruction of(JsonObject json) {
    String digest = json.getString("digest", "");
    long generation = json.getLong("generation", 0);
    if (!Release.isDigest(digest) || generation < 1)
      throw new IllegalArgumentException("an instruction needs a sha256 digest and a generation of 1 or more: " + json);
    return new Instruction(json.getString("version", ""), digest, generation, json.getString("artifact_url", ""));
  }

  JsonObject json() {
    var json = new JsonObject();
    json.put("version", version);
    json.put("digest", digest);
    json.put("generation", generation);
    json.put("artifact_url", artifactUrl);
    return json;
  }

  Release release() { return new Release(digest, version); }

  /// Whole, or relative to the server, which may have a path.
  String url() {
    if (artifactUrl.isEmpty()) return "v1/artifacts/" + digest;
    return artifactUrl.startsWith("/") && !artifactUrl.startsWith("//") ? artifactUrl.substring(1) : artifactUrl;
  }
}
