package dev.sluice.health.store;

import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/// Records to the arrays of an `unnest`, and columns of time.
public final class Columns {
  private Columns() {}

  static <T> String[] texts(Collection<T> rows, Function<T, String> column) { return rows.stream().map(column).toArray(String[]::new); }

  static <T> Long[] longs(Collection<T> rows, ToLongFunction<T> column) {
    return rows.stream().map(column::applyAsLong).toArray(Long[]::new);
  }

  static <T> Integer[] ints(Collection<T> rows, ToIntFunction<T> column) {
    return rows.stream().map(column::applyAsInt).toArray(Integer[]::new);
  }

  static <T> Boolean[] flags(Collection<T> rows, Function<T, Boolean> column) { return rows.stream().map(column).toArray(Boolean[]::new); }

  static <T> OffsetDateTime[] times(Collection<T> rows, Function<T, Instant> column) {
    return rows.stream().map(column).map(Columns::time).toArray(OffsetDateTime[]::new);
  }

  /// @param instant null stays null
  static OffsetDateTime time(Instant instant) { return instant == null ? null : instant.atOffset(ZoneOffset.UTC); }

  /// @return null where the column is
  static Instant time(Row row, String column) {
    var value = row.get(OffsetDateTime.class, column);
    return value == null ? null : value.toInstant();
  }
}
