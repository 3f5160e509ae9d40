package dev.sluice.rollout.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Json;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.*;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.Account;
import dev.sluice.rollout.domain.DecisionRow;
import dev.sluice.rollout.domain.DecisionRow.Head;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.rollout.store.RolloutView.Times;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.ToIntFunction;

/// Keeps the rows of rollouts, in the append's transaction; members in bulk.
final class RolloutRows implements Desk.View<Rollout, RolloutCommand, RolloutEvent> {
  /// A list shows the batches of rollouts that have no more than these.
  static final int MAX_BATCHES = 200;
  private static final DecisionTexts TEXTS = new DecisionTexts();
  private final Duration tick;
  private final ReconcilerStore reconciler;

  RolloutRows(Duration tick, ReconcilerStore reconciler) {
    this.tick = tick;
    this.reconciler = reconciler;
  }

  @Override
  public void apply(Db.Tx tx, Desk.Change<Rollout, RolloutCommand, RolloutEvent> change) {
    // as exact as a column keeps it, so that a list and a single answer agree
    var at = change.at().truncatedTo(ChronoUnit.MICROS);
    var id = new RolloutId(change.stream());
    for (var event : change.events())
      batchesAndMembers(tx, id.value(), event, Columns.time(at));
    var standing = new Standing(change.after());
    if (change.events().stream().anyMatch(BatchStarted.class::isInstance)) reconciler.mayStart(tx, standing.plan().inputs().templateId());
    var known = tx.list(KNOWN, row -> row, id.value());
    var row = known.isEmpty() ? null : known.getFirst();
    var decision = decision(row == null ? Head.start(id) : DecisionStore.head(id, row), id, change, at);
    decided(tx, id.value(), decision);
    keep(tx, id.value(), standing, times(tx, id.value(), row, new Standing(change.before()), standing, at), change.end(),
        decision.head(),
        at);
    if (change.command() instanceof RolloutCommand.Rollback rollback && rollback.pairUntil() != null) stillKept(tx, rollback.pairUntil());
  }

  private static final String KEPT = "select clock_timestamp() < $1 as kept";

  /// Last of all, and a transaction that stands still is ended: whoever was frozen since he decided does not roll back what another rollout holds by now.
  private static void stillKept(Db.Tx tx, Instant until) {
    if (!tx.query(KEPT, Columns.time(until)).iterator().next().getBoolean("kept"))
      throw new Journal.Rival("the pair was kept for this rollback until " + until, null);
  }

  private static final String KNOWN = "select created_at, ended_at, since, decisions, decision_hash from rollout where id = $1 for update";

  private static DecisionRow decision(Head head, RolloutId id, Desk.Change<Rollout, RolloutCommand, RolloutEvent> change, Instant at) {
    var from = new Account.Place(change.from().seq(), change.from().told());
    return DecisionRow.behind(head, id, at, change.actor(),
        Account.of(change.before(), from, change.command(), change.events(), change.after(), TEXTS));
  }

  private static final String DECIDED = """
      insert into decision (rollout_id, position, decided_at, actor, command_kind, command, counters, rule, parameters, outcome, previous_hash, hash)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      """;

  private static void decided(Db.Tx tx, String id, DecisionRow row) {
    var account = row.account();
    tx.send(DECIDED, id, row.position(), Columns.time(row.decidedAt()), row.actor(), account.commandKind(), account.command(),
        account.counters(),
        account.rule(), account.parameters(), account.outcome(), row.previousHash(), row.hash());
  }

  /// @param row null where it is new
  private static Times times(Db.Tx tx, String id, Row row, Standing before, Standing after, Instant at) {
    boolean same = row != null && before.state() == after.state();
    var endedAt = !after.state().ended() ? null : same ? Columns.time(row, "ended_at") : at;
    return new Times(row == null ? at : Columns.time(row, "created_at"), after.startedAt().orElse(null), endedAt,
        same ? Columns.time(row, "since") : at, false, RolloutStore.batchTimes(tx.query(RolloutStore.BATCHES, id)));
  }

