package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.cli.check.Invariant;
import dev.sluice.cli.check.Recorded;
import dev.sluice.standalone.SharedWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// `check` over HTTP, on a genuine history and on doctored ones.
@Execution(CONCURRENT)
@ExtendWith(SharedWorld.Successor.class)
class CheckCommandTest {
  private final Recorded recorded = Recorded.of(Recorded.THERE_AND_BACK);
  private final TinyServer server = new TinyServer().otherwise(path -> recorded.apply(path).toString());

  @AfterEach
  void close() { server.close(); }

  @Test
  void all_that_holds_is_0_and_a_line_for_each_invariant_says_how_often_it_had_its_occasion() {
    var run = CommandLineRun.at(server, "check");
    assertThat(run.code()).describedAs(run.err() + run.out()).isZero();
    assertThat(run.out()).contains("is rolled back, judged by " + recorded.rollout().path("as_of_seq").asText() + " events")
        .contains("batch-gate         ok              2 gates")
        .contains("one-question       ok              2 trips").contains("own-absence        not applicable  0 timeouts")
        .doesNotContain("broken");
    assertThat(run.out().lines()).hasSize(4 + Invariant.values().length);
    assertThat(run.err()).contains("Not wholly visible from outside: batch-gate, evidence-after");
    assertThat(server.asked()).extracting(TinyServer.Asked::method).containsOnly("GET");
  }

  @Test
  void a_breach_is_1_and_names_the_invariant_the_event_and_the_instance() {
    int repeated = repeated();
    var run = CommandLineRun.at(server, "check", "--rollout", recorded.rollout().path("id").asText());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).contains("verdict-once       breach").contains("""

        verdict-once is broken, 1 time:
          event %d (place %d): web-there-and-back-001 was judged twice in one attempt
        """.formatted(repeated, repeated));
  }

  @Test
  void a_decision_that_was_altered_is_1_and_named_by_its_position_and_the_head_is_to_be_kept() {
    var whole = CommandLineRun.at(server, "check");
    var head = recorded.apply("/v1/rollouts/r/decisions").path("head");
    var word = head.path("position").asText() + ":" + head.path("hash").asText();
    assertThat(whole.out()).contains(
        "The decision record is whole, and decides to the same again: " + head.path("position").asText() + " decisions.",
        "--head " + word);
    assertThat(CommandLineRun.at(server, "check", "--head", word).code()).isZero();
    var another = CommandLineRun.at(server, "check", "--head", "3:" + head.path("hash").asText());
    assertThat(another.code()).isEqualTo(1);
    assertThat(another.out()).contains("The decision record is broken: position 3 is another than the head that was kept");
    recorded.decision(4).put("actor", "mallory");
    var altered = CommandLineRun.at(server, "check");
    assertThat(altered.code()).isEqualTo(1);
    assertThat(altered.out()).contains("The decision record is broken: position 5 was altered");
  }

  @Test
  void the_head_to_be_kept_goes_with_its_rollout_for_the_latest_will_be_another() {
    var id = recorded.rollout().path("id").asText();
    var head = recorded.apply("/v1/rollouts/" + id + "/decisions").path("head");
    assertThat(CommandLineRun.at(server, "check").out()).contains("give it to a later check: ./sluice check --rollout " + id + " --head "
        + head.path("position").asText() + ":" + head.path("hash").asText() + " --server " + server.uri());
  }

  @Test
  void a_head_that_check_cannot_have_printed_is_2_and_no_broken_record() {
    var hash = "4a".repeat(32);
    for (var head : List.of("none", "3:", "3:4a4a", "3:" + hash.substring(1), "3:" + hash + "0", "3:" + hash.replace('a', 'g'),
        "0:" + hash))
      assertThat(CommandLineRun.at(server, "check", "--head", head)).satisfies(run -> {
        assertThat(run.code()).as(head).isEqualTo(2);
        assertThat(run.err()).contains("--head must be POSITION:HASH", "64 hex digits");
      });
    assertThat(server.asked()).isEmpty();
  }

  @Test
  void json_says_all_of_it() throws JsonProcessingException {
    int repeated = repeated();
    var run = CommandLineRun.at(server, "check", "--json");
    assertThat(run.code()).isEqualTo(1);
    var answer = Json.mapper().readTree(run.out());
    assertThat(answer.path("holds").asBoolean()).isFalse();
    assertThat(answer.path("state").asText()).isEqualTo("rolled_back");
    assertThat(answer.path("invariants")).hasSize(Invariant.values().length);
    var one = answer.at("/invariants/5");
    assertThat(List.of(one.path("name").asText(), one.path("sentence").asText(), one.path("result").asText(), one.path("premise").asText()))
        .containsExactly("verdict-once", "A verdict is recorded once for each attempt.", "breach", "verdict");
    assertThat(one.path("breach_count").asInt()).isEqualTo(1);
    assertThat(answer.at("/invariants/5/breaches")).singleElement().extracting(JsonNode::toString).isEqualTo("""
        {"event_id":"%d","stream_seq":%d,"detail":"web-there-and-back-001 was judged twice in one attempt"}""".formatted(repeated,
        repeated));
    assertThat(answer.at("/invariants/0/not_visible").asText()).isNotEmpty();
    assertThat(answer.at("/invariants/0/breaches")).isEmpty();
  }

  /// Lets the first verdict come twice.
  ///
  /// @return the place of the second
  private int repeated() {
    int first = recorded.find(0, "instance_health_check");
    recorded.repeat(first);
    return first + 2;
  }
}
