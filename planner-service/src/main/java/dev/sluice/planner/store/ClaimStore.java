package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.chassis.Db;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Words;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Who holds which pair of template and module: one open rollout each, by a unique index. Blocks; call on a virtual thread.
public final class ClaimStore {
  private final Db db;

  public ClaimStore(Db db) {
    this.db = db;
  }

  private static final String HOLDER = "select rollout_id from claim where template_id = $1 and module_id = $2 and open";

  /// The open rollout of a pair.
  public Optional<String> holder(String template, String module) {
    return db.list(HOLDER, r -> r.getString("rollout_id"), template, module).stream().findFirst();
  }

  /// The same, by the connection of a transaction: who waits for a second one while he holds the first waits for his rivals.
  public Optional<String> holder(Db.Tx tx, String template, String module) {
    return tx.list(HOLDER, r -> r.getString("rollout_id"), template, module).stream().findFirst();
  }

  private static final String LETS_GO = """
      select from claim c join plan p using (rollout_id) left join progress g using (rollout_id)
       where c.rollout_id = $1 and c.open and p.withdrawn_at is not null and (g.started_at is null or g.state = any($2))
      """;
  private static final String[] ENDED = Arrays.stream(RolloutState.values()).filter(RolloutState::ended).map(Words::of)
      .toArray(String[]::new);

  /// Whether a rollout holds its pair only until the rollout-service lets go of it: its plan was withdrawn, and nothing of it is known to be under way.
  public boolean letsGo(String rollout) { return db.query(LETS_GO, rollout, ENDED).rowCount() > 0; }

  /// The same, in a transaction.
  public boolean letsGo(Db.Tx tx, String rollout) { return tx.query(LETS_GO, rollout, ENDED).rowCount() > 0; }

  private static final String LAPSED = """
      select rollout_id from claim where rollout_id = any($1) and open and not held and reclaimed_until <= $2 order by rollout_id
      """;

  /// Those of these rollouts that took their pair for a rollback and were not seen to start it in time. It stays taken until somebody has asked whether they did.
  public List<String> lapsed(List<String> rollouts, Instant now) {
    return db.list(LAPSED, r -> r.getString("rollout_id"), rollouts.toArray(String[]::new), time(now));
  }

  private static final String HOLD_LAPSED = """
      update claim set held = true, reclaimed_until = null where rollout_id = $1 and open and not held and reclaimed_until <= $2
      """;
  private static final String EXPIRE = """
      update claim set open = false, reclaimed_until = null where rollout_id = $1 and open and not held and reclaimed_until <= $2
      """;

  /// Ends the doubt about a lapsed claim, unless it has ended meanwhile.
  ///
  /// @param begun whether its rollback has begun: then it holds the pair, else the pair is free
  public void settle(String rollout, boolean begun, Instant now) { db.query(begun ? HOLD_LAPSED : EXPIRE, rollout, time(now)); }

  private static final String TAKE = """
      insert into claim (rollout_id, template_id, module_id, open, held) values ($1, $2, $3, true, true)
      on conflict (template_id, module_id) where open do nothing returning rollout_id
      """;

  /// Takes a pair for a new rollout; waits for a rival that takes it at this moment.
  ///
  /// @return whether it was free
  public boolean take(Db.Tx tx, String rollout, String template, String module) {
    return tx.query(TAKE, rollout, template, module).rowCount() > 0;
  }

  private static final String RETAKE = """
      update claim set open = true, reclaimed_until = $2
       where rollout_id = $1
         and not exists (select 1 from claim c where c.template_id = claim.template_id and c.module_id = claim.module_id and c.open and c.rollout_id <> $1)
      returning rollout_id
      """;

  /// Takes the pair again for a rollback of an ended rollout, until the rollback is seen to start.
  ///
  /// @return whether no other rollout has it
  /// @throws io.vertx.pgclient.PgException a duplicate, if a rival takes it at this moment
  public boolean retake(Db.Tx tx, String rollout, Instant until) { return tx.query(RETAKE, rollout, time(until)).rowCount() > 0; }

  private static final String HOLD = """
      update claim set open = true, held = true, reclaimed_until = null
       where rollout_id = $1
         and not exists (select 1 from claim c where c.template_id = claim.template_id and c.module_id = claim.module_id and c.open and c.rollout_id <> $1)
      returning rollout_id
      """;

  /// A rollback started: it holds the pair.
  ///
  /// @return whether no other rollout has it
  public boolean hold(Db.Tx tx, String rollout) { return tx.query(HOLD, rollout).rowCount() > 0; }

  private static final String RELEASE = """
      update claim set held = false, open = reclaimed_until is not null, freed_at = clock_timestamp() where rollout_id = $1
      """;

  /// The pair is free again, unless a rollback has asked for it.
  public void release(Db.Tx tx, String rollout) { tx.query(RELEASE, rollout); }

  private static final String NOW = "select clock_timestamp() as now";

  /// The time by which [#freedSince] goes.
  public Instant now() { return db.list(NOW, r -> time(r, "now")).getFirst(); }

  private static final String FREED = """
      select rollout_id from claim where template_id = $1 and module_id = $2 and freed_at >= $3 order by freed_at limit 1
      """;

  /// A rollout that let go of the pair since a time: what was read of its instances before may have changed.
  public Optional<String> freedSince(Db.Tx tx, String template, String module, Instant since) {
    return tx.list(FREED, r -> r.getString("rollout_id"), template, module, time(since)).stream().findFirst();
  }

  private static final String NEEDING = """
      select distinct c.rollout_id from claim c join plan p using (rollout_id) join plan_revision r using (rollout_id)
       where c.open and r.revision >= p.revision and $1 = any(r.version_ids) order by c.rollout_id
      """;

  /// The open rollouts that target a version or would go back to it.
  public List<String> needing(String version) { return db.list(NEEDING, r -> r.getString("rollout_id"), version); }

  /// The same, in a transaction.
  public List<String> needing(Db.Tx tx, String version) { return tx.list(NEEDING, r -> r.getString("rollout_id"), version); }
}
