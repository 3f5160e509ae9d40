package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.contract.Words;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.RolloutState;
import dev.sluice.planner.domain.Measured;
import dev.sluice.planner.domain.Progress;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/// How far rollouts have come, as rows. Blocks; call on a virtual thread.
public final class ProgressStore {
  /// @param startedAt null before the start
  public record Course(Progress progress, Instant startedAt, Measured measured) {
    static final Course NONE = new Course(Progress.START, null, Measured.NOTHING);
  }

  private final Db db;

  public ProgressStore(Db db) {
    this.db = db;
  }

  private static final String FIND = """
      select state, before_pause, started_at, healthy, trips, failures::text as failures from progress where rollout_id = $1
      """;

  public Course course(String rollout) { return db.list(FIND, ProgressStore::course, rollout).stream().findFirst().orElse(Course.NONE); }

  public Course course(Db.Tx tx, String rollout) {
    return tx.list(FIND, ProgressStore::course, rollout).stream().findFirst().orElse(Course.NONE);
  }

  private static final String KEEP = """
      insert into progress (rollout_id, state, before_pause, started_at, healthy, trips, failures) values ($1, $2, $3, $4, $5, $6, $7::text::jsonb)
      on conflict (rollout_id) do update set state = excluded.state, before_pause = excluded.before_pause, started_at = excluded.started_at,
        healthy = excluded.healthy, trips = excluded.trips, failures = excluded.failures
      """;

  public void keep(Db.Tx tx, String rollout, Course course) {
    var progress = course.progress();
    tx.query(KEEP, rollout, Words.of(progress.state()), progress.before() == null ? null : Words.of(progress.before()),
        time(course.startedAt()), course.measured().healthy(), course.measured().trips(), Json.text(course.measured().failures()));
  }

  private static final String PHASE = """
      insert into batch_phase (rollout_id, batch_index, phase) values ($1, $2, $3) on conflict (rollout_id, batch_index) do update set phase = excluded.phase
      """;
  private static final String TRIPPED = "update batch_phase set phase = $2 where rollout_id = $1 and phase = 'tripped'";

  private static final String UNDER_WAY = "update batch_phase set phase = $2 where rollout_id = $1 and phase in ('running', 'rolling_back')";

  public void keep(Db.Tx tx, String rollout, Map<Integer, BatchPhase> phases) {
    phases.forEach((batch, phase) -> {
      if (batch == Progress.TRIPPED) tx.query(TRIPPED, rollout, Words.of(phase));
      else if (batch == Progress.UNDER_WAY) tx.query(UNDER_WAY, rollout, Words.of(phase));
      else
        tx.query(PHASE, rollout, batch, Words.of(phase));
    });
  }

  private static final String PHASES = "select batch_index, phase from batch_phase where rollout_id = $1 and batch_index >= $2 and batch_index < $3";

  /// The phases that were told of, of the batches `from` (inclusive) to `to` (exclusive).
  public Map<Integer, BatchPhase> phases(String rollout, int from, int to) {
    var phases = new HashMap<Integer, BatchPhase>();
    for (var row : db.query(PHASES, rollout, from, to))
      phases.put(row.getInteger("batch_index"), Words.read(BatchPhase.class, row.getString("phase")));
    return phases;
  }

  private static Course course(Row row) {
    @SuppressWarnings("unchecked")
    var failures = (Map<String, Integer>) (Map<?, ?>) Json.map(row.getString("failures"));
    return new Course(new Progress(state(row.getString("state")), state(row.getString("before_pause"))), time(row, "started_at"),
        new Measured(row.getInteger("healthy"), row.getInteger("trips"), failures));
  }

  private static RolloutState state(String word) { return word == null ? null : Words.read(RolloutState.class, word); }
}
