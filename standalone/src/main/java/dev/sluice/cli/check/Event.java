package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/// One event as the gateway serves it, kept small: a rollout of a million instances has some millions of them.
///
/// @param seq        its place in the rollout's stream; 0 where it is of another stream
/// @param kind       without `module.upgrade.`
/// @param batch      -1 where it is about none
/// @param instance   null where it is about none
/// @param reason     null where none is said
/// @param version    what it is to run, or runs again; null where none is said
/// @param more       the whole event where it is about no single instance; else null
record Event(long id, long seq, String kind, Instant at, int batch, String instance, boolean healthy, String reason, long generation,
    double seconds, String version, JsonNode more) {
  private static final String PREFIX = "module.upgrade.";

  /// @param known gives one text for all that are equal
  static Event of(JsonNode e, Texts known) {
    var kind = e.path("kind").asText();
    var instance = known.of(e, "instance_id");
    return new Event(Long.parseLong(e.path("id").asText()), e.path("stream_seq").asLong(),
        known.one(kind.startsWith(PREFIX) ? kind.substring(PREFIX.length()) : kind), Instant.parse(e.path("occurred_at").asText()),
        e.path("batch_index").asInt(-1), instance, e.path("healthy").asBoolean(), known.of(e, "reason"), e.path("generation").asLong(),
        e.path("seconds").asDouble(), known.of(e, e.has("to_version") ? "to_version" : "target_version"), instance == null ? e : null);
  }

  boolean is(String other) { return kind.equals(other); }

  /// A field of an event that is about no single instance; empty where there is none.
  String text(String field) { return more.path(field).asText(""); }

  int number(String field) { return more.path(field).asInt(); }
}
