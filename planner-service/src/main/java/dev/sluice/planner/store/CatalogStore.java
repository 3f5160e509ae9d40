package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.contract.Words;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Digest;
import dev.sluice.contract.Lifecycle;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Modules and their versions as rows. Blocks; call on a virtual thread.
public final class CatalogStore {
  public record Module(String id, String name, Instant createdAt) {}

  /// @param artifactUrl null where there is none
  public record Version(String id, String moduleId, String version, Digest digest, Lifecycle lifecycleState, String artifactUrl,
      String notes,
      Instant createdAt) {
    public VersionRef ref() { return new VersionRef(new VersionId(id), version, digest, artifactUrl); }

    /// `nginx 1.26.0 (its id)`, for people.
    public String named() { return moduleId + " " + version + " (" + id + ")"; }
  }

  /// What a list of versions is narrowed to; each may be null.
  public record Filter(String moduleId, String moduleName, String lifecycleState) {}

  private final Db db;

  public CatalogStore(Db db) {
    this.db = db;
  }

  private static final String ADD_MODULE = """
      insert into module (id, name, created_at) values ($1, $2, $3) on conflict do nothing returning id
      """;

  /// @return whether it is new: neither its id nor its name was there
  public boolean add(Db.Tx tx, Module module) {
    return tx.query(ADD_MODULE, module.id(), module.name(), time(module.createdAt())).rowCount() > 0;
  }

  private static final String MODULE = "select id, name, created_at from module where id = $1";

  public Optional<Module> module(String id) { return db.list(MODULE, CatalogStore::module, id).stream().findFirst(); }

  private static final String MODULES = "select n, id, name, created_at from module where n > $1 order by n limit $2";

  public Page<Module> modules(long after, int limit) { return Page.of(db.query(MODULES, after, limit + 1), limit, CatalogStore::module); }

  private static final String ADD_VERSION = """
      insert into module_version (id, module_id, version, digest, lifecycle_state, artifact_url, notes, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id
      """;

  /// @return whether it is new: neither its id nor its version in the module was there
  public boolean add(Db.Tx tx, Version v) {
    return tx.query(ADD_VERSION, v.id(), v.moduleId(), v.version(), v.digest().value(), Words.of(v.lifecycleState()), v.artifactUrl(),
        v.notes(), time(v.createdAt())).rowCount() > 0;
  }

  private static final String VERSION = """
      select id, module_id, version, digest, lifecycle_state, artifact_url, notes, created_at from module_version where id = $1
      """;

  public Optional<Version> version(String id) { return db.list(VERSION, CatalogStore::version, id).stream().findFirst(); }

  private static final String HELD = """
      select id, module_id, version, digest, lifecycle_state, artifact_url, notes, created_at from module_version where id = any($1) order by id for share
      """;

  /// These versions, which nobody moves until the transaction ends; others may still read them so.
  public List<Version> held(Db.Tx tx, List<String> ids) {
    return tx.list(HELD, CatalogStore::version, (Object) ids.toArray(String[]::new));
  }

  /// The version, for a move: nobody reads it to plan until the transaction ends.
  public Optional<Version> versionForMove(Db.Tx tx, String id) {
    return tx.list(VERSION + " for update", CatalogStore::version, id).stream().findFirst();
  }

  private static final String MOVE = "update module_version set lifecycle_state = $2 where id = $1";

  public void move(Db.Tx tx, String id, Lifecycle to) { tx.query(MOVE, id, Words.of(to)); }

  private static final String VERSIONS = """
      select v.n, v.id, v.module_id, v.version, v.digest, v.lifecycle_state, v.artifact_url, v.notes, v.created_at
        from module_version v join module m on m.id = v.module_id
       where v.n > $1 and ($3::text is null or v.module_id = $3) and ($4::text is null or m.name = $4) and ($5::text is null or v.lifecycle_state = $5)
       order by v.n limit $2
      """;

  public Page<Version> versions(Filter filter, long after, int limit) {
    return Page.of(db.query(VERSIONS, after, limit + 1, filter.moduleId(), filter.moduleName(), filter.lifecycleState()), limit,
        CatalogStore::version);
  }

  private static final String AMONG = """
      select id, module_id, version, digest, lifecycle_state, artifact_url, notes, created_at from module_version where id = any($1)
      """;

  /// Those of these versions that exist.
  public List<Version> among(List<String> ids) { return db.list(AMONG, CatalogStore::version, (Object) ids.toArray(String[]::new)); }

  private static Module module(Row row) { return new Module(row.getString("id"), row.getString("name"), time(row, "created_at")); }

  private static Version version(Row row) {
    return new Version(row.getString("id"), row.getString("module_id"), row.getString("version"), new Digest(row.getString("digest")),
        Words.read(Lifecycle.class, row.getString("lifecycle_state")), row.getString("artifact_url"), row.getString("notes"),
        time(row, "created_at"));
  }
}
