package dev.sluice.chassis;

import dev.sluice.contract.Topics;
import dev.sluice.sandbox.Sandbox;
import dev.sluice.sandbox.TopicSpec;
import java.util.Map;

/// A database and the topic `sluice.instance` of a test's own on the real servers.
final class Real {
  private static final Sandbox SANDBOX = Sandbox.shared();

  private Real() {}

  /// Settings of a service that stands alone in its database and on its topics.
  static ServiceConfig config(String schema) {
    var prefix = SANDBOX.freshPrefix();
    SANDBOX.ensureTopics(
        Map.of(prefix + Topics.INSTANCE, new TopicSpec(2), prefix + Topics.INSTANCE + ".dead", new TopicSpec(1)));
    var login = SANDBOX.freshDatabase().login(schema);
    return new ServiceConfig(schema + "-service", "127.0.0.1", 0, login.host(), login.port(), login.database(), login.user(),
        login.password(), schema, 10,
        SANDBOX.bootstrap(), prefix, 6_000, 0);
  }
}
