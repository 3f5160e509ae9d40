package dev.sluice.health.api;

import dev.sluice.chassis.Ids;
import dev.sluice.contract.Problem;
import dev.sluice.health.ingest.Cell;
import dev.sluice.health.ingest.Cells;
import dev.sluice.health.ingest.Credentials;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.security.MessageDigest;

/// Lets an agent in with the token of its own instance.
final class AgentDoor {
  private static final String BEARER = "Bearer ";
  private final Cells cells;

  private final Runnable unreadable;

  /// @param unreadable told when it cannot be said whether somebody may come in
  AgentDoor(Cells cells, Runnable unreadable) {
    this.cells = cells;
    this.unreadable = unreadable;
  }

  /// Who may come in, or why not: one of the two is null.
  ///
  /// @param shown the credentials that the token belongs to
  record Entry(Cell cell, Credentials shown, Problem refusal) {
    /// Whether the token still opens: not once the instance is decommissioned, or another machine is enrolled under its id.
    boolean holds() {
      var now = cell.credentials();
      return now.enrolled() && MessageDigest.isEqual(now.tokenHash(), shown.tokenHash());
    }
  }

  /// Completes at once for an instance that this replica knows, with its token; else when it is read, on any thread. Never fails.
  Future<Entry> enter(HttpServerRequest request, String instanceId) {
    var header = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (header == null || header.length() <= BEARER.length() || !header.regionMatches(true, 0, BEARER, 0, BEARER.length()))
      return Future.succeededFuture(refused("this needs the header Authorization: Bearer <token of the instance>"));
    var token = header.substring(BEARER.length()).strip();
    if (!Ids.isId(instanceId)) return Future.succeededFuture(refused("there is no such instance"));
    var known = cells.known(instanceId);
    if (known != null && enter(known, token) instanceof Entry entry && entry.refusal() == null) return Future.succeededFuture(entry);
    // also one that is known: another replica may have enrolled it anew a moment ago
    return cells.again(instanceId).map(cell -> enter(cell, token)).otherwise(_ -> {
      unreadable.run();
      return new Entry(null, null, Problem.unavailable("the instance cannot be read now; try again"));
    });
  }

  static Entry enter(Cell cell, String token) {
    var credentials = cell.credentials();
    if (credentials == null || !Ids.matches(token, credentials.tokenHash()))
      return refused("this is not the token of the instance " + cell.id());
    if (!credentials.enrolled()) return new Entry(null, null, voidToken(cell));
    return new Entry(cell, credentials, null);
  }

  static Problem voidToken(Cell cell) {
    return Problem.unauthorized("the instance " + cell.id() + " was decommissioned; its token is void");
  }

  private static Entry refused(String detail) { return new Entry(null, null, Problem.unauthorized(detail)); }
}
