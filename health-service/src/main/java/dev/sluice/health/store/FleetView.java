package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Ask.FleetMember;
import dev.sluice.contract.Ask.FleetPage;
import dev.sluice.contract.Ask.FleetSlice;
import dev.sluice.contract.Digest;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import dev.sluice.health.domain.ModuleStatus;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The fleet for reading: lists, one instance, the numbers, the slice that a plan is made from.
public final class FleetView {
  /// A desired version, as people and agents see it.
  public record Desired(String version, String digest, long generation, String artifactUrl) {}

  /// An instance in the words of the wire.
  public record Instance(String id, String name, String templateId, Map<String, String> labels, String status, boolean reporting,
      Instant enrolledAt, Instant lastHeartbeatAt, Map<String, String> runningModuleDigests, Map<String, ModuleStatus> moduleStatus,
      Map<String, Desired> desired, String agentVersion) {}

  /// What a list is asked for; null: not asked.
  public record Filter(String templateId, String status, String moduleId, String labelKey, String labelValue) {}

  private final Db db;

  public FleetView(Db db) {
    this.db = db;
  }

  private static final String ROWS = """
      select i.id, i.name, i.template_id, i.labels::text as labels, i.status, i.enrolled_at, p.last_at, p.silent, p.digests::text as digests,
             p.statuses::text as statuses, p.agent_version
        from instance i join pulse p on p.instance_id = i.id
      """;
  // pages say of each table where they go on: else a merge of them begins at the beginning each time
  private static final String LIST = ROWS + """
       where i.id > $1 and p.instance_id > $1 and ($2::text is null or i.template_id = $2)
         and (case when $3::text is null then i.status <> 'decommissioned' else i.status = $3 end)
         and ($4::text is null or exists (select 1 from assignment a where a.instance_id = i.id and a.module_id = $4))
         and ($5::text is null or i.labels @> jsonb_build_object($5::text, $6::text))
       order by i.id limit $7
      """;

  /// Instances in the order of their ids.
  ///
  /// @param after null: from the first
  public List<Instance> list(Filter f, String after, int limit) {
    var rows = db.list(LIST, r -> r, after == null ? "" : after, f.templateId, f.status, f.moduleId, f.labelKey, f.labelValue, limit);
    return withDesired(rows);
  }

  private static final String ONE = ROWS + "where i.id = $1";

  /// One instance; empty where there is none.
  public List<Instance> one(String id) { return withDesired(db.list(ONE, r -> r, id)); }

  private static final String DESIRED = """
      select instance_id, module_id, version, digest, generation, artifact_url from assignment where instance_id = any($1)
      """;

  private List<Instance> withDesired(List<Row> rows) {
    var ids = rows.stream().map(r -> r.getString("id")).toArray(String[]::new);
    var desired = new HashMap<String, Map<String, Desired>>();
    for (var r : db.query(DESIRED, (Object) ids))
      desired.computeIfAbsent(r.getString("instance_id"), _ -> new TreeMap<>()).put(r.getString("module_id"),
          new Desired(r.getString("version"), r.getString("digest"), r.getLong("generation"), r.getString("artifact_url")));
    return rows.stream().map(r -> instance(r, desired.getOrDefault(r.getString("id"), Map.of()))).toList();
  }

  private static Instance instance(Row r, Map<String, Desired> desired) {
    var status = r.getString("status");
    var last = Columns.time(r, "last_at");
    boolean reporting = last != null && !r.getBoolean("silent") && !status.equals("stopped") && !status.equals("decommissioned");
    var digests = Observations.digests(r.getString("digests"));
    return new Instance(r.getString("id"), r.getString("name"), r.getString("template_id"), FleetStore.texts(r.getString("labels")), status,
        reporting, Columns.time(r, "enrolled_at"), last, digests == null ? Map.of() : digests,
        new TreeMap<>(Observations.statuses(r.getString("statuses"))), desired, r.getString("agent_version"));
  }

