package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Epoch;
import java.time.Duration;

/// What a restored backup must not be believed in: that agents wait for the generations that it knows, and that what the rollout-service said last still holds.
/// Doing it again changes nothing.
public final class AfterRestore {
  private final Db db;
  private final Epoch epoch;

  public AfterRestore(Db db, Epoch epoch) {
    this.db = db;
    this.epoch = epoch;
  }

  private static final String LEAP = """
      update assignment set generation = generation - leap + $1, leap = $1, changed_xid = greatest(pg_current_xact_id(), changed_xid)
       where handed_out_at is null and leap < $1
      """;
  private static final String LAPSE = """
      update gate set heard_at = $1::timestamptz - $2::bigint * interval '1 second'
       where heard_at > $1::timestamptz - $2::bigint * interval '1 second' and heard_at < $1::timestamptz
      """;

  /// Lifts what was handed out to nobody above all that agents can know, and ends the lease of deliveries. Blocks; call before anything is handed out.
  ///
  /// @param lease how long the last word of the rollout-service holds
  public void settle(Duration lease) {
    db.query(LEAP, epoch.leap());
    db.query(LAPSE, Columns.time(epoch.began()), lease.toSeconds());
  }
}
