package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/// The replicas of this service, and how far all of them have flushed.
public final class ReplicaStore {
  private final Db db;

  public ReplicaStore(Db db) {
    this.db = db;
  }

  /// The lock of whoever judges; one at a time.
  public static final String SETTLE = "settle";
  private static final String OTHERS = """
      select max(flushed_through) as through, bool_or(not stopped and beat_at > clock_timestamp() - $1::bigint * interval '1 millisecond') as lives
        from replica
      """;
  private static final String FORGET = "delete from replica where stopped";

  /// A replica begins to hear. Where none lived, the time since the last one was heard of is time in which we were deaf.
  public void join(String replicaId, Instant now, Duration ttl) {
    db.doInTransaction(tx -> {
      tx.lock(SETTLE);
      var row = tx.query(OTHERS, ttl.toMillis()).iterator().next();
      var through = Columns.time(row, "through");
      boolean deaf = through != null && !row.getBoolean("lives") && through.isBefore(now);
      if (deaf) FlushStore.deaf(tx, through, now, "no replica was there");
      tx.query(FORGET);
      FlushStore.beat(tx, replicaId, now);
    });
  }

  private static final String LEAVE = "update replica set stopped = true, flushed_through = greatest(flushed_through, $2) where id = $1";

  /// A replica has flushed all and hears nothing more.
  public void leave(String replicaId, Instant through) { db.query(LEAVE, replicaId, Columns.time(through)); }

  private static final String REAP = """
      delete from replica where not stopped and beat_at < clock_timestamp() - $1::bigint * interval '1 millisecond'
      returning flushed_through, clock_timestamp() as now
      """;
  private static final String HORIZON = "select min(flushed_through) as horizon from replica where not stopped";

  /// The time through which all evidence is committed; null where no replica lives. What a dead replica had not flushed is lost: the time since is time in which
  /// we were deaf, and it is written before the horizon passes it.
  public Instant horizon(Db.Tx tx, Duration ttl) {
    for (var dead : tx.query(REAP, ttl.toMillis())) {
      var through = Objects.requireNonNull(Columns.time(dead, "flushed_through"));
      var now = Objects.requireNonNull(Columns.time(dead, "now"));
      FlushStore.deaf(tx, through, now, "a replica was lost");
    }
    return Columns.time(tx.query(HORIZON).iterator().next(), "horizon");
  }

  private static final String THROUGH = "select through from settled";

  /// All that was received before this is judged; null: nothing yet.
  public Instant settled() {
    var row = db.query(THROUGH).iterator().next();
    return Columns.time(row, "through");
  }
}
