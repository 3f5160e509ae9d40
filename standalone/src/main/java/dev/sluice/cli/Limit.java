package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Option;

/// How much of a list is shown.
final class Limit {
  @Option(names = "--limit", paramLabel = "N", defaultValue = "100", order = 100, description = "at most so many; 0: all (default: 100)")
  private int limit;

  int items() { return items(limit); }

  /// @param limit as it was given
  static int items(int limit) {
    if (limit < 0) throw new Failure.Usage("--limit must not be negative");
    return limit == 0 ? Integer.MAX_VALUE : limit;
  }

  /// Says that there are more, where there are.
  void more(JsonNode answer, Screen screen) {
    if (answer.hasNonNull("next_cursor")) screen.note("There are more; --limit 0 shows all.");
  }
}
