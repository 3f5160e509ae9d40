package dev.sluice.simulation;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.BreakerRule;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decision;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import dev.sluice.contract.Slices;
import dev.sluice.contract.VersionRef;
import dev.sluice.health.domain.Heard;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.Roster;
import dev.sluice.rollout.domain.Standing;
import dev.sluice.simulation.Store.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// Sees everything, and knows no rule but the sentences of `docs/invariants.md`. It asks no decider, and where it can it compares with what really happened:
/// what was received, handed out, met.
final class Judge {
  static final class Breach extends AssertionError {
    private static final long serialVersionUID = 1;
    final Invariant invariant;

    Breach(Invariant invariant, String what) {
      super(invariant + ": " + what);
      this.invariant = invariant;
    }
  }

  private record Seen(Instant at, String digest) {}

  private record Delivery(String instance, long generation) {}

  /// One member's last verdict, as its event said it.
  private static final class Mark {
    boolean healthy;
    Reason reason;
    Reason fell;
    boolean forgiven;

    boolean failing() { return !healthy || fell != null; }

    boolean absent() { return !healthy && reason == Reason.NEVER_HANDED_OUT; }

    boolean endsRun() { return healthy && (fell == null || fell == Reason.SILENT); }
  }

  /// One rollout, as its events say it.
  private static final class Ledger {
    PlanHeader plan;
    Slices slices;
    int batch = -1;
    boolean tripped;
    boolean back;
    boolean ended;
    boolean released;
    boolean aborted;
    boolean mustTrip;
    int trips;
    final Map<Integer, Mark> marks = new TreeMap<>();
    final Set<Integer> skipped = new HashSet<>();
    final Map<Integer, String> instructed = new TreeMap<>();
    final Map<Integer, Set<Long>> generations = new HashMap<>();
    final Set<Integer> inFlight = new HashSet<>();
    final Map<Integer, Instant> toldAt = new HashMap<>();
    final Set<String> judged = new HashSet<>();
    final Map<Integer, VersionRef> sentBack = new HashMap<>();
    final List<Instant[]> still = new ArrayList<>();
    final List<Instant[]> withheld = new ArrayList<>();
    Instant trippedAt;
    Instant pausedAt;
    Instant abortedAt;

    /// A pause ends.
    void still(Instant until) {
      if (pausedAt != null) still.add(new Instant[]{pausedAt, until});
      pausedAt = null;
    }
  }

  private final World world;
  final Map<Invariant, Integer> premises = new EnumMap<>(Invariant.class);
  private final Map<String, Ledger> ledgers = new TreeMap<>();
  private final Map<String, List<Seen>> received = new HashMap<>();
  private final Map<Delivery, Instant> handed = new HashMap<>();
  private final Map<String, ApprovalEvent.PlanApproved> approved = new HashMap<>();
  private final Map<RequestId, Integer> questions = new HashMap<>();
  private final Set<RequestId> tripsAsked = new HashSet<>();
  private final Set<String> gone = new HashSet<>();
  private final List<Instant[]> outages = new ArrayList<>();
  private Instant deafSince;

  Judge(World world) {
    this.world = world;
  }

  private void holds(Invariant invariant, boolean so, java.util.function.Supplier<String> otherwise) {
    premises.merge(invariant, 1, Integer::sum);
    must(invariant, so, otherwise);
  }

  private static void must(Invariant invariant, boolean so, java.util.function.Supplier<String> otherwise) {
    if (!so) throw new Breach(invariant, otherwise.get());
  }

  // --- what happened

  void planned(String rollout) {
    for (var other : ledgers.entrySet())
      holds(Invariant.ONE_CLAIM, other.getValue().released || !started(other.getValue()) && other.getValue().ended,
          () -> rollout + " is planned while " + other.getKey() + " holds the pair");
  }

  private static boolean started(Ledger l) { return !l.instructed.isEmpty(); }

  void heard(String instance, Heard heard) {
    var digests = heard.observation().digests();
    received.computeIfAbsent(instance, _ -> new ArrayList<>())
        .add(new Seen(heard.at(), digests == null ? null : digests.get(World.MODULE.value())));
  }

