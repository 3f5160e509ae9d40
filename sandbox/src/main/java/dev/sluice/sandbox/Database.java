package dev.sluice.sandbox;

import java.util.Map;
import java.util.Optional;

/// One database with a schema and a login role for each service. A role owns its own schema, finds it first, and sees no other.
///
/// @param name   of the database
/// @param logins by service: `planner`, `approval`, `rollout`, `health`, `gateway`
public record Database(String name, Map<String, Login> logins) {
  public Database {
    logins = Map.copyOf(logins);
  }

  /// The way in for one service.
  public Login login(String service) {
    return Optional.ofNullable(logins.get(service))
        .orElseThrow(() -> new IllegalArgumentException("no service %s; there are %s".formatted(service, logins.keySet())));
  }
}
