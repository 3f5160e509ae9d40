package dev.sluice.health.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Ask.Delivery;
import dev.sluice.contract.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What rollouts deliver now and which of their clocks stand still. Whoever writes a gate's row holds it until the commit, and so does whoever hands out.
public final class GateStore {
  /// @param upgrading   it started
  /// @param pausedSince null: not paused
  /// @param trippedSince null: not tripped
  public record Gate(boolean upgrading, boolean rollingBack, Instant pausedSince, Instant trippedSince) {
    boolean clocksRun() { return pausedSince == null && trippedSince == null; }
  }

  /// Clocks of replicas and database may differ by this.
  private static final Duration NOISE = Duration.ofSeconds(1);
  private final AttemptStore attempts = new AttemptStore();
  private final EvidenceStore evidence;
  private final Duration lease;

  /// @param lease how long the last word of the rollout-service holds
  public GateStore(Duration lease) {
    this.lease = lease;
    this.evidence = new EvidenceStore(lease);
  }

  private static final String CREATE = """
      insert into gate (rollout_id, seq, heard_at) values ($1, 0, '1970-01-01') on conflict (rollout_id) do nothing
      """;
  private static final String CREATE_ALL = """
      insert into gate (rollout_id, seq, heard_at) select id, 0, '1970-01-01' from unnest($1::text[]) as r (id) order by id
      on conflict (rollout_id) do nothing
      """;
  private static final String LOCK = """
      select upgrading, rolling_back, paused_since, tripped_since from gate where rollout_id = $1 for update
      """;

  /// A rollout's gate, locked; made if need be.
  public Gate lock(Db.Tx tx, String rolloutId) {
    GateQueue.write(tx, rolloutId);
    tx.send(CREATE, rolloutId);
    var row = tx.query(LOCK, rolloutId).iterator().next();
    return new Gate(row.getBoolean("upgrading"), row.getBoolean("rolling_back"), Columns.time(row, "paused_since"),
        Columns.time(row, "tripped_since"));
  }

  private static final String BEGIN = "update gate set began = nextval('enrolment') where rollout_id = $1 and began is null";

  /// Who is enrolled from now on is no member, whatever his id.
  public void begin(Db.Tx tx, String rolloutId) { tx.send(BEGIN, rolloutId); }

  private static final String WRITE = """
      update gate set upgrading = $2, rolling_back = $3, paused_since = $4, tripped_since = $5, ended = $6 where rollout_id = $1
      """;

  public void write(Db.Tx tx, String rolloutId, Gate gate, boolean ended) {
    tx.send(WRITE, rolloutId, gate.upgrading, gate.rollingBack, Columns.time(gate.pausedSince), Columns.time(gate.trippedSince), ended);
  }

  private static final String DELIVER = """
      update gate set purpose = case when seq < $2 then $3 else purpose end, seq = greatest(seq, $2), heard_at = greatest(heard_at, $4)
       where rollout_id = $1
      """;

  /// The rollout's stream says what is delivered as of `seq`; what was heard of a later place stays.
  ///
  /// @param purpose null: nothing
  public void deliver(Db.Tx tx, String rolloutId, long seq, Purpose purpose, Instant at) {
    tx.send(DELIVER, rolloutId, seq, purpose == null ? null : Words.of(purpose), Columns.time(at));
  }

  private static final String HEARD = """
      with word as (
        select rollout_id, seq, purpose from unnest($1::text[], $2::bigint[], $3::text[]) as w (rollout_id, seq, purpose)
      ), locked as (
        select g.rollout_id, g.seq, g.purpose, g.heard_at from gate g join word w using (rollout_id) order by g.rollout_id for update of g
      )
      update gate g set purpose = case when g.seq < w.seq then w.purpose else g.purpose end, seq = greatest(g.seq, w.seq),
             heard_at = greatest(g.heard_at, $4)
        from word w join locked l using (rollout_id)
       where g.rollout_id = w.rollout_id
      returning g.rollout_id, l.seq < w.seq and l.purpose is distinct from w.purpose as turned, l.heard_at,
                l.purpose is not null and g.paused_since is null and g.tripped_since is null as delivering,
                clock_timestamp() as now
      """;

  private static final String SILENCE = "select heard_at, purpose from gate where rollout_id = $1";

  /// The rollout-service is heard of again. What it delivers was handed out to nobody since its word had lapsed: that time is held against none of those that
  /// wait for it.
  ///
  /// @param gate as it was
  public void heardAgain(Db.Tx tx, String rolloutId, Gate gate, Instant at) {
    var row = tx.query(SILENCE, rolloutId).iterator().next();
    if (row.getString("purpose") != null && gate.clocksRun()) lapsed(tx, rolloutId, Columns.time(row, "heard_at"), at);
  }

  private void lapsed(Db.Tx tx, String rolloutId, Instant heardAt, Instant at) {
    var since = heardAt.plus(lease);
    if (!at.isAfter(since.minus(NOISE))) return;
    stoodStill(tx, rolloutId, since, at, false); // clocks that stood still are set going even where nothing is added
  }

  /// The clocks of a rollout's members stood still between two instants.
  ///
  /// @param handedOutToo whether those of members that were handed their instruction stood still too
  public void stoodStill(Db.Tx tx, String rolloutId, Instant since, Instant at, boolean handedOutToo) {
    attempts.moveOn(tx, rolloutId, evidence.deaf(tx, since).heardBetween(since, at), handedOutToo, at);
  }

  /// The rollout-service answered what it delivers now.
  ///
  /// @param asked when it was asked
  /// @return whether anything is delivered or withheld that was not before
  public boolean heard(Db db, List<Delivery> deliveries, Instant asked) {
    if (deliveries.isEmpty()) return false;
    return db.inTransaction(tx -> {
      GateQueue.write(tx, rollouts(deliveries));
      return heard(tx, deliveries, asked);
    });
  }

  /// The same, also of rollouts whose facts have not come yet: what they say of an earlier place then changes nothing.
  public boolean heardFirst(Db db, List<Delivery> deliveries, Instant asked) {
    return !deliveries.isEmpty() && db.inTransaction(tx -> {
      GateQueue.write(tx, rollouts(deliveries));
      tx.send(CREATE_ALL, (Object) rollouts(deliveries));
      return heard(tx, deliveries, asked);
    });
  }

  private static String[] rollouts(List<Delivery> deliveries) { return Columns.texts(deliveries, d -> d.rolloutId().value()); }

  private boolean heard(Db.Tx tx, List<Delivery> deliveries, Instant asked) {
    var rows = tx.list(HEARD, r -> r, rollouts(deliveries), Columns.longs(deliveries, Delivery::seq),
        Columns.texts(deliveries, d -> d.purpose() == null ? null : Words.of(d.purpose())), Columns.time(asked));
    for (var row : rows)
      if (row.getBoolean("delivering")) lapsed(tx, row.getString("rollout_id"), Columns.time(row, "heard_at"), Columns.time(row, "now"));
    return rows.stream().anyMatch(r -> r.getBoolean("turned"));
  }
}
