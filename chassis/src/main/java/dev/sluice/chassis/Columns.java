package dev.sluice.chassis;

import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/// Records to the arrays of an `unnest`, and columns of time, which PostgreSQL keeps in UTC.
public final class Columns {
  private Columns() {}

  public static <T> String[] texts(Collection<T> rows, Function<T, String> column) {
    return rows.stream().map(column).toArray(String[]::new);
  }

  public static <T> Long[] longs(Collection<T> rows, ToLongFunction<T> column) {
    return rows.stream().map(column::applyAsLong).toArray(Long[]::new);
  }

  public static <T> Integer[] ints(Collection<T> rows, ToIntFunction<T> column) {
    return rows.stream().map(column::applyAsInt).toArray(Integer[]::new);
  }

  public static <T> Boolean[] flags(Collection<T> rows, Function<T, Boolean> column) {
    return rows.stream().map(column).toArray(Boolean[]::new);
  }

  public static <T> OffsetDateTime[] times(Collection<T> rows, Function<T, Instant> column) {
    return rows.stream().map(column).map(Columns::time).toArray(OffsetDateTime[]::new);
  }

  /// @param instant null stays null
  public static OffsetDateTime time(Instant instant) { return instant == null ? null : instant.atOffset(ZoneOffset.UTC); }

  /// @return null where the column is
  public static Instant time(Row row, String column) {
    var value = row.get(OffsetDateTime.class, column);
    return value == null ? null : value.toInstant();
  }
}
