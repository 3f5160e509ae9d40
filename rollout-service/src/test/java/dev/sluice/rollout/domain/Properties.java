package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.sluice.contract.*;
import java.util.*;

/// What must hold of every rollout, checked event by event, from the events alone where they say enough.
final class Properties {
  private final Plans plan;
  private final Slices slices;
  private final NaiveBreaker breaker;
  private final Set<Integer> instructed = new HashSet<>();
  private final Map<Integer, Long> generations = new HashMap<>();
  private final Set<Integer> owed = new HashSet<>();
  private final Set<Integer> sentBack = new HashSet<>();
  /// Who has still to go back, on this way back.
  private final Set<Integer> toReturn = new HashSet<>();
  private final Set<Integer> returned = new HashSet<>();
  /// Who failed to, on this way back or the last.
  private final Set<Integer> stuck = new HashSet<>();
  private final Set<Integer> decommissioned = new HashSet<>();
  private final Map<Integer, Set<Long>> judged = new HashMap<>();
  private int batch = -1;
  private boolean batchOpen;
  private boolean mayReopen;
  private int backBatch = Integer.MAX_VALUE;
  private boolean backOpen;
  private boolean onlyStuck;
  private boolean tripped;
  private boolean paused;
  private boolean back;
  private boolean mustTrip;
  private boolean ended;
  private boolean released;
  private int trips;

  Properties(Plans plan) {
    this.plan = plan;
    slices = plan.header().slices();
    breaker = new NaiveBreaker(plan);
  }

  void step(Rollout before, RolloutCommand command, List<RolloutEvent> said, Rollout after) {
    for (var event : said)
      check(command, event);
    assertThat(mustTrip).as("a failure that breaks a rule trips").isFalse();
    var counts = new Standing(after).exists() ? new Standing(after).counts() : Map.<MemberState, Integer>of();
    assertThat(counts.values().stream().mapToInt(n -> n).sum()).as("the counts add up").isEqualTo(after.members().size());
    if (plan.maxInFlight() != null && !(after.stage() instanceof Stage.Absent))
      assertThat(after.members().tally().of(MemberState.IN_FLIGHT)).as("slots").isLessThanOrEqualTo(plan.maxInFlight());
    if (Breaker.armed(after.stage()))
      assertThat(new Standing(after).failureStreak()).as("the streak").isEqualTo(breaker.longest())
          .isLessThan(plan.streak());
    if (said.isEmpty()) assertThat(after.with(before.roster())).isEqualTo(before);
  }

