package dev.sluice.rollout.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Epoch;
import dev.sluice.chassis.Json;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.Refusal;
import dev.sluice.rollout.store.RolloutView.BatchTimes;
import dev.sluice.rollout.store.RolloutView.Times;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Rollouts as rows. Blocks; call on virtual threads.
public final class RolloutStore {
  /// One of a list.
  ///
  /// @param place in the order of making
  public record Listed(long place, Map<String, Object> view) {}

  /// Each null: any.
  public record Filter(String state, String templateId, String moduleId) {}

  /// What is remembered of a member beside its state.
  public record MemberTimes(Instant instructedAt, Instant handedOutAt, Instant verdictAt, Double seconds, String detail) {}

  private final Db db;

  public RolloutStore(Db db) {
    this.db = db;
  }

  /// Whether a later rollout of its pair was made. A plan that the planner gave up does not count: nobody was told that it was made.
  private static final String FOLLOWED = """
      exists (select 1 from rollout l
               where l.template_id = r.template_id and l.module_id = r.module_id and l.place > r.place
                 and (l.state <> 'cancelled'
                      or not exists (select 1 from decision d where d.rollout_id = l.id and d.command_kind = 'withdraw'))) as followed
      """;
  private static final String LIST = "select r.place, r.view, " + FOLLOWED + """
        from rollout r
       where r.place < $1 and ($2::text is null or r.state = $2) and ($3::text is null or r.template_id = $3)
         and ($4::text is null or r.module_id = $4)
       order by r.place desc limit $5
      """;

  /// Newest first, older than the place `before`.
  public List<Listed> list(Filter f, long before, int limit) {
    return db.list(LIST, RolloutStore::listed, before, f.state(), f.templateId(), f.moduleId(), limit);
  }

  /// The view is of the last change of this rollout; that another one was made since changes what is legal.
  private static Listed listed(Row r) {
    var view = Json.map(r.getString("view"));
    var state = Words.read(RolloutState.class, (String) view.get("state"));
    view.put("legal_commands", Refusal.legal(state, r.getBoolean("followed")));
    return new Listed(r.getLong("place"), view);
  }

  private static final String FIND = "select r.created_at, r.started_at, r.ended_at, r.since, " + FOLLOWED
      + " from rollout r where r.id = $1";
  static final String BATCHES = "select batch_index, started_at, ended_at from rollout_batch where rollout_id = $1";

  public Optional<Times> times(RolloutId id) {
    return db.list(FIND,
        r -> new Times(Columns.time(r, "created_at"), Columns.time(r, "started_at"), Columns.time(r, "ended_at"), Columns.time(r, "since"),
            r.getBoolean("followed"), batchTimes(db.query(BATCHES, id.value()))),
        id.value()).stream().findFirst();
  }

  static Map<Integer, BatchTimes> batchTimes(RowSet<Row> rows) {
    var times = new HashMap<Integer, BatchTimes>();
    for (var row : rows)
      times.put(row.getInteger("batch_index"), new BatchTimes(Columns.time(row, "started_at"), Columns.time(row, "ended_at")));
    return times;
  }

  private static final String MEMBERS = """
      select ordinal, instructed_at, handed_out_at, verdict_at, seconds, detail from rollout_member where rollout_id = $1 and ordinal = any($2)
      """;

  /// By ordinal; nothing of those that were never instructed.
  public Map<Integer, MemberTimes> members(RolloutId id, List<Integer> ordinals) {
    var found = new HashMap<Integer, MemberTimes>();
    for (var r : db.query(MEMBERS, id.value(), ordinals.toArray(Integer[]::new)))
      found.put(r.getInteger("ordinal"),
          new MemberTimes(Columns.time(r, "instructed_at"), Columns.time(r, "handed_out_at"), Columns.time(r, "verdict_at"),
              r.getDouble("seconds"), r.getString("detail")));
    return found;
  }

  private static final String DELIVERIES = """
      select id, delivers, seq from rollout where not released and state not in ('awaiting_approval', 'approved')
      """;

  /// What each open rollout delivers now.
  public List<Ask.Delivery> deliveries() {
    return db.list(DELIVERIES, r -> new Ask.Delivery(new RolloutId(r.getString("id")),
        r.getString("delivers") == null ? null : Words.read(Purpose.class, r.getString("delivers")), r.getLong("seq")));
  }

  private static final String CLAIM = """
      update rollout set due_at = $2
       where id in (select id from rollout where not released and state <> 'awaiting_approval' and due_at <= $1
                     order by due_at limit $3 for update skip locked)
      returning id
      """;

  /// Takes rollouts that are due; each is due again after `every`.
  public List<RolloutId> claimDue(Instant now, Duration every, int limit) {
    return db.list(CLAIM, r -> new RolloutId(r.getString("id")), Columns.time(now), Columns.time(now.plus(every)), limit);
  }

  private static final String RAN_BEFORE = """
      select r.id from rollout r join journal j on j.stream = r.id and j.seq = r.seq
       where not r.released and r.state in ('approved', 'running', 'rolling_back') and j.epoch < $1
      """;

  /// Rollouts that went on by themselves when the backup was made that began this epoch, and of which nothing was written since.
  public List<RolloutId> ranBefore(Epoch epoch) { return db.list(RAN_BEFORE, r -> new RolloutId(r.getString("id")), epoch.number()); }

  private static final String ALL_DUE = "update rollout set due_at = $1 where not released and due_at > $1";

  /// Makes all open rollouts due.
  public void allDue(Instant now) { db.query(ALL_DUE, Columns.time(now)); }
}
