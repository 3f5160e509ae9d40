package dev.sluice.planner.store;

import dev.sluice.chassis.Db;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.planner.domain.HealthySeconds;
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
      insert into healthy_seconds (module_id, bucket, count) select $1, bucket, count from unnest($2::int[], $3::bigint[]) as m (bucket, count)
      on conflict (module_id, bucket) do update set count = healthy_seconds.count + excluded.count
      """;
  private static final String ROLLOUT = "insert into healthy_rollout (module_id, rollout_id) values ($1, $2) on conflict do nothing";

  /// Counts the healthy verdicts.
  public void count(Db.Tx tx, String module, String rollout, RolloutEvent.VerdictsRecorded recorded) {
    var counts = new TreeMap<Integer, Long>();
    for (var verdict : recorded.verdicts())
      if (verdict.healthy()) counts.merge(HealthySeconds.bucket(verdict.seconds()), 1L, Long::sum);
    if (counts.isEmpty()) return;
    tx.query(COUNT, module, counts.keySet().toArray(Integer[]::new), counts.values().toArray(Long[]::new));
    tx.query(ROLLOUT, module, rollout);
  }

  private static final String BUCKETS = "select bucket, count from healthy_seconds where module_id = $1";
  private static final String ROLLOUTS = "select count(*) as rollouts from healthy_rollout where module_id = $1";

  public History of(String module) {
    var counts = new TreeMap<Integer, Long>();
    db.query(BUCKETS, module).forEach(row -> counts.put(row.getInteger("bucket"), row.getLong("count")));
    var rollouts = db.query(ROLLOUTS, module).iterator().next().getLong("rollouts");
    if (counts.isEmpty()) return new History(null, null, rollouts);
    return new History(HealthySeconds.percentile(counts, 50), HealthySeconds.percentile(counts, 95), rollouts);
  }
}
