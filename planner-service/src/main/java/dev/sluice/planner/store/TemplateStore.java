package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Digest;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Templates and their assignments as rows. Blocks; call on a virtual thread.
public final class TemplateStore {
  public record Assignment(String moduleId, VersionRef version) {}

  public record Template(String id, String name, List<Assignment> modules, Instant createdAt, Instant updatedAt) {
    /// The version of a module; null if the template does not have it.
    public VersionRef versionOf(String moduleId) {
      return modules.stream().filter(a -> a.moduleId().equals(moduleId)).map(Assignment::version).findFirst().orElse(null);
    }
  }

  private final Db db;

  public TemplateStore(Db db) {
    this.db = db;
  }

  private static final String ADD = """
      insert into template (id, name, created_at, updated_at) values ($1, $2, $3, $3) on conflict do nothing returning id
      """;

  /// @return whether its id is new; nothing is written otherwise
  public boolean add(Db.Tx tx, Template template) {
    if (tx.query(ADD, template.id(), template.name(), time(template.createdAt())).rowCount() == 0) return false;
    assign(tx, template.id(), template.modules());
    return true;
  }

  private static final String EDIT = "update template set name = coalesce($2, name), updated_at = $3 where id = $1 returning id";
  private static final String CLEAR = "delete from assignment where template_id = $1";

  /// @param name    null: as it was
  /// @param modules null: as they were
  /// @return whether there is such a template
  public boolean edit(String id, String name, List<Assignment> modules, Instant at) {
    return db.inTransaction(tx -> {
      if (tx.query(EDIT, id, name, time(at)).rowCount() == 0) return false;
      if (modules != null) {
        tx.query(CLEAR, id);
        assign(tx, id, modules);
      }
      return true;
    });
  }

  private static final String HOLD = "select id from template where id = $1 for update";
  private static final String PRESENT = """
      select v.id, v.version, v.digest, v.artifact_url from assignment a join module_version v on v.id = a.version_id
       where a.template_id = $1 and a.module_id = $2
      """;

  /// The template's version of a module, which nobody changes until the transaction ends; empty if it has none.
  public Optional<VersionRef> held(Db.Tx tx, String template, String module) {
    tx.query(HOLD, template);
    return tx.list(PRESENT, TemplateStore::ref, template, module).stream().findFirst();
  }

  private static final String SET = """
      insert into assignment (template_id, module_id, version_id) values ($1, $2, $3)
      on conflict (template_id, module_id) do update set version_id = excluded.version_id
      """;
  private static final String REMOVE = "delete from assignment where template_id = $1 and module_id = $2";

  /// Sets the template's version of a module.
  ///
  /// @param version null: removes it
  public void set(Db.Tx tx, String template, String module, VersionRef version, Instant at) {
    tx.query(EDIT, template, null, time(at));
    if (version == null) tx.query(REMOVE, template, module);
    else
      tx.query(SET, template, module, version.id().value());
  }

  private static final String FIND = "select n, id, name, created_at, updated_at from template where id = $1";

  public Optional<Template> template(String id) { return db.list(FIND, this::template, id).stream().findFirst(); }

  private static final String LIST = "select n, id, name, created_at, updated_at from template where n > $1 order by n limit $2";

  public Page<Template> templates(long after, int limit) { return Page.of(db.query(LIST, after, limit + 1), limit, this::template); }

  private static final String ASSIGN = """
      insert into assignment (template_id, module_id, version_id) select $1, module_id, version_id from unnest($2::text[], $3::text[]) as a (module_id, version_id)
      """;

  private static void assign(Db.Tx tx, String template, List<Assignment> modules) {
    tx.query(ASSIGN, template, modules.stream().map(Assignment::moduleId).toArray(String[]::new),
        modules.stream().map(a -> a.version().id().value()).toArray(String[]::new));
  }

  private static final String ASSIGNMENTS = """
      select a.module_id, v.id, v.version, v.digest, v.artifact_url from assignment a join module_version v on v.id = a.version_id
       where a.template_id = $1 order by a.module_id
      """;

  private Template template(Row row) {
    var id = row.getString("id");
    return new Template(id, row.getString("name"), db.list(ASSIGNMENTS, r -> new Assignment(r.getString("module_id"), ref(r)), id),
        time(row, "created_at"), time(row, "updated_at"));
  }

  static VersionRef ref(Row row) {
    return new VersionRef(new VersionId(row.getString("id")), row.getString("version"), new Digest(row.getString("digest")),
        row.getString("artifact_url"));
  }
}
