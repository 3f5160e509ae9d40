package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.VersionRef;
import dev.sluice.planner.domain.PlanState;
import dev.sluice.planner.domain.Revision;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Plans and their revisions as rows. Blocks; call on a virtual thread.
public final class PlanStore {
  /// A plan that was not withdrawn.
  ///
  /// @param revision the one that counts
  public record Plan(String rolloutId, String templateId, String moduleId, int revision) {}

  /// A revision as it was shown.
  public record Kept(PlanHeader header, Shown shown) {}

  private final Db db;

  public PlanStore(Db db) {
    this.db = db;
  }

  private static final String ADD = """
      insert into plan (rollout_id, template_id, module_id, revision, made_at) values ($1, $2, $3, $4, $5)
      """;

  public void add(Db.Tx tx, PlanHeader h) {
    tx.query(ADD, h.rolloutId().value(), h.inputs().templateId().value(), h.inputs().moduleId().value(), h.revision(),
        time(h.madeAt()));
  }

  private static final String ADD_REVISION = """
      insert into plan_revision (rollout_id, revision, plan_hash, header, shown, version_ids, counts)
      values ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6, $7)
      """;

  /// Adds a revision without its members.
  ///
  /// @param counts false: a draft
  public void add(Db.Tx tx, Revision revision, Shown shown, boolean counts) {
    var h = revision.header();
    tx.query(ADD_REVISION, h.rolloutId().value(), h.revision(), h.planHash(), Json.text(h), Json.text(shown),
        versions(h).toArray(String[]::new), counts);
  }

  /// The ids of all versions that a rollout of this plan may need, each once.
  public static List<String> versions(PlanHeader h) {
    return Stream.concat(Stream.of(h.target(), h.templateVersion()), h.origins().stream()).filter(java.util.Objects::nonNull)
        .map(v -> v.id().value()).distinct().toList();
  }

  private static final String STATE = """
      select p.withdrawn_at, p.requested, p.opened, p.moved, p.moved_from, p.moved_to, r.header::text as header, coalesce(c.open, false) as open
        from plan p join plan_revision r on r.rollout_id = p.rollout_id and r.revision = p.revision and r.counts
        left join claim c on c.rollout_id = p.rollout_id
       where p.rollout_id = $1
      """;
  /// Before the rest is read: who has waited for a lock sees the row anew, but not what it was joined with.
  private static final String HOLD = "select from plan where rollout_id = $1 for update";
  private static final String VERSION = "select id, version, digest, artifact_url from module_version where id = $1";

  /// Where a plan stands, and nobody else moves it until the transaction ends.
  public PlanState held(Db.Tx tx, String rollout) {
    tx.query(HOLD, rollout);
    var found = tx.query(STATE, rollout).iterator();
    if (!found.hasNext()) return new PlanState.Absent();
    var row = found.next();
    // where it had begun, what it did is undone like that of any other
    if (row.getValue("withdrawn_at") != null && !row.getBoolean("open")) return new PlanState.Withdrawn();
    var move = row.getBoolean("moved")
        ? new PlanState.Move(version(tx, row.getString("moved_from")), version(tx, row.getString("moved_to")))
        : null;
    return new PlanState.Made(Json.read(row.getString("header"), PlanHeader.class), row.getBoolean("requested"), row.getBoolean("opened"),
        row.getBoolean("open"), move, row.getValue("withdrawn_at") != null);
  }

  private static VersionRef version(Db.Tx tx, String id) {
    return id == null ? null : tx.list(VERSION, TemplateStore::ref, id).stream().findFirst().orElse(null);
  }

  private static final String REQUESTED = "update plan set requested = true where rollout_id = $1";
  private static final String OPENED = "update plan set opened = true where rollout_id = $1";
  private static final String KNOWN = "select requested and opened and withdrawn_at is null as known from plan where rollout_id = $1";
  private static final String WITHDRAW = "update plan set withdrawn_at = $2 where rollout_id = $1";

  public void requested(Db.Tx tx, String rollout) { tx.query(REQUESTED, rollout); }

  public void opened(Db.Tx tx, String rollout) { tx.query(OPENED, rollout); }

  /// Whether both the approval-service and the rollout-service have told of the plan.
  public boolean known(String rollout) { return db.query(KNOWN, rollout).iterator().next().getBoolean("known"); }

  private static final String UNKNOWN = """
      select rollout_id, template_id, module_id, revision from plan
       where withdrawn_at is null and not (requested and opened) and made_at < $1 order by made_at limit 100
      """;

  /// Plans of before a time that not both have told of, at most 100.
  public List<Plan> unknown(Instant before) { return db.list(UNKNOWN, PlanStore::plan, time(before)); }

  public void withdraw(Db.Tx tx, String rollout, Instant at) { tx.query(WITHDRAW, rollout, time(at)); }

  private static final String MOVED = "update plan set moved = true, moved_from = $2, moved_to = $3 where rollout_id = $1";
  private static final String SETTLED = "update plan set moved = false, moved_from = null, moved_to = null where rollout_id = $1";

