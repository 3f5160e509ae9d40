package dev.sluice.health.store;

import dev.sluice.chassis.Db;
import java.util.Collection;

/// The turns at the gates of rollouts. PostgreSQL lets whoever only reads a row with `for share` pass a writer that waits for it: where several replicas hand out without
/// a pause, a withholding would wait for as long as they do. Advisory locks are given in the order in which they were asked for. So whoever reads or writes gates takes
/// these first, held until the end of the transaction, in the order of the rollouts; then the rows, which hold off whoever knows of no turns, such as the release before.
///
/// None of these waits by itself: the statement that follows on the connection does.
final class GateQueue {
  private GateQueue() {}

  private static final String KEY = "(hashtextextended(current_schema() || '/gate/' || id, 0))";
  private static final String OF_THESE = " from unnest($1::text[]) as r (id) order by id";
  private static final String WRITE = "select pg_advisory_xact_lock" + KEY + OF_THESE;

  /// Whoever comes later waits until the end of this transaction.
  static void write(Db.Tx tx, String... rollouts) { tx.send(WRITE, (Object) rollouts); }

  private static final String SHARE = "select pg_advisory_xact_lock_shared" + KEY;
  private static final String READ = SHARE + OF_THESE;

  /// Beside others who read, behind those who wait to write.
  static void read(Db.Tx tx, String... rollouts) { tx.send(READ, (Object) rollouts); }

  private static final String READ_OF = SHARE + """
       from (select distinct rollout_id as id from assignment
              where instance_id = any($1) and rollout_id is not null and standing <> 'closed') r
       order by id
      """;

  /// The same for the rollouts that wait for something of these instances.
  static void readOf(Db.Tx tx, Collection<String> instances) { tx.send(READ_OF, (Object) instances.toArray(String[]::new)); }
}
