package dev.sluice.chassis;

import dev.sluice.contract.Problem;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/// A request that fits its operation of the OpenAPI document.
public final class Call {
  private static final int DEFAULT_LIMIT = 50;
  private final RoutingContext context;
  private final JsonObject body;
  private final Map<String, Object> query;
  private final Attempt attempt;

  Call(RoutingContext context, JsonObject body, Map<String, Object> query, Attempt attempt) {
    this.context = context;
    this.body = body;
    this.query = query;
    this.attempt = attempt;
  }

  /// The same call, tried so.
  Call as(Attempt by) { return new Call(context, body, query, by); }

  /// Which try to do it this is.
  public Attempt attempt() { return attempt; }

  /// A part of the path, decoded.
  public String path(String name) { return context.pathParam(name); }

  public Optional<String> query(String name) { return Optional.ofNullable(query.get(name)).map(Object::toString); }

  public Optional<Integer> number(String name) { return Optional.ofNullable((Integer) query.get(name)); }

  public boolean flag(String name) { return Boolean.TRUE.equals(query.get(name)); }

  /// How many items a list answers, 1 to 1000.
  public int limit() { return number("limit").orElse(DEFAULT_LIMIT); }

  public Optional<String> cursor() { return query("cursor"); }

  /// The body as a record. Absent members are null.
  public <T> T body(Class<T> type) {
    try {
      return Json.read(body == null ? "{}" : body.encode(), type);
    } catch (IllegalArgumentException e) {
      throw new ProblemException(Problem.invalid("body", "does not fit: " + e.getMessage(), null));
    }
  }

  /// The body as it was sent; empty where there was none.
  public Map<String, Object> body() { return body == null ? Map.of() : Json.map(body.encode()); }

  public Optional<String> header(String name) { return Optional.ofNullable(context.request().getHeader(name)); }

  /// Who calls: named by himself until identities come.
  public String actor() { return actor(context); }

  /// Who calls, for raw handlers.
  public static String actor(RoutingContext context) {
    var given = utf8(context.request().getHeader("X-Sluice-Actor")).strip();
    if (given.isEmpty()) return "operator";
    return given.substring(0, given.offsetByCodePoints(0, Math.min(128, given.codePointCount(0, given.length()))));
  }

  /// A header as it was meant: its bytes come as ISO 8859-1, and are UTF-8 where they can be.
  private static String utf8(String header) {
    if (header == null) return "";
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header.getBytes(StandardCharsets.ISO_8859_1))).toString();
    } catch (CharacterCodingException e) {
      return header;
    }
  }

  /// The bearer token, for raw handlers.
  public static Optional<String> bearer(RoutingContext context) {
    var given = context.request().getHeader("Authorization");
    if (given == null || !given.regionMatches(true, 0, "Bearer ", 0, 7) || given.substring(7).isBlank()) return Optional.empty();
    return Optional.of(given.substring(7).strip());
  }
}