  /// Remembers what a rollout did to its template, to undo it on an abort.
  public void moved(Db.Tx tx, PlanEvent.TemplateMoved moved, VersionRef from) {
    tx.query(MOVED, moved.rolloutId().value(), from == null ? null : from.id().value(),
        moved.to() == null ? null : moved.to().id().value());
  }

  /// What was done to the template stays.
  public void settled(Db.Tx tx, String rollout) { tx.query(SETTLED, rollout); }

  private static final String REDRAFT = """
      update plan_revision set header = $4::text::jsonb, shown = $5::text::jsonb, version_ids = $6
       where rollout_id = $1 and revision = $2 and plan_hash = $3 and not counts returning revision
      """;

  /// Makes a draft anew, with the same inputs and members.
  ///
  /// @return false if it counts by now, and stays as it is
  public boolean redraft(Db.Tx tx, PlanHeader h, Shown shown) {
    return tx.query(REDRAFT, h.rolloutId().value(), h.revision(), h.planHash(), Json.text(h), Json.text(shown),
        versions(h).toArray(String[]::new)).rowCount() > 0;
  }

  private static final String ADOPTED = "update plan_revision set header = $4::text::jsonb where rollout_id = $1 and revision = $2 and plan_hash = $3";

  /// Keeps a revision as it was adopted: another draft of it may have come in between.
  public void adopted(Db.Tx tx, PlanHeader h) {
    tx.query(ADOPTED, h.rolloutId().value(), h.revision(), h.planHash(), Json.text(h));
  }

  private static final String COUNTS = """
      update plan_revision set counts = true
       where rollout_id = $1 and revision = $2 and plan_hash = $3
         and not exists (select 1 from plan_revision r where r.rollout_id = $1 and r.revision = $2 and r.counts and r.plan_hash <> $3)
      returning revision
      """;
  private static final String MOVE_ON = "update plan set revision = $2 where rollout_id = $1 and revision < $2";

  /// Makes a draft the revision that counts; doing it again changes nothing.
  ///
  /// @return whether there is such a draft, or it counts already
  public boolean adopt(Db.Tx tx, String rollout, int revision, String planHash) {
    tx.query(HOLD, rollout);
    if (tx.query(COUNTS, rollout, revision, planHash).rowCount() == 0) return false;
    tx.query(MOVE_ON, rollout, revision);
    return true;
  }

  private static final String FIND = "select rollout_id, template_id, module_id, revision from plan where rollout_id = $1 and withdrawn_at is null";

  public Optional<Plan> plan(String rollout) { return db.list(FIND, PlanStore::plan, rollout).stream().findFirst(); }

  private static final String ANY = "select rollout_id, template_id, module_id, revision from plan where rollout_id = $1";

  /// A plan, withdrawn or not.
  public Optional<Plan> planOrWithdrawn(String rollout) { return db.list(ANY, PlanStore::plan, rollout).stream().findFirst(); }

  /// The same, in a transaction.
  public Optional<Plan> planOrWithdrawn(Db.Tx tx, String rollout) { return tx.list(ANY, PlanStore::plan, rollout).stream().findFirst(); }

  private static final String LATER = """
      select l.rollout_id from plan p join plan l on l.template_id = p.template_id and l.module_id = p.module_id and l.n > p.n
        left join progress g on g.rollout_id = l.rollout_id
       where p.rollout_id = $1 and (l.withdrawn_at is null or g.started_at is not null) order by l.n limit 1
      """;

  /// The next rollout that was made of the same pair. One whose plan was withdrawn counts where it had begun.
  public Optional<String> later(Db.Tx tx, String rollout) {
    return tx.list(LATER, r -> r.getString("rollout_id"), rollout).stream().findFirst();
  }

  private static final String KEPT = "select header::text as header, shown::text as shown from plan_revision where rollout_id = $1 and revision = $2 and counts";
  private static final String DRAFT = """
      select header::text as header, shown::text as shown from plan_revision where rollout_id = $1 and revision = $2 and plan_hash = $3
      """;

  /// A revision that counts or counted.
  public Optional<Kept> revision(String rollout, int revision) {
    return db.list(KEPT, PlanStore::kept, rollout, revision).stream().findFirst();
  }

  public Optional<Kept> revision(Db.Tx tx, String rollout, int revision) {
    return tx.list(KEPT, PlanStore::kept, rollout, revision).stream().findFirst();
  }

  /// A revision by its hash, draft or not.
  public Optional<Kept> draft(Db.Tx tx, String rollout, int revision, String planHash) {
    return tx.list(DRAFT, PlanStore::kept, rollout, revision, planHash).stream().findFirst();
  }

  private static Plan plan(Row row) {
    return new Plan(row.getString("rollout_id"), row.getString("template_id"), row.getString("module_id"), row.getInteger("revision"));
  }

  private static Kept kept(Row row) {
    return new Kept(Json.read(row.getString("header"), PlanHeader.class), Json.read(row.getString("shown"), Shown.class));
  }
}
