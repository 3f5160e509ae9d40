package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Who an agent is to its server. On disk it is readable by its owner only.
///
/// @param id    of the instance
/// @param token shown to the server with each call; never logged
record Identity(String id, String token) {
  static final Identity NONE = new Identity("", "");

  /// @throws IllegalArgumentException where the server's answer lacks one
  static Identity of(JsonObject json) {
    var identity = new Identity(json.getString("id", ""), json.getString("token", ""));
    if (identity.id.isEmpty() || identity.token.isEmpty())
      throw new IllegalArgumentException("the answer to the enrolment needs an id and a token");
    return identity;
  }

  static Optional<Identity> load(Path file) throws IOException { return Durable.read(file, Identity::of); }

  void save(Path file) throws IOException {
    var json = new JsonObject();
    json.put("id", id);
    json.put("token", token);
    Durable.write(file, json);
  }

  @Override
  public String toString() { return "Identity[" + id + "]"; }
}
