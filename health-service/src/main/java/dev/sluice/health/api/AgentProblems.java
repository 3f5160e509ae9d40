package dev.sluice.health.api;

import dev.sluice.chassis.Http;
import dev.sluice.chassis.Json;
import dev.sluice.contract.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;

/// Refusals of the calls that do not go through the porch.
final class AgentProblems {
  private AgentProblems() {}

  static void answer(HttpServerRequest request, Problem problem) {
    var response = request.response();
    if (response.ended() || response.closed()) return;
    if (problem.status() == 401) response.putHeader("WWW-Authenticate", "Bearer");
    if (problem.status() == 503 || problem.status() == 429) response.putHeader("Retry-After", "1");
    response.setStatusCode(problem.status()).putHeader("Content-Type", "application/problem+json")
        .end(body(problem, Map.of("request_id", String.valueOf(response.headers().get("X-Request-Id")))));
  }

  /// A problem as JSON.
  ///
  /// @param more members beside the problem's own
  static Buffer body(Problem problem, Map<String, Object> more) {
    var body = Http.members(problem);
    body.putAll(more);
    return Json.buffer(body);
  }
}
