package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/// Texts that come again and again, each kept once.
final class Texts {
  private final Map<String, String> seen = new HashMap<>();

  String one(String text) { return seen.computeIfAbsent(text, t -> t); }

  /// A field; null where it is absent or null.
  String of(JsonNode node, String field) { return node.hasNonNull(field) ? one(node.get(field).asText()) : null; }
}
