package dev.sluice.rollout.domain;

import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.Slices;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The circuit breaker written as plainly as the page says it, over the events alone: what [Breaker] must agree with.
final class NaiveBreaker {
  /// @param fell why it is healthy no more; null where it is
  private record Mark(boolean healthy, Reason why, Reason fell, boolean forgiven) {
    boolean failing() { return !healthy || fell != null; }

    boolean absent() { return !healthy && why == Reason.NEVER_HANDED_OUT; }

    boolean endsRun() { return healthy && (fell == null || fell == Reason.SILENT); }
  }

  private final Plans plan;
  private final Slices slices;
  private final Map<Integer, Mark> marks = new TreeMap<>();
  private final Set<Integer> skipped = new HashSet<>();

  NaiveBreaker(Plans plan) {
    this.plan = plan;
    slices = plan.header().slices();
  }

  private boolean counts(Mark m) { return m.failing() && !m.forgiven() && (plan.countAbsent() || !m.absent()); }

  /// The rules that the failure of this member breaks, all before it heard.
  Set<BreakerRule> broken(int ordinal) {
    var broken = EnumSet.noneOf(BreakerRule.class);
    if (!marks.containsKey(ordinal) || !counts(marks.get(ordinal))) return broken;
    int batch = slices.batchOf(ordinal);
    int size = slices.sizeOf(batch);
    long failed = marks.entrySet().stream().filter(e -> slices.batchOf(e.getKey()) == batch && counts(e.getValue())).count();
    if (longest() >= plan.streak()) broken.add(BreakerRule.STREAK);
    if (failed > Math.max(plan.streak(), (size * plan.failedPct() + 99) / 100)) broken.add(BreakerRule.RATIO);
    if (plan.canary() > 0 && batch == 0 && marks.get(ordinal).fell() != Reason.SILENT) broken.add(BreakerRule.CANARY);
    return broken;
  }

  /// The longest run.
  int longest() {
    int longest = 0;
    int run = 0;
    for (var mark : marks.values()) {
      if (mark.endsRun()) run = 0;
      else if (counts(mark)) longest = Math.max(longest, ++run);
    }
    return longest;
  }

  /// Whether a batch has come to its end with nobody there, where the absent do not count: each has a verdict or was skipped, and all verdicts are of absent machines.
  /// What people have let pass is not asked again.
  boolean nobodyWasThere(int batch) {
    var verdicts = new ArrayList<Mark>();
    for (int i = slices.from(batch); i < slices.to(batch); i++)
      if (marks.containsKey(i)) verdicts.add(marks.get(i));
      else if (!skipped.contains(i)) return false;
    return !plan.countAbsent() && verdicts.stream().allMatch(Mark::absent) && !verdicts.stream().allMatch(Mark::forgiven);
  }

  void skipped(int ordinal) { skipped.add(ordinal); }

  void verdict(RolloutEvent.Verdict v) { marks.put(v.ordinal(), new Mark(v.healthy(), v.reason(), null, false)); }

  void regressed(RolloutEvent.Mark m) { marks.put(m.ordinal(), new Mark(true, null, m.reason(), false)); }

  /// All counts at zero; who is tried again has no verdict.
  void continued(Choice choice, int batch) {
    if (choice == Choice.RETRY_FAILED) marks.entrySet().removeIf(e -> slices.batchOf(e.getKey()) == batch && e.getValue().failing());
    marks.replaceAll((_, m) -> new Mark(m.healthy(), m.why(), m.fell(), m.failing()));
  }
}
