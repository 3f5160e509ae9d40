package dev.sluice.health.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Purpose;
import dev.sluice.health.ingest.Assigned;
import dev.sluice.health.ingest.Credentials;
import dev.sluice.health.ingest.Gates;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What replicas hold in memory, and how they follow it.
///
/// A replica reads again all rows that were written by transactions that its last look may have missed: those from the oldest that still ran then
/// (`pg_snapshot_xmin`) on. So nothing is passed over, whatever commits late. A row's number never falls: a transaction that began first and wrote last leaves the
/// number of the one before, or its news would look old.
public final class CellStore {
  public record CredentialsRow(String instanceId, Credentials credentials) {}

  public record AssignedRow(String instanceId, Assigned assigned) {}

  private final Db db;

  public CellStore(Db db) {
    this.db = db;
  }

  private static final String CREDENTIALS = """
      select id, token_hash, enrolment, status, changed_xid::text as changed from instance where id = any($1)
      """;

  public List<CredentialsRow> credentials(List<String> ids) {
    return db.list(CREDENTIALS, CellStore::credentials, (Object) ids.toArray(String[]::new));
  }

  private static final String ASSIGNED = """
      select instance_id, module_id, version, digest, artifact_url, generation, rollout_id, purpose, handed_out_at is not null as handed_out,
             echoed_at is not null as echoed, coalesce(standing = 'closed', false) as closed, changed_xid::text as changed
        from assignment where instance_id = any($1)
      """;

  public List<AssignedRow> assigned(List<String> ids) {
    return db.list(ASSIGNED, CellStore::assigned, (Object) ids.toArray(String[]::new));
  }

  /// The order of an instance's heartbeats as far as it was judged.
  ///
  /// @param replaced its newest boots that were replaced, at most 8, the oldest first
  /// @param through  all that was received before it, by whichever replica, is judged
  public record OrderRow(String instanceId, long enrolment, String bootId, long sequence, List<String> replaced, Instant through) {}

  private static final String ORDERS = """
      select p.instance_id, i.enrolment, p.boot_id, p.sequence,
             array(select b.boot_id
                     from (select boot_id, replacement from boot where instance_id = p.instance_id order by replacement desc limit 8) b
                    order by b.replacement) as replaced,
             s.through
        from pulse p join instance i on i.id = p.instance_id cross join settled s
       where p.instance_id = any($1) and p.boot_id is not null
      """;

  public List<OrderRow> orders(List<String> ids) {
    return db.list(ORDERS,
        r -> new OrderRow(r.getString("instance_id"), r.getLong("enrolment"), r.getString("boot_id"), r.getLong("sequence"),
            List.of(r.getArrayOfStrings("replaced")), Columns.time(r, "through")),
        (Object) ids.toArray(String[]::new));
  }

  /// What a look sees, all in one snapshot.
  ///
  /// @param horizon     from where the next look must begin
  /// @param credentials whether there are any to learn
  /// @param assigned    whether there are desired versions to learn
  public record Sight(String horizon, boolean credentials, boolean assigned) {}

  private static final String SINCE = """
      select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
             exists (select from instance where changed_xid >= $1::text::xid8) as credentials,
             exists (select from assignment where changed_xid >= $1::text::xid8) as assigned
      """;

  /// Whether anything has changed since a horizon.
  ///
  /// @param horizon null: there is none yet, and nothing to learn
  public Sight since(String horizon) {
    var row = db.query(SINCE, horizon).iterator().next();
    return new Sight(row.getString("horizon"), row.getBoolean("credentials"), row.getBoolean("assigned"));
  }

  private static final String CREDENTIALS_SINCE = """
      select id, token_hash, enrolment, status, changed_xid::text as changed from instance where changed_xid >= $1::text::xid8
      """;

  public List<CredentialsRow> credentialsSince(String horizon) { return db.list(CREDENTIALS_SINCE, CellStore::credentials, horizon); }

  private static final String ASSIGNED_SINCE = """
      select instance_id, module_id, version, digest, artifact_url, generation, rollout_id, purpose, handed_out_at is not null as handed_out,
             echoed_at is not null as echoed, coalesce(standing = 'closed', false) as closed, changed_xid::text as changed
        from assignment where changed_xid >= $1::text::xid8
      """;

  public List<AssignedRow> assignedSince(String horizon) { return db.list(ASSIGNED_SINCE, CellStore::assigned, horizon); }

  private static final String GATES = "select rollout_id, " + HandOutStore.DELIVERED
      + " from gate where not ended and (upgrading or rolling_back)";

  public Map<String, Gates.Gate> gates() {
    var gates = new HashMap<String, Gates.Gate>();
    for (var row : db.query(GATES))
      gates.put(row.getString("rollout_id"), new Gates.Gate(purpose(row)));
    return gates;
  }

  static Purpose purpose(Row row) {
    var word = row.getString("purpose");
    return word == null ? null : Words.read(Purpose.class, word);
  }

  private static CredentialsRow credentials(Row row) {
    return new CredentialsRow(row.getString("id"), new Credentials(row.getBuffer("token_hash").getBytes(), row.getLong("enrolment"),
        !row.getString("status").equals("decommissioned"), Long.parseLong(row.getString("changed"))));
  }

  private static AssignedRow assigned(Row row) {
    return new AssignedRow(row.getString("instance_id"),
        new Assigned(row.getString("module_id"), row.getString("version"), row.getString("digest"), row.getString("artifact_url"),
            row.getLong("generation"), row.getString("rollout_id"), purpose(row), row.getBoolean("handed_out"), row.getBoolean("echoed"),
            row.getBoolean("closed"), Long.parseLong(row.getString("changed"))));
  }
}
