package dev.sluice.rollout.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.Account;
import dev.sluice.rollout.domain.DecisionRow;
import dev.sluice.rollout.domain.DecisionRow.Head;
import io.vertx.sqlclient.Row;
import java.util.List;
import java.util.Optional;

/// The decision records of rollouts. Blocks; call on virtual threads.
public final class DecisionStore {
  /// A page is full when its commands have this many bytes: a command of the health-service can have several 100,000.
  private static final long FULL = 4_000_000;

  /// @param more whether more rows follow
  /// @param head as the rollout keeps it, read together with the rows
  public record Page(List<DecisionRow> rows, boolean more, Head head) {}

  private final Db db;

  public DecisionStore(Db db) {
    this.db = db;
  }

  private static final String PAGE = """
      select r.decisions, r.decision_hash, d.found, d.position, d.decided_at, d.actor, d.command_kind, d.command, d.counters, d.rule, d.parameters,
             d.outcome, d.previous_hash, d.hash
        from rollout r left join lateral (
               select found, position, decided_at, actor, command_kind, command, counters, rule, parameters, outcome, previous_hash, hash
                 from (select e.*, count(*) over () as found,
                              coalesce(sum(octet_length(e.command)) over (order by e.position rows between unbounded preceding and 1 preceding), 0) as bytes
                         from (select position, decided_at, actor, command_kind, command, counters, rule, parameters, outcome, previous_hash, hash
                                 from decision where rollout_id = $1 and position > $2 order by position limit $3) e) f
                where bytes < $4) d on true
       where r.id = $1 order by d.position
      """;

  /// Rows behind a position, oldest first, at most `limit` and at least one if there is one; empty where there is no such rollout.
  public Optional<Page> page(RolloutId id, long after, int limit) {
    var found = db.list(PAGE, r -> r, id.value(), after, limit + 1, FULL);
    if (found.isEmpty()) return Optional.empty();
    var first = found.getFirst();
    var head = head(id, first);
    if (first.getLong("position") == null) return Optional.of(new Page(List.of(), false, head));
    var rows = found.stream().limit(limit).map(DecisionStore::row).toList();
    return Optional.of(new Page(rows, first.getLong("found") > rows.size(), head));
  }

  /// The head that a row of `rollout` keeps.
  static Head head(RolloutId id, Row rollout) {
    var hash = rollout.getString("decision_hash");
    return hash == null ? Head.start(id) : new Head(rollout.getLong("decisions"), hash);
  }

  private static DecisionRow row(Row r) {
    return new DecisionRow(r.getLong("position"), Columns.time(r, "decided_at"), r.getString("actor"),
        new Account(r.getString("command_kind"), r.getString("command"), r.getString("counters"), r.getString("rule"),
            r.getString("parameters"), r.getString("outcome")),
        r.getString("previous_hash"), r.getString("hash"));
  }
}
