package dev.sluice.planner.api;

import dev.sluice.chassis.Call;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Problem;
import dev.sluice.planner.store.Page;
import java.util.LinkedHashMap;
import java.util.Map;

/// Lists over the wire: a cursor is the number that the next page begins behind.
final class Cursors {
  private Cursors() {}

  /// Where the page begins; 0 where no cursor was given.
  static long after(Call call) {
    var cursor = call.cursor().orElse("0");
    if (!cursor.matches("\\d{1,18}"))
      throw new ProblemException(Problem.invalid("cursor", "must be the next_cursor of a page before", cursor));
    return Long.parseLong(cursor);
  }

  /// The same, where places are counted in `int`.
  static int place(Call call) { return (int) Math.min(1_000_000_000, after(call)); }

  static Map<String, Object> page(String plural, Page<?> page) {
    var body = new LinkedHashMap<String, Object>();
    body.put(plural, page.items());
    body.put("next_cursor", page.nextCursor());
    return body;
  }
}
