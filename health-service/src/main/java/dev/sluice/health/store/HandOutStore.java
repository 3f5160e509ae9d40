package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RolloutEvent.Handing;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The handing out of instructions: committed before the answer leaves, together with its report.
///
/// The gates of the rollouts are held while it is done, so a withholding is committed either before it, and then it is refused, or after it; after those only that were
/// there before the withholding came ([GateQueue]).
public final class HandOutStore {
  /// An instruction that an agent waits for.
  ///
  /// @param rolloutId null: nobody withholds it
  public record Wish(String instanceId, String moduleId, long generation, String rolloutId, Purpose purpose) {}

  /// @param handed those of the wishes that are handed out, by this or by another
  /// @param fresh  how many by this
  public record Handed(Set<Wish> handed, int fresh) {}

  private final Db db;
  private final Journal journal;
  private final Duration lease;

  /// @param lease how long the last word of the rollout-service holds
  public HandOutStore(Db db, Journal journal, Duration lease) {
    this.db = db;
    this.journal = journal;
    this.lease = lease;
  }

  /// What a pause or a trip withholds is given free by the fact that also sets its clocks going: an answer of the rollout-service may come first.
  static final String DELIVERED = "case when paused_since is null and tripped_since is null then purpose end as purpose";
  private static final String GATES = "select rollout_id, " + DELIVERED + """
      , heard_at from gate where rollout_id = any($1) and not ended order by rollout_id for share
      """;

  private static final String HAND_OUT = """
      with wish as (
        select instance_id, module_id, generation from unnest($1::text[], $2::text[], $3::bigint[]) as w (instance_id, module_id, generation)
      ), locked as (
        select w.* from wish w join assignment a using (instance_id, module_id)
         order by a.instance_id, a.module_id for update of a
      )
      update assignment a set handed_out_at = $4, due_at = case when a.rollout_id is not null then coalesce(a.due_at, a.deadline_at) end,
             changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
        from locked w
       where a.instance_id = w.instance_id and a.module_id = w.module_id and a.generation = w.generation and a.handed_out_at is null
         and (a.standing is null or a.standing = 'awaited') and (a.due_at is null or a.due_at > $4)
      returning a.instance_id, a.module_id, a.generation, a.generation - a.leap as counted, a.rollout_id, a.ordinal
      """;

  private static final String WERE = """
      select a.instance_id, a.module_id, a.generation
        from unnest($1::text[], $2::text[], $3::bigint[]) as w (instance_id, module_id, generation) join assignment a using (instance_id, module_id, generation)
       where a.handed_out_at is not null
      """;

  private record Key(String instanceId, String moduleId, long generation) {}

  /// Hands out what may be. The time of it is taken when the gates are held: whoever waits for them long meets a lease that has ended.
  public Handed handOut(List<Wish> wishes, InstantSource clock) {
    var handed = db.inTransaction(tx -> {
      var gates = gates(tx, wishes);
      var now = clock.instant();
      var open = open(gates, now);
      var allowed = wishes.stream().filter(w -> w.rolloutId == null || w.purpose == open.get(w.rolloutId)).distinct().toList();
      var keys = new HashSet<Key>();
      var reports = new Reports();
      int fresh = 0;
      if (!allowed.isEmpty())
        for (var row : tx.query(HAND_OUT, Columns.texts(allowed, Wish::instanceId), Columns.texts(allowed, Wish::moduleId),
            Columns.longs(allowed, Wish::generation), Columns.time(now))) {
              keys.add(new Key(row.getString("instance_id"), row.getString("module_id"), row.getLong("generation")));
              fresh++;
              if (row.getString("rollout_id") != null)
                reports.handedOut(row.getString("rollout_id"), row.getString("instance_id"),
                    new Handing(row.getInteger("ordinal"), row.getLong("counted"), now));
            }
      if (fresh < wishes.size())
        keys.addAll(tx.list(WERE,
            row -> new Key(row.getString("instance_id"), row.getString("module_id"), row.getLong("generation")),
            Columns.texts(wishes, Wish::instanceId), Columns.texts(wishes, Wish::moduleId), Columns.longs(wishes, Wish::generation)));
      reports.append(tx, journal, now, null);
      var done = new HashSet<Wish>();
      for (var wish : wishes)
        if (keys.contains(new Key(wish.instanceId, wish.moduleId, wish.generation))) done.add(wish);
      return new Handed(done, fresh);
    });
    if (handed.fresh > 0) journal.nudge();
    return handed;
  }

  private static List<Row> gates(Db.Tx tx, List<Wish> wishes) {
    var rollouts = wishes.stream().map(Wish::rolloutId).filter(Objects::nonNull).distinct().toArray(String[]::new);
    if (rollouts.length == 0) return List.of();
    GateQueue.read(tx, rollouts);
    return tx.list(GATES, row -> row, (Object) rollouts);
  }

  private Map<String, Purpose> open(List<Row> gates, Instant now) {
    var open = new HashMap<String, Purpose>();
    for (var row : gates)
      if (now.isBefore(Columns.time(row, "heard_at").plus(lease))) open.put(row.getString("rollout_id"), CellStore.purpose(row));
    return open;
  }
}
