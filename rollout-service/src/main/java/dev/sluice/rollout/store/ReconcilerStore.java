package dev.sluice.rollout.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Journal;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where batches may not start, and which replicas tick. Blocks; call on virtual threads.
public final class ReconcilerStore {
  private static final Logger log = LoggerFactory.getLogger(ReconcilerStore.class);
  private static final String STREAM = "reconciler";
  private static final String EVERYWHERE = "";

  public record Replica(String id, Instant lastTickAt) {}

  private final Chassis chassis;
  private final Db db;

  public ReconcilerStore(Chassis chassis) {
    this.chassis = chassis;
    this.db = chassis.db();
  }

  private static final String PAUSES = "select template_id from reconciler_pause order by template_id";

  /// The templates for which it is paused; the empty one means everywhere.
  private List<String> pauses() { return db.list(PAUSES, r -> r.getString("template_id")); }

  public boolean pausedEverywhere() { return pauses().contains(EVERYWHERE); }

  public List<TemplateId> pausedTemplates() {
    return pauses().stream().filter(t -> !t.equals(EVERYWHERE)).map(TemplateId::new).toList();
  }

  /// Whether no batch of a template may start.
  public boolean paused(TemplateId template) {
    var pauses = pauses();
    return pauses.contains(EVERYWHERE) || pauses.contains(template.value());
  }

  private static final String LOCK = "reconciler";
  private static final String PAUSED = "select from reconciler_pause where template_id in ($1, $2)";

  /// Lets a batch start in this transaction, before which no pause can be answered any more.
  ///
  /// @throws Journal.Rival if one was answered since it was decided
  void mayStart(Db.Tx tx, TemplateId template) {
    tx.lockShared(LOCK);
    if (tx.query(PAUSED, EVERYWHERE, template.value()).rowCount() > 0) throw new Journal.Rival("the reconciler was paused", null);
  }

  private static final String PAUSE = "insert into reconciler_pause (template_id, actor, at) values ($1, $2, $3) on conflict do nothing";

  /// @param template null: everywhere
  public void pause(TemplateId template, String actor) {
    var now = chassis.clock().instant();
    tell(template, actor, new ReconcilerEvent.ReconcilerPaused(template, actor),
        tx -> tx.query(PAUSE, name(template), actor, Columns.time(now)).rowCount());
  }

  private static final String RESUME = "delete from reconciler_pause where template_id = $1";

  /// @param template null: everywhere
  public void resume(TemplateId template, String actor) {
    tell(template, actor, new ReconcilerEvent.ReconcilerResumed(template, actor), tx -> tx.query(RESUME, name(template)).rowCount());
  }

  private void tell(TemplateId template, String actor, ReconcilerEvent event, java.util.function.ToIntFunction<Db.Tx> change) {
    boolean changed = db.inTransaction(tx -> {
      tx.lock(LOCK);
      if (change.applyAsInt(tx) == 0) return false;
      chassis.journal().appendNext(tx, Topics.ROLLOUT, STREAM, STREAM,
          List.of(new Journal.Entry(event, new Scope(null, template, null))), chassis.clock().instant(), actor);
      return true;
    });
    if (!changed) return;
    chassis.journal().nudge();
    log.atInfo().addKeyValue("template", template).addKeyValue("actor", actor)
        .log(event instanceof ReconcilerEvent.ReconcilerPaused ? "Reconciler paused" : "Reconciler resumed");
  }

  private static String name(TemplateId template) { return template == null ? EVERYWHERE : template.value(); }

  private static final String TICKED = """
      insert into reconciler_replica (id, last_tick_at) values ($1, $2) on conflict (id) do update set last_tick_at = excluded.last_tick_at
      """;
  private static final String FORGET = "delete from reconciler_replica where last_tick_at < $1";

  /// Remembers that a replica has ticked, and forgets those that have not for long.
  public void ticked(String replica, Instant now, Duration tick) {
    db.query(TICKED, replica, Columns.time(now));
    db.query(FORGET, Columns.time(now.minus(tick.multipliedBy(10))));
  }

  private static final String REPLICAS = "select id, last_tick_at from reconciler_replica where last_tick_at >= $1 order by id";

  /// Those that ticked within the last three ticks.
  public List<Replica> replicas(Instant now, Duration tick) {
    return db.list(REPLICAS, r -> new Replica(r.getString("id"), Columns.time(r, "last_tick_at")),
        Columns.time(now.minus(tick.multipliedBy(3))));
  }

  private static final String LAST = "select max(last_tick_at) as last from reconciler_replica";

  /// Null before the first tick.
  public Instant lastTickAt() { return Columns.time(db.query(LAST).iterator().next(), "last"); }
}
