package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/// What one transaction changes in the counters of the fleet.
public final class Tally {
  /// Where an instance is counted; together they are all.
  public enum Place {
    NEVER_REPORTED, REPORTING, SILENT, STOPPED
  }

  private record Key(String templateId, String kind, String key, String value) {
    static final Comparator<Key> ORDER = Comparator.comparing(Key::templateId).thenComparing(Key::kind).thenComparing(Key::key)
        .thenComparing(Key::value);
  }

  private static final int SHARDS = 8;
  private final TreeMap<Key, Long> changes = new TreeMap<>(Key.ORDER);

  public void place(String templateId, Place place, int by) { add(new Key(templateId, "place", place.name(), ""), by); }

  public void moved(String templateId, Place from, Place to) {
    if (from == to) return;
    place(templateId, from, -1);
    place(templateId, to, 1);
  }

  public void labels(String templateId, Map<String, String> labels, int by) {
    labels.forEach((key, value) -> add(new Key(templateId, "label", key, value), by));
  }

  /// @param digests null: nothing is known
  public void runs(String templateId, Map<String, String> digests, int by) {
    if (digests != null) digests.forEach((module, digest) -> add(new Key(templateId, "digest", module, digest), by));
  }

  private void add(Key key, long by) { changes.merge(key, by, Long::sum); }

  private static final String ADD = """
      insert into tally as t (template_id, kind, key, value, shard, n)
      select template_id, kind, key, value, pg_backend_pid() % $1, n
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) as c (template_id, kind, key, value, n)
      on conflict (template_id, kind, key, value, shard) do update set n = t.n + excluded.n
      """;

  private static final String SWEEP = """
      with none as (
        select template_id, kind, key, value from tally group by template_id, kind, key, value having sum(n) = 0 limit 1000
      ), locked as (
        select t.template_id, t.kind, t.key, t.value, t.shard, t.n from tally t join none using (template_id, kind, key, value)
         for update of t skip locked
      ), still as (
        select template_id, kind, key, value from locked group by template_id, kind, key, value having sum(n) = 0
      )
      delete from tally t using locked l join still using (template_id, kind, key, value)
       where t.template_id = l.template_id and t.kind = l.kind and t.key = l.key and t.value = l.value and t.shard = l.shard
      """;

  /// Deletes counters of what there is no more. Rows that come to nothing together may go whatever others there are or come, and it waits for no one, so that sums stay
  /// as they are.
  ///
  /// @return whether there may be more
  public static boolean sweep(Db db) { return db.query(SWEEP).rowCount() > 0; }

  public void write(Db.Tx tx) {
    changes.values().removeIf(n -> n == 0);
    if (changes.isEmpty()) return;
    var keys = changes.keySet();
    tx.send(ADD, SHARDS, Columns.texts(keys, Key::templateId), Columns.texts(keys, Key::kind), Columns.texts(keys, Key::key),
        Columns.texts(keys, Key::value), changes.values().toArray(Long[]::new));
  }
}
