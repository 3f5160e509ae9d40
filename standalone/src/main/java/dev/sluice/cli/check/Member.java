package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/// One member as the rollout shows it.
///
/// @param from the version before, its own
/// @param to   the version that it is to run now
record Member(String instance, int batch, String state, String reason, boolean regressed, String from, String to, Instant handedOutAt,
    Instant verdictAt) {
  static Member of(JsonNode m, Texts known) {
    return new Member(known.of(m, "instance_id"), m.path("batch_index").asInt(), known.of(m, "state"), known.of(m, "reason"),
        m.path("regressed").asBoolean(), known.of(m, "from"), known.of(m, "to"), time(m, "handed_out_at"), time(m, "verdict_at"));
  }

  /// Null where it is absent or null.
  static Instant time(JsonNode node, String field) { return node.hasNonNull(field) ? Instant.parse(node.get(field).asText()) : null; }

  /// Whether what it was last told is the rollout's target, and not its way back.
  boolean goesUp() {
    return switch (state) {
      case "rolling_back", "rolled_back", "rollback_failed" -> false;
      default -> true;
    };
  }
}
