package dev.sluice.chassis;

import java.util.Map;

/// What a handler answers.
///
/// @param body written as JSON; null: none
public record Answer(int status, Object body, Map<String, String> headers) {
  public static Answer ok(Object body) { return new Answer(200, body, Map.of()); }

  public static Answer created(String location, Object body) { return new Answer(201, body, Map.of("Location", location)); }

  public static Answer noContent() { return new Answer(204, null, Map.of()); }
}