  private void check(RolloutCommand command, RolloutEvent event) {
    if (mustTrip && !(event instanceof RolloutEvent.BreakerTripped))
      fail("after a failure that breaks a rule comes the trip, not " + event);
    switch (event) {
      case RolloutEvent.BatchStarted e -> {
        assertThat(batchOpen || tripped || paused || back || ended || command.now().reconcilerPaused()).as("the gate is open").isFalse();
        assertThat(e.batchIndex()).as("batches come in order").isEqualTo(++batch);
        mayReopen = false;
        batchOpen = true;
      }
      case RolloutEvent.BatchCompleted e -> {
        assertThat(batchOpen && !tripped && e.batchIndex() == batch).isTrue();
        assertThat(e.healthyCount() + e.failedCount() + e.skippedCount()).as("who is counted").isEqualTo(slices.sizeOf(batch));
        assertThat(breaker.nobodyWasThere(batch)).as("a batch in which nobody was there trips").isFalse();
        batchOpen = false;
      }
      case RolloutEvent.InstancesInstructed e -> {
        assertThat(paused || tripped || ended).as("nothing is instructed then").isFalse();
        e.instructions().forEach(i -> told(e, i));
      }
      case RolloutEvent.WithdrawalsAsked e -> e.withdrawals().forEach(w -> {
        assertThat(instructed).contains(w.ordinal());
        boolean wayBackStopped = ended && sentBack.contains(w.ordinal());
        assertThat(e.versions().get(w.version())).as("back to its own version, or left with the target where the way back stops")
            .isEqualTo(wayBackStopped ? Plans.TARGET : Plans.origin(w.ordinal()));
        next(w);
        owed.add(w.ordinal());
      });
      case RolloutEvent.WithdrawalsRecorded e -> e.withdrawals().forEach(w -> owed.remove(w.ordinal()));
      case RolloutEvent.VerdictsRecorded e -> {
        assertThat(back || ended).isFalse();
        for (var v : e.verdicts())
          verdict(command, v);
      }
      case RolloutEvent.RollbackVerdictsRecorded e -> {
        assertThat(back).isTrue();
        e.verdicts().forEach(v -> {
          assertThat(v.toVersion()).isEqualTo(Plans.origin(v.ordinal()).version());
          (v.healthy() ? returned : stuck).add(v.ordinal());
          endsItsWayBack(v.ordinal());
        });
      }
      case RolloutEvent.MembersSkipped e -> e.marks().forEach(m -> {
        if (m.reason() == Reason.DECOMMISSIONED) decommissioned.add(m.ordinal());
        if (back) endsItsWayBack(m.ordinal());
        else
          breaker.skipped(m.ordinal());
      });
      case RolloutEvent.MembersRegressed e -> e.marks().forEach(m -> {
        assertThat(mustTrip).isFalse();
        breaker.regressed(m);
        mustTrip = !tripped && !breaker.broken(m.ordinal()).isEmpty();
        broken = breaker.broken(m.ordinal());
      });
      case RolloutEvent.BreakerTripped e -> tripped(e);
      case RolloutEvent.ContinuationDecided e -> {
        assertThat(tripped).isTrue();
        if (e.choice() == Choice.CONTINUE_ANYWAY || e.choice() == Choice.RETRY_FAILED) {
          tripped = false;
          breaker.continued(e.choice(), batch);
          mayReopen = e.choice() == Choice.RETRY_FAILED;
        }
      }
      case RolloutEvent.Paused _ -> paused = true;
      case RolloutEvent.Resumed _ -> paused = false;
      case RolloutEvent.RollbackStarted e -> {
        assertThat(back).isFalse();
        back = true;
        tripped = paused = batchOpen = ended = released = backOpen = false;
        backBatch = Integer.MAX_VALUE;
        sentBack.clear();
        toReturn.clear();
        toReturn.addAll(onlyStuck ? stuck : instructed);
        toReturn.removeAll(returned);
        toReturn.removeAll(decommissioned);
        stuck.clear();
        assertThat(e.batchIndex()).isEqualTo(Math.max(0, batch));
        assertThat(e.instances()).as("all that were instructed").isEqualTo(toReturn.size());
      }
      case RolloutEvent.RollbackBatchStarted e -> {
        assertThat(backOpen || paused).isFalse();
        assertThat(e.batchIndex()).as("newest batch first").isLessThan(backBatch);
        backBatch = e.batchIndex();
        backOpen = true;
        assertThat(e.instanceCount()).as("all of the batch that were instructed").isEqualTo(toReturnIn(backBatch));
      }
      case RolloutEvent.RollbackBatchEnded e -> {
        assertThat(backOpen && e.batchIndex() == backBatch).isTrue();
        assertThat(toReturnIn(backBatch)).as("who is not back when the batch ends").isZero();
        backOpen = false;
      }
      case RolloutEvent.Aborted _,RolloutEvent.Completed _,RolloutEvent.RolledBack _,RolloutEvent.Cancelled _,RolloutEvent.Rejected _,RolloutEvent.Expired _ -> {
        assertThat(ended).as("it ends once").isFalse();
        onlyStuck = event instanceof RolloutEvent.RolledBack e && e.failedCount() > 0;
        if (event instanceof RolloutEvent.RolledBack e) rolledBack(e);
        ended = true;
        back = tripped = paused = false;
      }
      case RolloutEvent.Released _ -> {
        assertThat(ended && !released && owed.isEmpty()).as("free when ended and all is answered").isTrue();
        released = true;
      }
      case RolloutEvent.FinishAsked _ -> assertThat(batchOpen || tripped || paused || ended || backOpen).isFalse();
      case RolloutEvent.Planned _,RolloutEvent.PlanEdited _,RolloutEvent.Approved _,RolloutEvent.Started _,RolloutEvent.HandedOutRecorded _,RolloutEvent.LateHealthyRecorded _ ->
        {
        }
    }
  }