  void decommissioned(String instance) { gone.add(instance); }

  /// @param known the place in the rollout's stream up to which the health-service has committed what it delivers
  void handedOut(String instance, String rollout, long generation, Purpose purpose, int known) {
    var delivers = delivers(rollout, known);
    holds(Invariant.WITHHELD, delivers == purpose,
        () -> instance + " is handed generation " + generation + " of " + rollout + " though it delivers " + delivers + " as of " + known);
    var l = ledgers.get(rollout);
    if (l.abortedAt != null)
      holds(Invariant.OFFER_ENDED, world.now.isBefore(l.abortedAt.plus(HealthSide.LEASE)),
          () -> instance + " is handed a version of " + rollout + ", aborted at " + l.abortedAt);
  }

  /// What a rollout delivers as of a place in its stream; null: nothing.
  private Purpose delivers(String rollout, int known) {
    Purpose way = null;
    boolean held = false;
    for (var row : world.rollouts.store.stream(rollout).subList(0, known))
      switch ((RolloutEvent) row.event()) {
        case RolloutEvent.Started _ -> way = Purpose.UPGRADE;
        case RolloutEvent.RollbackStarted _ -> {
          way = Purpose.ROLLBACK;
          held = false;
        }
        case RolloutEvent.Paused _,RolloutEvent.BreakerTripped _ -> held = true;
        case RolloutEvent.Resumed _ -> held = false;
        case RolloutEvent.ContinuationDecided e -> held = e.choice() != Choice.CONTINUE_ANYWAY && e.choice() != Choice.RETRY_FAILED;
        case RolloutEvent.Aborted _,RolloutEvent.Completed _,RolloutEvent.RolledBack _ -> way = null;
        default -> {
          // turns nothing
        }
      }
    return held ? null : way;
  }

  /// A delivery is committed.
  void delivered(String instance, long generation) { handed.put(new Delivery(instance, generation), world.now); }

  /// A machine was told a version: its delivery must have been committed before.
  void met(String instance, Machine.Answer answer) {
    holds(Invariant.WITHHELD, handed.containsKey(new Delivery(instance, answer.generation())),
        () -> instance + " is told " + answer + ", which was never handed out");
  }

  void command(String rollout, RolloutCommand command, Decision<RolloutEvent> decision) {
    if (!(command instanceof RolloutCommand.Abort)) return;
    var l = ledgers.get(rollout);
    if (l == null || l.plan == null) return;
    boolean done = decision instanceof Decision.Accepted<RolloutEvent>;
    boolean finished = l.ended;
    holds(Invariant.AFTER_ABORT, done || finished, () -> "an abort of " + rollout + " is refused");
  }

  void approval(List<Row> rows) {
    for (var row : rows)
      switch (row.event()) {
        case ApprovalEvent.PlanApproved e -> approved.put(e.rolloutId().value(), e);
        case ApprovalEvent.ContinuationRequested e -> holds(Invariant.ONE_QUESTION, questions.merge(e.requestId(), 1, Integer::sum) == 1
            && tripsAsked.contains(e.requestId()), () -> "a question that no trip asked once: " + e);
        default -> {
          // what people said
        }
      }
  }

  void rollout(List<Row> rows) {
    for (var row : rows) {
      var l = ledgers.computeIfAbsent(row.stream(), _ -> new Ledger());
      event(row.stream(), l, row, (RolloutEvent) row.event());
    }
    var l = ledgers.get(rows.getFirst().stream());
    must(Invariant.BREAKER_RULE, !l.mustTrip, () -> "a failure that breaks a rule does not trip");
  }

  /// What a process knows after it has written must be what the events say.
  void knows(Rollout known, String rollout) {
    holds(Invariant.EVENT_CHANGE, new Story(known).equals(new Story(world.rollouts.desk.replayed(rollout))),
        () -> "a process knows another " + rollout + " than its events say");
  }

