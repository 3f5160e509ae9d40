package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.contract.Ask.Assignment;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.Reason;
import dev.sluice.contract.TemplateId;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Enrolment and decommissioning.
public final class FleetStore {
  /// @param modules the template's versions: desired from now on
  public record Enrolment(String id, String name, String templateId, Map<String, String> labels, byte[] tokenHash,
      List<Assignment> modules) {}

  private final Db db;
  private final Journal journal;

  public FleetStore(Db db, Journal journal) {
    this.db = db;
    this.journal = journal;
  }

  private static final String LOCK = "select instance_id from pulse where instance_id = any($1) order by instance_id for update";

  /// Locks the pulses of instances, in their order.
  static void lock(Db.Tx tx, String... ids) { tx.query(LOCK, (Object) ids); }

  private static final String BEFORE = "select id, status from instance where id = any($1)";
  private static final String ENROL = """
      insert into instance as i (id, name, template_id, labels, token_hash, enrolled_at)
      select id, name, template_id, labels::jsonb, token_hash, $1
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[]) as u (id, name, template_id, labels, token_hash)
       order by id
      on conflict (id) do update
         set name = excluded.name, template_id = excluded.template_id, labels = excluded.labels, token_hash = excluded.token_hash,
             enrolled_at = excluded.enrolled_at, enrolment = excluded.enrolment, status = 'starting', decommissioned_at = null, changed_xid = greatest(pg_current_xact_id(), i.changed_xid)
       where i.status = 'decommissioned'
      returning id
      """;
  private static final String PULSES = """
      insert into pulse as p (instance_id) select id from unnest($1::text[]) as u (id) order by id
      on conflict (instance_id) do update
         set last_at = null, boot_id = null, sequence = 0, hash = 0, silent = false, watched = false, rival_boot = null, rivals_told = false,
             said = null, agent_version = null, digests = null, statuses = '{}'
      """;
  private static final String FORGET_BOOTS = "delete from boot where instance_id = any($1)";
  /// What says of which machine it is needs no forgetting, and who judges it may hold it and wait for these pulses.
  private static final String FORGET_EVIDENCE = "delete from evidence where instance_id = any($1) and enrolment is null";
  private static final String FORGET_MODULES = """
      with gone as (
        delete from assignment a where a.instance_id = any($1)
           and not exists (select 1 from unnest($2::text[], $3::text[]) as u (instance_id, module_id)
                            where u.instance_id = a.instance_id and u.module_id = a.module_id)
        returning a.instance_id, a.module_id, a.generation - a.leap as generation
      )
      insert into used_generation as g (instance_id, module_id, generation) select instance_id, module_id, generation from gone
      on conflict (instance_id, module_id) do update set generation = greatest(g.generation, excluded.generation)
      """;
  private static final String ASSIGN = """
      insert into assignment as a (instance_id, module_id, version_id, version, digest, artifact_url, generation, leap)
      select instance_id, module_id, version_id, version, digest, artifact_url, coalesce(g.generation, 0) + 1 + leap, leap
        from (select epoch - 1 as leap from journal_epoch) as restored,
             unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as u (instance_id, module_id, version_id, version, digest, artifact_url)
        left join used_generation g using (instance_id, module_id)
       order by instance_id, module_id
      on conflict (instance_id, module_id) do update
         set version_id = excluded.version_id, version = excluded.version, digest = excluded.digest, artifact_url = excluded.artifact_url,
             generation = a.generation - a.leap + 1 + excluded.leap, leap = excluded.leap, rollout_id = null, ordinal = null, batch_index = null, purpose = null, instructed_at = null,
             deadline_at = null, min_healthy_sec = null, standing = null, reason = null, good_since = null, due_at = null, handed_out_at = null,
             echoed_at = null, timed_out = false, verdict_recorded = false, changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
      """;

  private record Desired(String instanceId, Assignment module) {}

  /// Enrols instances. One that is enrolled already stays as it is.
  ///
  /// @param enrolments of different ids
  /// @return the ids that are enrolled by this
  public Set<String> enrol(List<Enrolment> enrolments, Instant now, String actor) {
    var enrolled = db.inTransaction(tx -> {
      var ids = Columns.texts(enrolments, Enrolment::id);
      lock(tx, ids);
      var again = new HashSet<>(tx.list(BEFORE, r -> r.getString("id"), (Object) ids));
      var won = new HashSet<>(tx.list(ENROL, r -> r.getString("id"), Columns.time(now), ids, Columns.texts(enrolments, Enrolment::name),
          Columns.texts(enrolments, Enrolment::templateId),
          Columns.texts(enrolments, e -> new JsonObject(new HashMap<>(e.labels)).encode()),
          enrolments.stream().map(e -> Buffer.buffer(e.tokenHash)).toArray(Buffer[]::new)));
      var mine = enrolments.stream().filter(e -> won.contains(e.id)).toList();
      if (mine.isEmpty()) return won;
      again.retainAll(won);
      var desired = mine.stream().flatMap(e -> e.modules.stream().map(m -> new Desired(e.id, m))).toList();
      prepare(tx, won, again, desired);
      assign(tx, desired);
      count(tx, mine);
      var reports = new Reports();
      mine.forEach(e -> reports.fleet(new FleetEvent.InstanceEnrolled(new InstanceId(e.id), new TemplateId(e.templateId), e.name)));
      reports.append(tx, journal, now, actor);
      return won;
    });
    if (!enrolled.isEmpty()) journal.nudge();
    return enrolled;
  }

