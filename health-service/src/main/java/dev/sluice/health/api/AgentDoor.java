package dev.sluice.health.api;

import dev.sluice.chassis.Ids;
import dev.sluice.contract.Problem;
import dev.sluice.health.ingest.Cell;
import dev.sluice.health.ingest.Cells;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/// Lets an agent in with the token of its own instance.
final class AgentDoor {
  private static final String BEARER = "Bearer ";
  private final Cells cells;

  AgentDoor(Cells cells) {
    this.cells = cells;
  }

  /// Who may come in, or why not: one of the two is null.
  record Entry(Cell cell, Problem refusal) {}

  /// Completes at once for an instance that this replica knows; else when it is read, on any thread. Never fails.
  Future<Entry> enter(HttpServerRequest request, String instanceId) {
    var header = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (header == null || header.length() <= BEARER.length() || !header.regionMatches(true, 0, BEARER, 0, BEARER.length()))
      return Future.succeededFuture(refused("this needs the header Authorization: Bearer <token of the instance>"));
    var token = header.substring(BEARER.length()).strip();
    if (!Ids.isId(instanceId)) return Future.succeededFuture(refused("there is no such instance"));
    var known = cells.known(instanceId);
    if (known != null) return Future.succeededFuture(enter(known, token));
    return cells.get(instanceId).map(cell -> enter(cell, token))
        .otherwise(new Entry(null, Problem.unavailable("the instance cannot be read now; try again")));
  }

  static Entry enter(Cell cell, String token) {
    var credentials = cell.credentials();
    if (credentials == null || !Ids.matches(token, credentials.tokenHash()))
      return refused("this is not the token of the instance " + cell.id());
    if (!credentials.enrolled()) return refused("the instance " + cell.id() + " is decommissioned; its token is void");
    return new Entry(cell, null);
  }

  private static Entry refused(String detail) { return new Entry(null, Problem.unauthorized(detail)); }
}
