package dev.sluice.planner.store;

import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.util.List;
import java.util.function.Function;

/// Some items of a list.
///
/// @param nextCursor where the next page begins; null on the last
public record Page<T>(List<T> items, String nextCursor) {
  public Page {
    items = List.copyOf(items);
  }

  /// A page of a list in order of the column `n`, from one row more than the page holds.
  static <T> Page<T> of(RowSet<Row> rows, int limit, Function<Row, T> item) {
    var all = rows.stream().toList();
    var next = all.size() > limit ? Long.toString(all.get(limit - 1).getLong("n")) : null;
    return new Page<>(all.stream().limit(limit).map(item).toList(), next);
  }
}