  /// A rollout without the names of its members, which are no part of its events.
  private record Story(Rollout rollout) {
    Story {
      rollout = rollout.with((Roster) null);
    }
  }

  private void event(String rollout, Ledger l, Row row, RolloutEvent event) {
    if (l.mustTrip && !(event instanceof RolloutEvent.BreakerTripped)) throw new Breach(Invariant.BREAKER_RULE, "no trip but " + event);
    switch (event) {
      case RolloutEvent.Planned e -> plan(l, e.plan());
      case RolloutEvent.PlanEdited e -> plan(l, e.plan());
      case RolloutEvent.Started _ -> {
        var said = approved.get(rollout);
        holds(Invariant.REVISION_APPROVED,
            said != null && said.revision() == l.plan.revision() && said.planHash().equals(l.plan.planHash()),
            () -> rollout + " starts revision " + l.plan.revision() + ", approved was " + said);
      }
      case RolloutEvent.BatchStarted e -> {
        if (e.batchIndex() > 0) premises.merge(Invariant.BATCH_GATE, 1, Integer::sum);
        must(Invariant.BATCH_GATE, !l.tripped && !l.back && !l.ended && l.pausedAt == null && e.batchIndex() == l.batch + 1
            && ended(l, l.slices.from(e.batchIndex())), () -> "batch " + e.batchIndex() + " of " + rollout + " starts too early");
        l.batch = e.batchIndex();
      }
      case RolloutEvent.InstancesInstructed e -> e.instructions().forEach(i -> instructed(rollout, l, e, i, row.at()));
      case RolloutEvent.VerdictsRecorded e -> {
        for (int n = 0; n < e.verdicts().size(); n++)
          verdict(l, e.verdicts().get(n), n == e.verdicts().size() - 1);
      }
      case RolloutEvent.RollbackVerdictsRecorded e -> e.verdicts().forEach(v -> {
        var instance = v.instanceId().value();
        if (l.sentBack.containsKey(v.ordinal())) {
          once(l, v);
          evidence(l, v, l.sentBack.get(v.ordinal()));
        } else
          holds(Invariant.ROLLBACK_OWN,
              !v.healthy() || l.generations.get(v.ordinal()).stream().noneMatch(g -> handed.containsKey(new Delivery(instance, g))),
              () -> instance + " met the target and counts as rolled back without an instruction");
      });
      case RolloutEvent.MembersRegressed e -> {
        for (int n = 0; n < e.marks().size(); n++) {
          var mark = l.marks.get(e.marks().get(n).ordinal());
          mark.fell = e.marks().get(n).reason();
          mark.forgiven = false;
          trips(l, e.marks().get(n).ordinal(), n == e.marks().size() - 1);
        }
      }
      case RolloutEvent.MembersSkipped e -> e.marks().forEach(m -> {
        l.skipped.add(m.ordinal());
        l.inFlight.remove(m.ordinal());
      });
      case RolloutEvent.BatchCompleted e ->
        holds(Invariant.BREAKER_RULE, !nobodyWasThere(l), () -> "nobody was there, and nothing tripped: " + e);
      case RolloutEvent.BreakerTripped e -> tripped(l, e, row.at());
      case RolloutEvent.ContinuationDecided e -> {
        if (e.choice() == Choice.CONTINUE_ANYWAY || e.choice() == Choice.RETRY_FAILED) goesOn(l, e.choice(), row.at());
      }
      case RolloutEvent.Paused _ -> l.pausedAt = row.at();
      case RolloutEvent.Resumed _ -> l.still(row.at());
      case RolloutEvent.RollbackStarted _ -> {
        l.still(row.at());
        l.back = true;
        l.tripped = l.ended = l.released = l.aborted = false;
        l.abortedAt = null;
        l.sentBack.clear();
      }
      case RolloutEvent.Aborted _ -> {
        l.still(row.at());
        l.ended = l.aborted = true;
        l.abortedAt = row.at();
        l.back = l.tripped = false;
      }
      case RolloutEvent.Completed _,RolloutEvent.RolledBack _,RolloutEvent.Rejected _,RolloutEvent.Expired _,RolloutEvent.Cancelled _ -> {
        l.ended = true;
        l.back = false;
      }
      case RolloutEvent.Released _ -> l.released = true;
      default -> {
        // follows from what was judged
      }
    }
  }

