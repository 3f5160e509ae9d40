package dev.sluice.planner.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BatchPhase;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Choice;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Trip;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final RequestId REQUEST = new RequestId("q");
  private static final RolloutEvent TRIPPED = new RolloutEvent.BreakerTripped(REQUEST,
      new Trip(1, 2, BreakerRule.STREAK, List.of(), 2, 10, 5, "two in a row"));

  private static RolloutState after(RolloutEvent... events) {
    var progress = Progress.START;
    for (var event : events)
      progress = progress.evolve(event);
    return progress.state();
  }

  private static RolloutEvent chosen(Choice choice) { return new RolloutEvent.ContinuationDecided(REQUEST, choice, "ann", null); }

  @Test
  void follows_the_rollout() {
    var approved = new RolloutEvent.Approved(REQUEST, 1, "ann", null);
    var started = new RolloutEvent.Started(5, "2", Instant.EPOCH);
    var paused = new RolloutEvent.Paused("ann", null);
    var resumed = new RolloutEvent.Resumed("ann", null);
    assertThat(after()).isEqualTo(RolloutState.AWAITING_APPROVAL);
    assertThat(after(approved)).isEqualTo(RolloutState.APPROVED);
    assertThat(after(approved, paused)).isEqualTo(RolloutState.PAUSED);
    assertThat(after(approved, paused, resumed)).isEqualTo(RolloutState.APPROVED);
    assertThat(after(approved, started, paused, resumed)).isEqualTo(RolloutState.RUNNING);
    assertThat(after(approved, started, paused, TRIPPED)).isEqualTo(RolloutState.AWAITING_DECISION);
    assertThat(after(TRIPPED, chosen(Choice.CONTINUE_ANYWAY))).isEqualTo(RolloutState.RUNNING);
    assertThat(after(TRIPPED, chosen(Choice.RETRY_FAILED))).isEqualTo(RolloutState.RUNNING);
    var back = new RolloutEvent.RollbackStarted(null, "ann", null, 2, 9, List.of());
    assertThat(after(TRIPPED, chosen(Choice.ROLLBACK_COMPLETED_BATCHES), back)).isEqualTo(RolloutState.ROLLING_BACK);
    assertThat(after(back, new RolloutEvent.RolledBack(9, 0))).isEqualTo(RolloutState.ROLLED_BACK);
    assertThat(after(back, new RolloutEvent.RolledBack(8, 1))).isEqualTo(RolloutState.ROLLED_BACK_WITH_FAILURES);
    assertThat(after(started, new RolloutEvent.Completed(5, 0, 0, 1, false))).isEqualTo(RolloutState.COMPLETED);
    assertThat(after(started, new RolloutEvent.Completed(4, 1, 0, 1, true))).isEqualTo(RolloutState.COMPLETED_WITH_FAILURES);
    assertThat(after(started, new RolloutEvent.Aborted(null, "operator", "ann", null), new RolloutEvent.Released()))
        .isEqualTo(RolloutState.ABORTED);
    assertThat(after(new RolloutEvent.Rejected(REQUEST, "ann", null))).isEqualTo(RolloutState.REJECTED);
    assertThat(after(new RolloutEvent.Expired(REQUEST))).isEqualTo(RolloutState.EXPIRED);
    assertThat(after(new RolloutEvent.Cancelled(null, "ann", null))).isEqualTo(RolloutState.CANCELLED);
  }

  @Test
  void follows_the_batches() {
    assertThat(Progress.phases(new RolloutEvent.BatchStarted(3, 10)).entrySet()).as("what a trip after its end left running, then the next")
        .containsExactly(Map.entry(Progress.UNDER_WAY, BatchPhase.COMPLETED), Map.entry(3, BatchPhase.RUNNING));
    assertThat(Progress.phases(new RolloutEvent.BatchCompleted(3, 10, 0, 0))).isEqualTo(Map.of(3, BatchPhase.COMPLETED));
    assertThat(Progress.phases(TRIPPED)).isEqualTo(Map.of(2, BatchPhase.TRIPPED));
    assertThat(Progress.phases(chosen(Choice.RETRY_FAILED))).isEqualTo(Map.of(Progress.TRIPPED, BatchPhase.RUNNING));
    assertThat(Progress.phases(chosen(Choice.ABORT))).isEmpty();
    assertThat(Progress.phases(new RolloutEvent.RollbackBatchStarted(1, 4))).isEqualTo(Map.of(1, BatchPhase.ROLLING_BACK));
    assertThat(Progress.phases(new RolloutEvent.RollbackBatchEnded(1))).isEqualTo(Map.of(1, BatchPhase.ROLLED_BACK));
    assertThat(Progress.phases(new RolloutEvent.Released())).isEmpty();
    assertThat(Progress.phases(new RolloutEvent.Aborted(null, "operator", "ann", null)))
        .isEqualTo(Map.of(Progress.UNDER_WAY, BatchPhase.COMPLETED));
    assertThat(new Progress(RolloutState.ROLLING_BACK, null).untold()).isEqualTo(BatchPhase.NOT_STARTED);
    assertThat(new Progress(RolloutState.PAUSED, RolloutState.ROLLING_BACK).untold()).isEqualTo(BatchPhase.NOT_STARTED);
    assertThat(Progress.START.untold()).isEqualTo(BatchPhase.PENDING);
    assertThat(new Progress(RolloutState.ABORTED, null).untold()).isEqualTo(BatchPhase.NOT_STARTED);
  }
}
