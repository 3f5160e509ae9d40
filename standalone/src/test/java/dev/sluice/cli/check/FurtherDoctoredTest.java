package dev.sluice.cli.check;

import static dev.sluice.cli.check.Invariant.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// More that may be wrong with a history, and all that is then said of it.
class FurtherDoctoredTest {
  private static final String NOW = "2100-01-01T00:00:00Z";

  private record Case(String what, Consumer<Recorded> doctor, Set<Invariant> refused) {
    @Override
    public String toString() { return what; }
  }

  private static Stream<Case> cases() {
    return Stream.of(
        new Case("a batch opens in a pause", r -> r.move(r.find(0, "resumed"), second(r)), Set.of(BATCH_GATE, WITHHELD)),
        new Case("a batch is left out", r -> r.events.get(second(r)).put("batch_index", 2),
            Set.of(BATCH_GATE, MEMBERS_ONLY, BREAKER_RULE, REVISION_APPROVED, EVENT_CHANGE)),
        new Case("a batch ends before its last verdict",
            r -> r.move(r.find(0, "batch_completed"), r.find(r.find(0, "resumed"), "instance_health_check")),
            Set.of(BATCH_GATE, COUNTS_ADD_UP)),
        new Case("nothing trips", r -> r.drop(r.find(0, "circuit_breaker_tripped")), Set.of(BREAKER_RULE, ONE_QUESTION)),
        new Case("it trips twice", r -> r.repeat(r.find(0, "circuit_breaker_tripped")), Set.of(BREAKER_RULE, ONE_QUESTION)),
        new Case("it trips one failure too early",
            r -> r.move(r.find(0, "circuit_breaker_tripped"), r.find(0, "circuit_breaker_tripped") - 1), Set.of(BREAKER_RULE)),
        new Case("a trip names who did not fail",
            r -> ((ObjectNode) r.events.get(r.find(0, "circuit_breaker_tripped"))).putArray("failed_instance_ids").add("one").add("two"),
            Set.of(BREAKER_RULE)),
        new Case("the question says another answer than the event", r -> r.request("-trip-1").put("decision", "continue_anyway"),
            Set.of(ONE_QUESTION)),
        new Case("the rollout counts another number of trips", r -> ((ObjectNode) r.rollout().path("circuit_breaker")).put("trips", 1),
            Set.of(ONE_QUESTION)),
        new Case("another rollout of the pair was open",
            r -> r.list("rollouts").addObject().put("id", "other").put("created_at", "2020-01-01T00:00:00Z").putNull("ended_at"),
            Set.of(ONE_CLAIM)),
        new Case("a generation comes again", FurtherDoctoredTest::generationAgain, Set.of(ONE_CLAIM, EVIDENCE_AFTER)),
        new Case("the evidence is of another generation", r -> r.events.get(r.find(0, "instance_health_check")).put("generation", 1),
            Set.of(EVIDENCE_AFTER)),
        new Case("evidence came before the hand-out",
            r -> r.member(_ -> true).put("handed_out_at", NOW).put("verdict_at", "2020-01-01T00:00:00Z"),
            Set.of(EVIDENCE_AFTER)),
        new Case("an instruction was handed out hours after the trip", FurtherDoctoredTest::lateHandOut, Set.of(WITHHELD)),
        new Case("it started without an approval", r -> r.drop(r.find(0, "approved")), Set.of(REVISION_APPROVED)),
        new Case("nobody voted", r -> r.request("-plan").putArray("votes"), Set.of(REVISION_APPROVED)),
        new Case("an earlier revision runs", r -> r.rollout().put("revision", 1), Set.of(REVISION_APPROVED)),
        new Case("other inputs run", r -> ((ObjectNode) r.rollout().path("inputs")).put("max_failed_pct", 99), Set.of(REVISION_APPROVED)),
        new Case("another version is told", r -> r.events.get(r.find(0, "instance_started")).put("target_version", "1.27.0"),
            Set.of(REVISION_APPROVED)),
        new Case("one does not come back", r -> r.drop(r.find(0, "instance_rolled_back")),
            Set.of(ROLLBACK_OWN, EVENT_CHANGE, COUNTS_ADD_UP)),
        new Case("the oldest batch goes back first",
            r -> r.move(r.find(0, "instance_rolled_back", e -> e.path("batch_index").asInt() == 0), r.find(0, "instance_rolled_back")),
            Set.of(ROLLBACK_OWN)),
        new Case("a member stands otherwise than its events say", r -> r.member(_ -> true).put("state", "rollback_failed"),
            Set.of(EVENT_CHANGE, COUNTS_ADD_UP)),
        new Case("the rollout stands otherwise than its events say", r -> r.rollout().put("state", "completed"), Set.of(EVENT_CHANGE)),
        new Case("a batch ends with other counts", r -> r.events.get(r.find(0, "batch_completed")).put("healthy_count", 3),
            Set.of(COUNTS_ADD_UP)),
        new Case("an event comes twice with one id", r -> r.events.add(1, r.events.getFirst().deepCopy()), Set.of(STREAM_WHOLE)));
  }

  private static int second(Recorded r) { return r.find(0, "batch_started", e -> e.path("batch_index").asInt() == 1); }

  private static void generationAgain(Recorded r) {
    r.events.get(r.find(r.find(0, "continuation_decided"), "instance_started")).put("generation", 2);
  }

  private static void lateHandOut(Recorded r) {
    r.events.get(r.find(0, "circuit_breaker_tripped")).put("occurred_at", "2020-01-01T00:00:00Z");
    r.member(_ -> true).put("handed_out_at", "2020-01-01T05:00:00Z");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void is_refused_for_all_that_it_breaks(Case one) {
    var recorded = Recorded.of(Recorded.THERE_AND_BACK);
    one.doctor().accept(recorded);
    var broken = Judge.of(recorded.history()).stream().filter(f -> !f.holds())
        .collect(Collectors.toMap(Finding::invariant, Finding::breaches));
    assertThat(broken.keySet()).as(broken.toString()).isEqualTo(one.refused());
  }

  @Test
  void a_gap_at_one_cursor_is_refused() {
    var h = Recorded.of(Recorded.THERE_AND_BACK).history();
    for (int part = 0; part < h.again().size(); part++) {
      var ids = new ArrayList<>(h.again().get(part).ids());
      ids.remove(ids.size() / 2);
      var again = List.of(new History.Again(h.again().get(part).after(), ids));
      var gap = new History(h.plan(), h.rollout(), h.members(), h.settled(), h.events(), h.requests(), h.rollouts(), again);
      assertThat(Judge.of(gap)).filteredOn(f -> !f.holds()).singleElement().extracting(Finding::invariant).isEqualTo(STREAM_WHOLE);
    }
  }
}