  private static void plan(Ledger l, PlanHeader plan) {
    l.plan = plan;
    l.slices = plan.slices();
  }

  /// Whether every member before this one has its verdict, or is skipped.
  private static boolean ended(Ledger l, int before) {
    for (int i = 0; i < before; i++)
      if (!l.marks.containsKey(i) && !l.skipped.contains(i)) return false;
    return true;
  }

  private void instructed(String rollout, Ledger l, RolloutEvent.InstancesInstructed e, RolloutEvent.Instruction i, Instant at) {
    holds(Invariant.AFTER_ABORT, !l.aborted && !l.ended, () -> rollout + " instructs " + i + " after its end");
    int batch = l.slices.batchOf(i.ordinal());
    if (e.purpose() == Purpose.UPGRADE) {
      holds(Invariant.MEMBERS_ONLY, batch == l.batch && !l.back && !l.tripped, () -> "not in the open batch " + l.batch + ": " + i);
      for (var other : ledgers.entrySet())
        if (other.getValue() != l && other.getValue().instructed.containsValue(i.instanceId().value()))
          holds(Invariant.ONE_CLAIM, other.getValue().released, () -> i.instanceId() + " is still " + other.getKey() + "'s");
      l.instructed.put(i.ordinal(), i.instanceId().value());
      l.marks.remove(i.ordinal());
      l.skipped.remove(i.ordinal());
      l.generations.computeIfAbsent(i.ordinal(), _ -> new HashSet<>()).add(i.generation());
      l.toldAt.put(i.ordinal(), at);
      l.inFlight.add(i.ordinal());
      int under = l.inFlight.size();
      var most = l.plan.inputs().maxInFlight();
      holds(Invariant.IN_FLIGHT, under <= (most == null ? l.slices.sizeOf(batch) : most), () -> under + " in flight of " + most);
    } else {
      holds(Invariant.ROLLBACK_OWN,
          l.instructed.containsKey(i.ordinal()) && e.versions().get(i.version()).equals(origin(l, i.instanceId().value())),
          () -> i + " goes back to " + e.versions().get(i.version()).version() + " instead of its own");
      l.sentBack.put(i.ordinal(), e.versions().get(i.version()));
      l.toldAt.put(i.ordinal(), at);
    }
  }

  private VersionRef origin(Ledger l, String instance) { return world.origins.get(l.plan.planHash()).get(instance); }

  private void once(Ledger l, RolloutEvent.Verdict v) {
    holds(Invariant.VERDICT_ONCE, l.judged.add(v.ordinal() + "/" + v.generation()), () -> "a second verdict: " + v);
  }

  private void verdict(Ledger l, RolloutEvent.Verdict v, boolean last) {
    once(l, v);
    evidence(l, v, l.plan.target());
    var mark = new Mark();
    mark.healthy = v.healthy();
    mark.reason = v.reason();
    l.marks.put(v.ordinal(), mark);
    l.inFlight.remove(v.ordinal());
    if (!v.healthy()) trips(l, v.ordinal(), last);
  }

  /// A good one needs a heartbeat with the digest, received after the handing out; a timeout needs all its time, without the time in which nobody could hear.
  private void evidence(Ledger l, RolloutEvent.Verdict v, VersionRef target) {
    var instance = v.instanceId().value();
    if (v.healthy()) {
      var out = handed.get(new Delivery(instance, v.generation()));
      holds(Invariant.EVIDENCE_AFTER, out != null && received.getOrDefault(instance, List.of()).stream()
          .anyMatch(s -> s.at().isAfter(out) && target.digest().value().equals(s.digest())), () -> "nothing shows that " + v);
    } else if (v.reason() == Reason.SILENT || v.reason() == Reason.HEALTH_TIMEOUT || v.reason() == Reason.NEVER_HANDED_OUT) {
      var from = l.toldAt.get(v.ordinal());
      var covered = covered(from, v.at(), l, v.reason() == Reason.NEVER_HANDED_OUT);
      var took = Duration.between(from, v.at()).minus(covered);
      if (!covered.isZero()) premises.merge(Invariant.OWN_ABSENCE, 1, Integer::sum);
      must(Invariant.OWN_ABSENCE, took.compareTo(Duration.ofSeconds(l.plan.inputs().healthTimeoutSec())) >= 0,
          () -> v + " after " + took + " of " + l.plan.inputs().healthTimeoutSec() + " s since " + from);
    }
  }