  private static final String ENROLLED_SO = """
      select i.id from instance i join unnest($1::text[], $2::bytea[]) as u (id, token_hash) on u.id = i.id and u.token_hash = i.token_hash
       where i.status <> 'decommissioned'
      """;

  /// Which of these are enrolled with these very tokens.
  public Set<String> enrolledSo(List<Enrolment> enrolments) {
    return new HashSet<>(db.list(ENROLLED_SO, r -> r.getString("id"), Columns.texts(enrolments, Enrolment::id),
        enrolments.stream().map(e -> Buffer.buffer(e.tokenHash)).toArray(Buffer[]::new)));
  }

  private static void prepare(Db.Tx tx, Set<String> won, Set<String> again, List<Desired> desired) {
    tx.query(PULSES, (Object) won.toArray(String[]::new));
    if (again.isEmpty()) return;
    tx.query(FORGET_BOOTS, (Object) again.toArray(String[]::new));
    tx.query(FORGET_EVIDENCE, (Object) again.toArray(String[]::new));
    tx.query(FORGET_MODULES, again.toArray(String[]::new), Columns.texts(desired, Desired::instanceId),
        Columns.texts(desired, d -> d.module.moduleId().value()));
  }

  private static void assign(Db.Tx tx, List<Desired> desired) {
    var modules = new HashMap<String, List<dev.sluice.contract.VersionRef>>();
    desired.stream().map(Desired::module).distinct()
        .forEach(m -> modules.computeIfAbsent(m.moduleId().value(), _ -> new ArrayList<>()).add(m.version()));
    modules.entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(m -> AttemptStore.versions(tx, m.getKey(), m.getValue()));
    tx.query(ASSIGN, Columns.texts(desired, Desired::instanceId), Columns.texts(desired, d -> d.module.moduleId().value()),
        Columns.texts(desired, d -> d.module.version().id().value()), Columns.texts(desired, d -> d.module.version().version()),
        Columns.texts(desired, d -> d.module.version().digest().value()), Columns.texts(desired, d -> d.module.version().artifactUrl()));
  }

  private static void count(Db.Tx tx, List<Enrolment> enrolments) {
    var tally = new Tally();
    for (var e : enrolments) {
      tally.place(e.templateId, Tally.Place.NEVER_REPORTED, 1);
      tally.labels(e.templateId, e.labels, 1);
    }
    tally.write(tx);
  }

  private static final String PRESENT = """
      select i.template_id, i.status, i.labels::text as labels, p.last_at is null as never, p.silent, p.digests::text as digests
        from instance i join pulse p on p.instance_id = i.id where i.id = $1
      """;
  private static final String MEMBER_OF = """
      select a.rollout_id, a.ordinal, a.generation - a.leap as counted from assignment a join gate g on g.rollout_id = a.rollout_id and not g.ended
       where a.instance_id = $1
         and (a.standing in ('awaited', 'soaking') or a.standing in ('failed', 'late_healthy') and a.timed_out and not a.verdict_recorded)
       order by a.module_id for update of a
      """;
  private static final String CLOSE = """
      update assignment set standing = 'closed', due_at = null,
         changed_xid = greatest(pg_current_xact_id(), assignment.changed_xid) where instance_id = $1 and standing is not null
      """;
  private static final String DECOMMISSION = """
      update instance set status = 'decommissioned', decommissioned_at = $2, changed_xid = greatest(pg_current_xact_id(), instance.changed_xid) where id = $1
      """;

  /// Decommissions an instance. A rollout that waits for it is told, also one that may have passed over its timeout: while it is paused.
  ///
  /// @return whether there is such an instance
  public boolean decommission(String id, Instant now, String actor) {
    boolean found = db.inTransaction(tx -> {
      lock(tx, id);
      var rows = tx.query(PRESENT, id);
      if (rows.size() == 0) return false;
      var row = rows.iterator().next();
      if (row.getString("status").equals("decommissioned")) return true;
      var template = row.getString("template_id");
      var reports = new Reports();
      for (var member : tx.query(MEMBER_OF, id))
        reports.gone(member.getString("rollout_id"), id,
            new MemberReason(member.getInteger("ordinal"), member.getLong("counted"), Reason.DECOMMISSIONED));
      tx.query(DECOMMISSION, id, Columns.time(now));
      tx.query(CLOSE, id);
      var tally = new Tally();
      tally.place(template, place(row), -1);
      tally.labels(template, texts(row.getString("labels")), -1);
      tally.runs(template, Observations.digests(row.getString("digests")), -1);
      tally.write(tx);
      reports.fleet(new FleetEvent.InstanceDecommissioned(new InstanceId(id), new TemplateId(template)));
      reports.append(tx, journal, now, actor);
      return true;
    });
    if (found) journal.nudge();
    return found;
  }

  private static Tally.Place place(io.vertx.sqlclient.Row row) {
    if (row.getBoolean("never")) return Tally.Place.NEVER_REPORTED;
    if (row.getString("status").equals("stopped")) return Tally.Place.STOPPED;
    return row.getBoolean("silent") ? Tally.Place.SILENT : Tally.Place.REPORTING;
  }

  static Map<String, String> texts(String json) {
    var texts = new HashMap<String, String>();
    new JsonObject(json).forEach(e -> texts.put(e.getKey(), String.valueOf(e.getValue())));
    return texts;
  }
}