  private static final String KEEP = """
      insert into rollout (id, template_id, module_id, state, delivers, released, seq, view, created_at, started_at, ended_at, since, due_at,
                           decisions, decision_hash)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      on conflict (id) do update
         set state = excluded.state, delivers = excluded.delivers, released = excluded.released, seq = excluded.seq, view = excluded.view,
             started_at = excluded.started_at, ended_at = excluded.ended_at, since = excluded.since, due_at = excluded.due_at,
             decisions = excluded.decisions, decision_hash = excluded.decision_hash
      """;

  private void keep(Db.Tx tx, String id, Standing s, Times times, Journal.Position end, Head head, Instant at) {
    var view = RolloutView.of(s, times, end.told(), at, MAX_BATCHES);
    tx.send(KEEP, id, view.templateId().value(), view.moduleId().value(), Words.of(s.state()), s.delivers().map(Words::of).orElse(null),
        s.released(), end.seq(), Json.text(view), Columns.time(times.createdAt()), Columns.time(times.startedAt()),
        Columns.time(times.endedAt()), Columns.time(times.since()),
        Columns.time(at.plus(tick)), head.position(), head.hash());
  }

  private static final String BATCH_STARTED = """
      insert into rollout_batch (rollout_id, batch_index, started_at) values ($1, $2, $3)
      on conflict (rollout_id, batch_index) do nothing
      """;
  private static final String BATCH_ENDED = "update rollout_batch set ended_at = $3 where rollout_id = $1 and batch_index = $2";
  private static final String INSTRUCTED = """
      insert into rollout_member (rollout_id, ordinal, instructed_at) select $1, ordinal, $3 from unnest($2::int[]) as u (ordinal)
      on conflict (rollout_id, ordinal) do update
         set instructed_at = excluded.instructed_at, handed_out_at = null, verdict_at = null, seconds = null, detail = null
      """;
  private static final String HANDED_OUT = """
      update rollout_member m set handed_out_at = u.at
        from unnest($2::int[], $3::timestamptz[]) as u (ordinal, at) where m.rollout_id = $1 and m.ordinal = u.ordinal
      """;
  private static final String JUDGED = """
      update rollout_member m set verdict_at = u.at, seconds = u.seconds, detail = u.detail
        from unnest($2::int[], $3::timestamptz[], $4::double precision[], $5::text[]) as u (ordinal, at, seconds, detail)
       where m.rollout_id = $1 and m.ordinal = u.ordinal
      """;

  private static void batchesAndMembers(Db.Tx tx, String id, RolloutEvent event, OffsetDateTime at) {
    switch (event) {
      case BatchStarted e -> tx.send(BATCH_STARTED, id, e.batchIndex(), at);
      case BatchCompleted e -> tx.send(BATCH_ENDED, id, e.batchIndex(), at);
      case InstancesInstructed e -> tx.send(INSTRUCTED, id, ordinals(e.instructions(), Instruction::ordinal), at);
      case HandedOutRecorded e ->
        tx.send(HANDED_OUT, id, ordinals(e.handings(), Handing::ordinal), Columns.times(e.handings(), Handing::at));
      case VerdictsRecorded e -> judged(tx, id, e.verdicts());
      case RollbackVerdictsRecorded e -> judged(tx, id, e.verdicts());
      default -> {
        // the state remembers the rest
      }
    }
  }

  private static void judged(Db.Tx tx, String id, List<Verdict> verdicts) {
    tx.send(JUDGED, id, ordinals(verdicts, Verdict::ordinal), Columns.times(verdicts, Verdict::at),
        verdicts.stream().map(Verdict::seconds).toArray(Double[]::new), verdicts.stream().map(Verdict::detail).toArray(String[]::new));
  }

  static <T> Integer[] ordinals(List<T> items, ToIntFunction<T> ordinal) {
    return items.stream().map(ordinal::applyAsInt).toArray(Integer[]::new);
  }
}
