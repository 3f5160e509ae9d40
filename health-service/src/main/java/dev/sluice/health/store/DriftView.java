package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Ask.Assignment;
import dev.sluice.health.domain.Drift;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Who does not run what the template says.
public final class DriftView {
  /// @param want    the template's version
  /// @param desired the instance's; null: none
  /// @param have    the running version, or its digest where it has no name here; null: none
  public record Module(String moduleId, String want, String desired, String have) {}

  /// @param modules those whose running version is not the template's
  public record Drifter(String instanceId, Drift.Bucket bucket, Instant lastHeartbeatAt, List<Module> modules) {}

  /// @param nanos when
  private record Counted(Map<Drift.Bucket, Long> counts, long nanos) {}

  /// For so long the later pages of a report are of the reading of its first one.
  private static final Duration KEPT = Duration.ofSeconds(10);
  private final Db db;
  private final Map<String, Counted> counted = new ConcurrentHashMap<>();

  public DriftView(Db db) {
    this.db = db;
  }

  private static final String COUNTS = """
      select p.last_at is null as never, p.silent or i.status = 'stopped' as quiet, coalesce(p.digests, '{}') @> $2::text::jsonb as runs,
             exists (select 1 from assignment a join gate g on g.rollout_id = a.rollout_id and not g.ended where a.instance_id = i.id) as in_rollout,
             count(*) as n
        from instance i join pulse p on p.instance_id = i.id
       where i.template_id = $1 and i.status <> 'decommissioned' group by 1, 2, 3, 4
      """;

  /// How many are in each bucket, as a report of a moment ago had it: to count a large template takes long, and each page says it.
  public Map<Drift.Bucket, Long> countsOfLate(String templateId, List<Assignment> modules) {
    var known = counted.get(key(templateId, modules));
    return known == null || old(known) ? counts(templateId, modules) : known.counts;
  }

  private static boolean old(Counted known) { return System.nanoTime() - known.nanos > KEPT.toNanos(); }

  private static String key(String templateId, List<Assignment> modules) { return templateId + " " + wanted(modules); }

  /// How many are in each bucket.
  public Map<Drift.Bucket, Long> counts(String templateId, List<Assignment> modules) {
    var counts = new EnumMap<Drift.Bucket, Long>(Drift.Bucket.class);
    for (var bucket : Drift.Bucket.values())
      counts.put(bucket, 0L);
    for (var r : db.query(COUNTS, templateId, wanted(modules)))
      counts.merge(Drift.bucket(facts(r)), r.getLong("n"), Long::sum);
    counted.values().removeIf(DriftView::old);
    counted.put(key(templateId, modules), new Counted(counts, System.nanoTime()));
    return counts;
  }

  private static final String PAGE = """
      select i.id, p.last_at, p.digests::text as digests, p.last_at is null as never, p.silent or i.status = 'stopped' as quiet,
             coalesce(p.digests, '{}') @> $2::text::jsonb as runs,
             exists (select 1 from assignment a join gate g on g.rollout_id = a.rollout_id and not g.ended where a.instance_id = i.id) as in_rollout
        from instance i join pulse p on p.instance_id = i.id and p.instance_id > $3
       where i.template_id = $1 and i.status <> 'decommissioned' and i.id > $3
         and (p.last_at is null or p.silent or i.status = 'stopped' or not coalesce(p.digests, '{}') @> $2::text::jsonb)
       order by i.id limit $4
      """;
  private static final String DESIRED = "select instance_id, module_id, version from assignment where instance_id = any($1)";
  private static final String NAMES = "select module_id, digest, version from known_version where module_id = any($1)";

  /// Those not converged, in the order of their ids.
  ///
  /// @param after null: from the first
  public List<Drifter> page(String templateId, List<Assignment> modules, String after, int limit) {
    var rows = db.list(PAGE, r -> r, templateId, wanted(modules), after == null ? "" : after, limit);
    var desired = new HashMap<String, Map<String, String>>();
    for (var r : db.query(DESIRED, (Object) rows.stream().map(r -> r.getString("id")).toArray(String[]::new)))
      desired.computeIfAbsent(r.getString("instance_id"), _ -> new HashMap<>()).put(r.getString("module_id"), r.getString("version"));
    var names = new HashMap<String, String>();
    for (var r : db.query(NAMES, (Object) Columns.texts(modules, m -> m.moduleId().value())))
      names.put(r.getString("module_id") + " " + r.getString("digest"), r.getString("version"));
    return rows.stream().map(r -> drifter(r, modules, desired.getOrDefault(r.getString("id"), Map.of()), names)).toList();
  }

  private static Drifter drifter(Row r, List<Assignment> modules, Map<String, String> desired, Map<String, String> names) {
    var digests = Observations.digests(r.getString("digests"));
    var off = new ArrayList<Module>();
    for (var m : modules) {
      var id = m.moduleId().value();
      var runs = digests == null ? null : digests.get(id);
      if (!m.version().digest().value().equals(runs))
        off.add(new Module(id, m.version().version(), desired.get(id), runs == null ? null : names.getOrDefault(id + " " + runs, runs)));
    }
    return new Drifter(r.getString("id"), Drift.bucket(facts(r)), Columns.time(r, "last_at"), off);
  }

  private static Drift.Facts facts(Row r) {
    return new Drift.Facts(r.getBoolean("never"), r.getBoolean("quiet"), r.getBoolean("runs"), r.getBoolean("in_rollout"));
  }

  private static String wanted(List<Assignment> modules) {
    var wanted = new JsonObject();
    modules.forEach(m -> wanted.put(m.moduleId().value(), m.version().digest().value()));
    return wanted.encode();
  }
}