  /// The time between two instants in which nobody could hear, or the rollout was paused, or held back what was not handed out.
  private Duration covered(Instant from, Instant to, Ledger l, boolean withheld) {
    var spans = new ArrayList<>(outages);
    spans.addAll(l.still);
    if (withheld) spans.addAll(l.withheld);
    spans.sort(java.util.Comparator.comparing(s -> s[0]));
    var covered = Duration.ZERO;
    var at = from;
    for (var span : spans) {
      var begin = span[0].isAfter(at) ? span[0] : at;
      var end = span[1].isBefore(to) ? span[1] : to;
      if (!end.isAfter(begin)) continue;
      covered = covered.plus(Duration.between(begin, end));
      at = end;
    }
    return covered;
  }

  private boolean counts(Ledger l, Mark m) {
    return m.failing() && !m.forgiven && (l.plan.inputs().countAbsent() || !m.absent());
  }

  private Set<BreakerRule> broken(Ledger l, int ordinal) {
    var broken = new HashSet<BreakerRule>();
    var in = l.plan.inputs();
    var mark = l.marks.get(ordinal);
    if (!counts(l, mark)) return broken;
    int batch = l.slices.batchOf(ordinal);
    int size = l.slices.sizeOf(batch);
    long failed = l.marks.entrySet().stream().filter(e -> l.slices.batchOf(e.getKey()) == batch && counts(l, e.getValue())).count();
    int run = 0;
    int longest = 0;
    for (var m : l.marks.values()) {
      if (m.endsRun()) run = 0;
      else if (counts(l, m)) longest = Math.max(longest, ++run);
    }
    if (longest >= in.maxConsecutiveFailures()) broken.add(BreakerRule.STREAK);
    if (failed > Math.max(in.maxConsecutiveFailures(), (size * in.maxFailedPct() + 99) / 100)) broken.add(BreakerRule.RATIO);
    if (in.canarySize() > 0 && batch == 0 && mark.fell != Reason.SILENT) broken.add(BreakerRule.CANARY);
    return broken;
  }

  /// Where the absent do not count: all of the newest batch have their verdict or are skipped, the verdicts are of absent machines only, and not all of them were
  /// let pass by an answer.
  private static boolean nobodyWasThere(Ledger l) {
    if (l.plan.inputs().countAbsent() || !ended(l, l.slices.to(l.batch))) return false;
    var judged = IntStream.range(l.slices.from(l.batch), l.slices.to(l.batch)).mapToObj(l.marks::get).filter(Objects::nonNull).toList();
    return judged.stream().allMatch(Mark::absent) && judged.stream().anyMatch(m -> !m.forgiven);
  }

  private Set<BreakerRule> rules = Set.of();

  private void trips(Ledger l, int ordinal, boolean last) {
    if (l.tripped) return;
    rules = broken(l, ordinal);
    l.mustTrip = !rules.isEmpty();
    holds(Invariant.BREAKER_RULE, !l.mustTrip || last, () -> "the trip comes later than its failure " + ordinal);
  }

