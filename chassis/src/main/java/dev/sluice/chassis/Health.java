package dev.sluice.chassis;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/// `/healthz`, `/readyz`, `/metrics` and the OpenAPI document: what machines ask, without credentials. Ready means that every check passes; the answer names what does not.
public final class Health {
  private final Chassis chassis;
  private final Map<String, Callable<Boolean>> checks = new LinkedHashMap<>();

  Health(Chassis chassis) {
    this.chassis = chassis;
  }

  /// Adds a check; a failure or `false` means that the part is away. Blocks as it likes, within seconds.
  public Health check(String part, Callable<Boolean> check) {
    checks.put(part, check);
    return this;
  }

  /// The parts that are away, each with what is wrong; empty if the service is ready.
  public Map<String, String> away() {
    var away = new LinkedHashMap<String, String>();
    checks.forEach((part, check) -> {
      try {
        if (!check.call()) away.put(part, "not yet");
      } catch (Exception e) {
        away.put(part, String.valueOf(e.getMessage()));
      }
    });
    return away;
  }

  void routes(Router router, OpenApi document) {
    router.get("/healthz").handler(context -> json(context, 200, Map.of("status", "alive", "service", chassis.config().service())));
    router.get("/metrics").handler(
        context -> context.response().putHeader("Content-Type", "text/plain; version=0.0.4").end(chassis.node().metrics().scrape()));
    router.get("/openapi.yaml").handler(context -> context.response().putHeader("Content-Type", "application/yaml").end(document.text()));
    router.get("/readyz").handler(context -> chassis.vertx().executeBlocking(this::away, false).onComplete(result -> {
      var away = result.succeeded() ? result.result() : Map.of("service", String.valueOf(result.cause().getMessage()));
      if (!away.isEmpty()) context.response().putHeader("Retry-After", "1");
      json(context, away.isEmpty() ? 200 : 503,
          Map.of("status", away.isEmpty() ? "ready" : "not ready", "service", chassis.config().service(), "away", away));
    }));
  }

  private static void json(RoutingContext context, int status, Object body) {
    Buffer buffer = Json.buffer(body);
    context.response().setStatusCode(status).putHeader("Content-Type", "application/json").end(buffer);
  }
}