  private Set<BreakerRule> broken = Set.of();

  private void told(RolloutEvent.InstancesInstructed e, RolloutEvent.Instruction i) {
    int at = slices.batchOf(i.ordinal());
    assertThat(i.instanceId()).isEqualTo(Plans.id(i.ordinal()));
    assertThat(at).as("the batch of the event").isEqualTo(e.batchIndex());
    if (e.purpose() == Purpose.UPGRADE) {
      assertThat((batchOpen || mayReopen) && !back && at == batch).as("only in the open batch").isTrue();
      batchOpen = true;
      assertThat(e.versions().get(i.version())).isEqualTo(Plans.TARGET);
      instructed.add(i.ordinal());
    } else {
      assertThat(backOpen && at == backBatch).as("only in the batch that goes back").isTrue();
      assertThat(instructed).as("only who was instructed goes back").contains(i.ordinal());
      assertThat(e.versions().get(i.version())).as("to its own version").isEqualTo(Plans.origin(i.ordinal()));
      assertThat(sentBack.add(i.ordinal())).as("once").isTrue();
    }
    owed.remove(i.ordinal());
    next(i);
  }

  private void endsItsWayBack(int ordinal) { assertThat(toReturn.remove(ordinal)).as("who is to go back, once").isTrue(); }

  private long toReturnIn(int index) { return toReturn.stream().filter(i -> slices.batchOf(i) == index).count(); }

  private void rolledBack(RolloutEvent.RolledBack e) {
    assertThat(toReturn).as("instructed, and forgotten on the way back").isEmpty();
    assertThat(e.healthyCount()).isEqualTo(returned.size());
    assertThat(e.failedCount()).isEqualTo(stuck.size());
  }

  private void next(RolloutEvent.Instruction i) {
    long had = generations.getOrDefault(i.ordinal(), Plans.generation(i.ordinal()));
    assertThat(i.generation()).as("the next generation").isEqualTo(had + 1);
    generations.put(i.ordinal(), i.generation());
  }

  private void verdict(RolloutCommand command, RolloutEvent.Verdict v) {
    assertThat(mustTrip).as("the trip comes right after its failure").isFalse();
    assertThat(judged.computeIfAbsent(v.ordinal(), _ -> new HashSet<>()).add(v.generation())).as("one verdict an attempt").isTrue();
    if (paused && command instanceof RolloutCommand.RecordJudgements c)
      assertThat(c.judgements())
          .anyMatch(j -> j.ordinal() == v.ordinal() && j.generation() == v.generation() && !j.timeout());
    breaker.verdict(v);
    broken = v.healthy() ? Set.of() : breaker.broken(v.ordinal());
    mustTrip = !tripped && !broken.isEmpty();
  }

  private void tripped(RolloutEvent.BreakerTripped e) {
    assertThat(tripped || back || ended).as("no second trip").isFalse();
    assertThat(e.trip().number()).isEqualTo(++trips);
    assertThat(e.trip().batchIndex()).isEqualTo(batch);
    if (e.trip().rule() == BreakerRule.NO_EVIDENCE)
      assertThat(!mustTrip && breaker.nobodyWasThere(batch)).as("trips without evidence only where nobody was there").isTrue();
    else
      assertThat(mustTrip && broken.contains(e.trip().rule())).as("trips only if a rule says so").isTrue();
    assertThat(e.trip().failedCount()).as("what it names has failed").isGreaterThanOrEqualTo(e.trip().failedInstanceIds().size())
        .isPositive();
    mustTrip = false;
    paused = false;
    tripped = true;
  }
}
