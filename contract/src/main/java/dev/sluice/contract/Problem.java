package dev.sluice.contract;

import java.util.List;
import java.util.Map;

/// A refusal, in the shape of RFC 9457.
///
/// @param type   the last part of the problem type's URI; each has a page under `docs/problems`
/// @param title  the same for every problem of the type
/// @param status the HTTP status
/// @param detail the fact, and the way out
/// @param errors the faults of an input, all at once; empty otherwise
/// @param extra  members of this type's own, in the words of `behaviour.md`
public record Problem(String type, String title, int status, String detail, List<Fault> errors, Map<String, Object> extra) {
  public Problem {
    errors = List.copyOf(errors);
    extra = Map.copyOf(extra);
  }

  public static Problem invalid(List<Fault> faults) {
    return new Problem("invalid-input", "The input is not valid", 400,
        faults.size() == 1
            ? faults.getFirst().field() + " " + faults.getFirst().message()
            : faults.size() + " fields are not valid; see errors",
        faults, Map.of());
  }

  public static Problem invalid(String field, String message, Object given) { return invalid(List.of(new Fault(field, message, given))); }

  public static Problem notFound(String what, String id) {
    return notFound("there is no " + what + " " + id, List.of(), Map.of());
  }

  public static Problem notFound(String detail, List<Fault> errors, Map<String, Object> extra) {
    return new Problem("not-found", "There is no such thing", 404, detail, errors, extra);
  }

  /// An id in a body that names nothing.
  public static Problem unknown(String field, String what, String id) {
    return notFound(field + " names no " + what + ": " + id, List.of(new Fault(field, "must name a " + what + " that exists", id)),
        Map.of());
  }

  public static Problem conflict(String detail, Map<String, Object> extra) {
    return new Problem("conflict", "The request conflicts with the present state", 409, detail, List.of(), extra);
  }

  public static Problem forbidden(String detail, Map<String, Object> extra) {
    return new Problem("forbidden", "Not allowed", 403, detail, List.of(), extra);
  }

  public static Problem unauthorized(String detail) {
    return new Problem("unauthorized", "No valid credentials", 401, detail, List.of(), Map.of());
  }

  /// A body that is longer than is taken.
  public static Problem tooLarge(String detail, Map<String, Object> extra) {
    return new Problem("too-large", "The body is too large", 413, detail, List.of(), extra);
  }

  /// A body that does not come to its end in time.
  public static Problem tooSlow(String detail) {
    return new Problem("too-slow", "The body came too slowly", 408, detail, List.of(), Map.of());
  }

  /// @param status 414 or 431
  public static Problem headTooLarge(int status, String detail) {
    return new Problem("head-too-large", "The head of the request is too large", status, detail, List.of(), Map.of());
  }

  /// @param given null: none
  public static Problem unsupportedMediaType(String wanted, String given) {
    return new Problem("unsupported-media-type", "The media type does not fit", 415, "send Content-Type: " + wanted + ", not " + given,
        List.of(), Map.of());
  }

  /// A part that is needed does not answer; the caller should try again.
  public static Problem unavailable(String detail) {
    return new Problem("unavailable", "A part that this needs is away", 503, detail, List.of(), Map.of());
  }
}