  private void tripped(Ledger l, RolloutEvent.BreakerTripped e, Instant at) {
    holds(Invariant.ONE_QUESTION, !l.tripped && !l.back && !l.ended && e.trip().number() == ++l.trips && tripsAsked.add(e.requestId()),
        () -> "a second trip: " + e);
    boolean right = e.trip().rule() == BreakerRule.NO_EVIDENCE
        ? !l.mustTrip && nobodyWasThere(l)
        : l.mustTrip && rules.contains(e.trip().rule());
    holds(Invariant.BREAKER_RULE, right, () -> "no rule says so: " + e);
    l.mustTrip = false;
    l.still(world.now);
    l.tripped = true;
    l.trippedAt = at;
  }

  private static void goesOn(Ledger l, Choice choice, Instant at) {
    l.tripped = false;
    l.withheld.add(new Instant[]{l.trippedAt, at});
    if (choice == Choice.RETRY_FAILED) l.marks.entrySet().removeIf(e -> l.slices.batchOf(e.getKey()) == l.batch && e.getValue().failing());
    l.marks.values().forEach(m -> m.forgiven = m.failing());
  }

  // --- after every step

  void step() {
    boolean hears = world.health.anyUp();
    if (!hears && deafSince == null) deafSince = world.now;
    if (hears && deafSince != null) {
      outages.add(new Instant[]{deafSince, world.now});
      deafSince = null;
    }
  }

  void comesToAnEnd(boolean soFar) {
    if (!soFar)
      throw new Breach(Invariant.COMES_TO_AN_END, "still open: " + world.rollouts.rollouts().stream().map(r -> r + " "
          + world.rollouts.standing(r).state()).toList() + ", pair held by " + world.planner.holder());
  }

  void end() {
    premises.merge(Invariant.COMES_TO_AN_END, 1, Integer::sum);
    for (var rollout : world.rollouts.rollouts()) {
      var standing = world.rollouts.standing(rollout);
      holds(Invariant.COUNTS_ADD_UP, standing.counts().values().stream().mapToInt(n -> n).sum() == standing.plan().slices().total(),
          () -> rollout + " counts " + standing.counts());
      holds(Invariant.COMES_TO_AN_END, standing.state().ended(), () -> rollout + " is " + standing.state());
      whole(rollout);
      settled(rollout, standing);
    }
    for (var request : tripsAsked)
      holds(Invariant.ONE_QUESTION, questions.getOrDefault(request, 0) == 1,
          () -> request + " was asked " + questions.get(request) + " times");
    holds(Invariant.STREAM_WHOLE, world.gateway.read.equals(world.gateway.log), () -> "a reader saw another stream than there is");
  }

  /// The gateway has each fact of the stream once, in order.
  private void whole(String rollout) {
    var seqs = world.gateway.facts.stream().filter(f -> f.stream().equals(rollout) && f.event() instanceof RolloutEvent).map(Row::seq)
        .toList();
    int last = world.rollouts.store.stream(rollout).size();
    holds(Invariant.STREAM_WHOLE, seqs.equals(IntStream.rangeClosed(1, last).boxed().toList()),
        () -> "of " + rollout + " the gateway has " + seqs);
  }

  /// Nobody can still be handed what has stopped being offered; who went back wants its own version; who is healthy wants the target.
  private void settled(String rollout, Standing standing) {
    var l = ledgers.get(rollout);
    boolean newest = ledgers.keySet().stream().noneMatch(r -> r.compareTo(rollout) > 0 && started(ledgers.get(r)));
    l.instructed.forEach((ordinal, instance) -> {
      holds(Invariant.OFFER_ENDED, standing.state() == RolloutState.COMPLETED || !world.health.offers(instance, rollout),
          () -> instance + " may still be handed a version of " + rollout);
      if (!newest || gone.contains(instance)) return;
      var state = standing.member(ordinal).state();
      if (state == MemberState.ROLLED_BACK)
        holds(Invariant.ROLLBACK_OWN, world.health.wants(instance).equals(origin(l, instance)),
            () -> instance + " is rolled back and wants " + world.health.wants(instance).version());
      if (state == MemberState.HEALTHY)
        holds(Invariant.EVIDENCE_AFTER, world.health.wants(instance).equals(l.plan.target()),
            () -> instance + " is healthy and wants another version");
    });
  }
}