  private static final String SLICE = """
      select i.id, i.status, i.labels ->> $3 as label, p.last_at is null as never, p.silent, p.digests ->> $2 as running,
             a.version_id, a.version, a.digest, a.artifact_url, a.generation - a.leap as generation
        from instance i join pulse p on p.instance_id = i.id and p.instance_id > $4
             left join assignment a on a.instance_id = i.id and a.module_id = $2 and a.instance_id > $4
       where i.template_id = $1 and i.status <> 'decommissioned' and i.id > $4 order by i.id limit $5
      """;

  public FleetPage slice(FleetSlice ask) {
    var members = db.list(SLICE, FleetView::member, ask.templateId().value(), ask.moduleId().value(), ask.orderByLabel(),
        ask.after() == null ? "" : ask.after().value(), ask.limit() + 1);
    boolean more = members.size() > ask.limit();
    var page = more ? members.subList(0, ask.limit()) : members;
    return new FleetPage(page, more ? page.getLast().instanceId() : null);
  }

  private static FleetMember member(Row r) {
    var desired = r.getString("version_id") == null
        ? null
        : new VersionRef(new VersionId(r.getString("version_id")), r.getString("version"), new Digest(r.getString("digest")),
            r.getString("artifact_url"));
    var running = r.getString("running");
    var label = r.getString("label");
    return new FleetMember(new InstanceId(r.getString("id")), r.getString("status"), r.getBoolean("never"), r.getBoolean("silent"), desired,
        desired == null ? 0 : r.getLong("generation"), running == null ? null : new Digest(running), label == null ? "" : label);
  }

  /// The fleet in numbers.
  public record Summary(String templateId, long total, long reporting, long silent, long stopped, long neverReported,
      Map<String, Map<String, Long>> byVersion, Map<String, Map<String, Long>> byLabel) {}

  private static final String PLACES = """
      select key, sum(n)::bigint as n from tally where kind = 'place' and ($1::text is null or template_id = $1) group by key
      """;
  private static final String DIGESTS = """
      select t.key, coalesce(v.version, t.value) as value, sum(t.n)::bigint as n
        from tally t left join known_version v on v.module_id = t.key and v.digest = t.value
       where t.kind = 'digest' and ($1::text is null or t.template_id = $1) group by 1, 2 having sum(t.n) > 0 order by 1, 2
      """;
  private static final String LABELS = """
      select key, value, n from (
        select key, value, sum(n)::bigint as n, row_number() over (partition by key order by sum(n) desc, value) as place
          from tally where kind = 'label' and ($1::text is null or template_id = $1) group by key, value having sum(n) > 0) as frequent
       where place <= 100 order by key, n desc, value
      """;

  /// @param templateId null: the whole fleet
  public Summary summary(String templateId) {
    var places = new HashMap<String, Long>();
    for (var r : db.query(PLACES, templateId))
      places.put(r.getString("key"), r.getLong("n"));
    long reporting = places.getOrDefault(Tally.Place.REPORTING.name(), 0L);
    long silent = places.getOrDefault(Tally.Place.SILENT.name(), 0L);
    long stopped = places.getOrDefault(Tally.Place.STOPPED.name(), 0L);
    long never = places.getOrDefault(Tally.Place.NEVER_REPORTED.name(), 0L);
    return new Summary(templateId, reporting + silent + stopped + never, reporting, silent, stopped, never, nested(DIGESTS, templateId),
        nested(LABELS, templateId));
  }

  private Map<String, Map<String, Long>> nested(String sql, String templateId) {
    var numbers = new LinkedHashMap<String, Map<String, Long>>();
    for (var r : db.query(sql, templateId))
      numbers.computeIfAbsent(r.getString("key"), _ -> new LinkedHashMap<>()).merge(r.getString("value"), r.getLong("n"), Long::sum);
    return numbers;
  }
}
