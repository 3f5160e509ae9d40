package dev.sluice.cli.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// The rule as `behaviour.md` says it, over the events alone.
///
/// 1. Each failed verdict and each regression while the breaker is armed is looked at. If it breaks a rule, the trip is the next event; else there is none.
/// 2. Streak: a run of failures in plan order, up to the newest batch. Who has no verdict, was skipped, was forgiven by an answer, or was never there where the
///    absent do not count, is passed over; a healthy one ends it, also one that only fell silent.
/// 3. Ratio: more of a batch than max(`max_consecutive_failures`, ceil(size * `max_failed_pct` / 100)). Canary: any of them, but for silence.
/// 4. No evidence: a batch would end with nobody healthy and all failures absent, where the absent do not count.
final class BreakerRule extends Check {
  /// The most ids that a trip names.
  private static final int NAMED = 100;

  /// @param fell      why it is healthy no more; null where it is, or never was
  /// @param forgiven  whether an answer to a trip has set it to zero
  private record Mark(boolean healthy, String reason, String fell, boolean forgiven) {
    boolean failing() { return !healthy || fell != null; }

    boolean endsRun() { return healthy && (fell == null || fell.equals("silent")); }

    boolean absent() { return !healthy && "never_handed_out".equals(reason); }
  }

  private final int limit;
  private final boolean countAbsent;
  private final List<String> order;
  private final Map<String, Integer> places = new HashMap<>();
  private final Mark[] marks;
  /// How many of each batch count.
  private final int[] counted;
  private TreeSet<String> broken = new TreeSet<>();
  private Event failure;

  BreakerRule(History history) {
    super(history);
    limit = plan.input("max_consecutive_failures", 0);
    countAbsent = plan.shown().path("inputs").path("count_absent").asBoolean();
    order = plan.batches().stream().flatMap(List::stream).toList();
    for (int i = 0; i < order.size(); i++)
      places.put(order.get(i), i);
    marks = new Mark[order.size()];
    counted = new int[plan.batches().size()];
  }

  @Override
  void event(Event e, Course course) {
    if (e.is("circuit_breaker_tripped")) tripped(e, course);
    else
      require(broken.isEmpty(), failure, "the failure of " + name(failure) + " breaks the rule " + String.join(" and ", broken)
          + ", and nothing tripped");
    broken.clear();
    boolean up = !course.back() && !course.ended();
    if (up) look(e, course);
  }

  private void look(Event e, Course course) {
    int place = e.instance() == null ? -1 : places.getOrDefault(e.instance(), -1);
    switch (e.kind()) {
      case "instance_health_check" -> {
        if (place < 0) return;
        mark(place, new Mark(e.healthy(), e.reason(), null, false));
        if (!e.healthy()) failed(e, place, course);
      }
      case "instance_regressed" -> {
        if (place < 0) return;
        mark(place, new Mark(true, null, e.reason(), false));
        failed(e, place, course);
      }
      case "continuation_decided" -> answered(e.text("decision"), course);
      case "batch_completed" ->
        require(!withoutEvidence(e.batch()), e, batch(e.batch()) + " ended though nobody was there, and nothing tripped");
      default -> {
        // neither a failure nor an answer
      }
    }
  }

  private void failed(Event e, int place, Course course) {
    premise();
    failure = e;
    if (course.trip != null || !counts(marks[place])) return;
    int batch = plan.batchOf(e.instance());
    int size = plan.batch(batch).size();
    if (run(place, last(course.batch)) >= limit) broken.add("streak");
    if (counted[batch] > Math.max(limit, Math.ceilDiv((long) size * plan.input("max_failed_pct", 100), 100L))) broken.add("ratio");
    if (plan.canary(batch) && !"silent".equals(marks[place].fell())) broken.add("canary");
  }

  private void mark(int place, Mark now) {
    counted[plan.batchOf(order.get(place))] += (counts(now) ? 1 : 0) - (counts(marks[place]) ? 1 : 0);
    marks[place] = now;
  }

  private boolean counts(Mark m) { return m != null && m.failing() && !m.forgiven() && (countAbsent || !m.absent()); }

  /// How long the run is that a failure stands in; counted up to the limit, by which it trips.
  private int run(int place, int last) {
    if (marks[place].endsRun()) return 0;
    int run = 1;
    for (int i = place - 1; i >= 0 && run < limit && !ends(i); i--)
      if (counts(marks[i])) run++;
    for (int i = place + 1; i <= last && run < limit && !ends(i); i++)
      if (counts(marks[i])) run++;
    return run;
  }

  private boolean ends(int place) { return marks[place] != null && marks[place].endsRun(); }

  private IntStream in(int batch) { return plan.batch(batch).stream().mapToInt(places::get); }

  private int last(int batch) { return plan.batch(batch).isEmpty() ? -1 : places.get(plan.batch(batch).getLast()); }

  private boolean withoutEvidence(int batch) {
    if (countAbsent) return false;
    var judged = in(batch).mapToObj(i -> marks[i]).filter(m -> m != null).toList();
    return judged.stream().anyMatch(m -> !m.forgiven()) && judged.stream().allMatch(Mark::absent);
  }

  private void tripped(Event e, Course course) {
    premise();
    var rule = e.text("rule");
    boolean right = rule.equals("no_evidence") ? withoutEvidence(e.batch()) : broken.contains(rule);
    require(right, e,
        "it tripped by the rule " + rule + "; " + (broken.isEmpty() ? "no rule was broken" : "broken was " + String.join(" and ", broken)));
    require(e.batch() == course.batch, e, "it tripped in " + batch(e.batch()) + ", not in the newest one");
    var named = e.more().path("failed_instance_ids");
    for (var id : named)
      require(places.containsKey(id.asText()) && marks[places.get(id.asText())] != null && marks[places.get(id.asText())].failing(), e,
          "the trip names " + id.asText() + ", which has not failed");
    require(!rule.equals("streak") || named.size() >= Math.min(limit, NAMED), e,
        "the trip names " + named.size() + " of a run of " + limit);
    long failed = failed(rule, e, course);
    require(e.number("failed_count") == failed, e,
        "the trip counts " + e.number("failed_count") + " failed; there were " + failed);
  }

  /// How many have failed in the batch of the last failure, and in its run.
  private long failed(String rule, Event e, Course course) {
    int batch = rule.equals("no_evidence") || failure == null ? e.batch() : plan.batchOf(failure.instance());
    long failing = in(batch).filter(i -> marks[i] != null && marks[i].failing()).count();
    if (!rule.equals("streak") || failure == null) return failing;
    int first = places.get(failure.instance());
    int end = first;
    while (first > 0 && !ends(first - 1))
      first--;
    while (end < last(course.batch) && !ends(end + 1))
      end++;
    return failing + IntStream.rangeClosed(first, end)
        .filter(i -> plan.batchOf(order.get(i)) != batch && counts(marks[i])).count();
  }

  private void answered(String decision, Course course) {
    if (decision.equals("retry_failed")) in(course.batch).filter(i -> marks[i] != null && marks[i].failing()).forEach(i -> mark(i, null));
    if (decision.equals("retry_failed") || decision.equals("continue_anyway")) for (int i = 0; i < marks.length; i++)
      if (marks[i] != null && marks[i].failing()) mark(i, new Mark(marks[i].healthy(), marks[i].reason(), marks[i].fell(), true));
  }

  @Override
  void end(Course course) {
    require(broken.isEmpty(), failure,
        "the failure of " + name(failure) + " breaks the rule " + String.join(" and ", broken) + ", and nothing tripped");
  }

  private static String name(Event failure) { return failure == null ? "nobody" : failure.instance(); }
}
