package dev.sluice.planner.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.planner.domain.HealthySeconds;
import dev.sluice.planner.domain.HealthySeconds.Measures;
import java.util.TreeMap;

/// Seconds from instruction to healthy, counted for each module. Blocks; call on a virtual thread.
public final class HistoryStore {
  /// What earlier rollouts of a module measured.
  ///
  /// @param p50Sec null where nothing was measured, as p95Sec
  public record History(Double p50Sec, Double p95Sec, long rollouts) {}

  private final Db db;

  public HistoryStore(Db db) {
    this.db = db;
  }

  private static final String COUNT = """
      insert into healthy_seconds as h (module_id, bucket, count, summed, seconds)
      select $1, bucket, count, count, seconds from unnest($2::int[], $3::bigint[], $4::float8[]) as m (bucket, count, seconds)
      on conflict (module_id, bucket) do update
         set count = h.count + excluded.count, summed = h.summed + excluded.summed, seconds = h.seconds + excluded.seconds
      """;
  private static final String ROLLOUT = "insert into healthy_rollout (module_id, rollout_id) values ($1, $2) on conflict do nothing";

  /// Counts the healthy verdicts.
  public void count(Db.Tx tx, String module, String rollout, RolloutEvent.VerdictsRecorded recorded) {
    var buckets = new TreeMap<Integer, Measures>();
    for (var verdict : recorded.verdicts())
      if (verdict.healthy()) buckets.merge(HealthySeconds.bucket(verdict.seconds()), Measures.of(verdict.seconds()), Measures::plus);
    if (buckets.isEmpty()) return;
    tx.query(COUNT, module, buckets.keySet().toArray(Integer[]::new), Columns.longs(buckets.values(), Measures::count),
        buckets.values().stream().map(Measures::seconds).toArray(Double[]::new));
    tx.query(ROLLOUT, module, rollout);
  }

  private static final String BUCKETS = "select bucket, count, summed, seconds from healthy_seconds where module_id = $1";
  private static final String ROLLOUTS = "select count(*) as rollouts from healthy_rollout where module_id = $1";

  public History of(String module) {
    var buckets = new TreeMap<Integer, Measures>();
    db.query(BUCKETS, module).forEach(row -> buckets.put(row.getInteger("bucket"),
        new Measures(row.getLong("count"), row.getLong("summed"), row.getDouble("seconds"))));
    var rollouts = db.query(ROLLOUTS, module).iterator().next().getLong("rollouts");
    if (buckets.isEmpty()) return new History(null, null, rollouts);
    return new History(HealthySeconds.percentile(buckets, 50), HealthySeconds.percentile(buckets, 95), rollouts);
  }
}
