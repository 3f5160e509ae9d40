package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Decision;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The command table of `behaviour.md`, cell by cell, and every command in every state.
class CommandTableTest {
  private static final String TABLE = """
      | state | pause | resume | abort | rollback |
      | awaiting_approval | 409 | 409 | cancelled | 409 |
      | approved | paused | same | aborted | 409 |
      | running | paused | same | aborted | rolling_back |
      | paused | same | the state it left | aborted | rolling_back |
      | awaiting_decision | 409 | 409 | aborted | rolling_back |
      | rolling_back | paused | same | aborted | same |
      | aborted | 409 | 409 | same | rolling_back |
      | completed | 409 | 409 | 409 | rolling_back |
      | completed_with_failures | 409 | 409 | 409 | rolling_back |
      | rolled_back_with_failures | 409 | 409 | 409 | rolling_back |
      | rolled_back | 409 | 409 | 409 | 409 |
      | rejected | 409 | 409 | 409 | 409 |
      | expired | 409 | 409 | 409 | 409 |
      | cancelled | 409 | 409 | 409 | 409 |
      """;

  /// Stories that stand in a state, in each way that matters.
  static List<Story> in(RolloutState state) {
    return switch (state) {
      case AWAITING_APPROVAL -> List.of(Story.planned(Plans.six()));
      case APPROVED -> List.of(Story.approved(Plans.six()));
      case RUNNING -> List.of(running(), completing(), completingWithFailures());
      case PAUSED -> List.of(Story.approved(Plans.six()).pause(), running().pause(), completing().pause(), rollingBack().pause());
      case AWAITING_DECISION -> List.of(tripped());
      case ROLLING_BACK -> List.of(rollingBack());
      case COMPLETED -> List.of(completing().templateMoved(Plans.TARGET));
      case COMPLETED_WITH_FAILURES -> List.of(completingWithFailures().templateMoved(Plans.TARGET));
      case ROLLED_BACK -> List.of(rollingBack().healthy(0, 1));
      case ROLLED_BACK_WITH_FAILURES -> List.of(rollingBack().healthy(0).failed(1));
      case ABORTED -> List.of(running().abort(), Story.approved(Plans.six()).abort(), tripped().abort());
      case REJECTED -> List.of(hears(new RolloutCommand.Reject(now(), Story.PLAN_REQUEST, "bob", null)));
      case EXPIRED -> List.of(hears(new RolloutCommand.Expire(now(), Story.PLAN_REQUEST)));
      case CANCELLED -> List.of(Story.planned(Plans.six()).abort());
    };
  }

  private static Story running() { return Story.running(Plans.six()).handedOut(0, 1); }

  private static Story completing() { return Story.running(Plans.six()).healthy(0, 1).healthy(2, 3).healthy(4, 5); }

  private static Story completingWithFailures() { return Story.running(Plans.six()).failed(0).healthy(1).healthy(2, 3).healthy(4, 5); }

  private static Story tripped() { return Story.running(Plans.six()).failed(0, 1); }

  private static Story rollingBack() { return running().rollback(); }

  private static Story hears(RolloutCommand command) { return Story.planned(Plans.six()).hears(command); }

  private static RolloutCommand.Now now() { return new RolloutCommand.Now(Plans.START, false, List.of()); }

  static Stream<Arguments> cells() {
    var rows = TABLE.lines().map(line -> Arrays.stream(line.split("\\|")).map(String::strip).filter(s -> !s.isEmpty()).toList()).toList();
    var cells = new ArrayList<Arguments>();
    for (var row : rows.subList(1, rows.size()))
      for (int c = 1; c < row.size(); c++)
        cells.add(Arguments.of(RolloutState.valueOf(row.getFirst().toUpperCase(Locale.ROOT)), rows.getFirst().get(c), row.get(c)));
    return cells.stream();
  }

  @ParameterizedTest(name = "{0} + {1} = {2}")
  @MethodSource("cells")
  void each_cell(RolloutState state, String command, String expected) {
    for (var story : in(state)) {
      story.is(state);
      var left = story.standing().pausedFrom();
      var decision = story.decides(command(story, command));
      switch (expected) {
        case "409" -> {
          assertThat(decision).isInstanceOfSatisfying(Decision.Refused.class, r -> refused(r.problem(), state));
          assertThat(Refusal.legal(state)).doesNotContain(command);
        }
        case "same" -> assertThat(decision).isEqualTo(Decision.nothing());
        case "the state it left" -> story.hears(command(story, command)).is(left.orElseThrow());
        default -> {
          var wanted = RolloutState.valueOf(expected.toUpperCase(Locale.ROOT));
          story.hears(command(story, command));
          // where nothing was instructed there is nobody to wait for
          boolean nobody = wanted == RolloutState.ROLLING_BACK && story.instructed(dev.sluice.contract.Purpose.ROLLBACK).isEmpty()
              && story.standing().underWay() == 0 && !story.standing().finishing();
          story.is(nobody ? RolloutState.ROLLED_BACK : wanted);
        }
      }
      if (!expected.equals("409")) assertThat(Refusal.legal(state)).contains(command);
    }
  }

  private static void refused(Problem problem, RolloutState state) {
    assertThat(problem.status()).isEqualTo(409);
    assertThat(problem.extra()).containsEntry("state", state.name().toLowerCase(Locale.ROOT)).containsEntry("legal_commands",
        Refusal.legal(state));
    assertThat(problem.detail()).contains("is " + state.name().toLowerCase(Locale.ROOT) + "; it takes ")
        .endsWith(Refusal.legal(state).isEmpty() ? "no command any more" : String.join(", ", Refusal.legal(state)));
  }

  private static RolloutCommand command(Story story, String word) {
    return switch (word) {
      case "pause" -> new RolloutCommand.Pause(story.now(), "ann", null);
      case "resume" -> new RolloutCommand.Resume(story.now(), "ann", null);
      case "abort" -> new RolloutCommand.Abort(story.now(), "ann", null);
      case "rollback" -> new RolloutCommand.Rollback(story.now(), "ann", null, List.of(), Instant.MAX);
      default -> throw new AssertionError(word);
    };
  }

  @Test
  void the_table_has_every_state() {
    assertThat(cells().map(c -> c.get()[0]).distinct()).containsExactlyInAnyOrder((Object[]) RolloutState.values());
  }

  @Test
  void an_absent_rollout_is_not_found_and_facts_about_it_are_nothing() {
    for (var kind : Commands.KINDS) {
      var story = Story.of(Plans.six());
      var decision = story.decides(new Commands(new Random(1), story).make(kind));
      if (RolloutCommand.Operator.class.isAssignableFrom(kind))
        assertThat(decision).isInstanceOfSatisfying(Decision.Refused.class, r -> assertThat(r.problem().status()).isEqualTo(404));
      else if (kind != RolloutCommand.Open.class) assertThat(decision).isEqualTo(Decision.nothing());
    }
  }

  @Test
  void every_state_hears_every_command_and_only_people_are_refused() {
    var visited = new TreeSet<String>();
    for (var state : RolloutState.values())
      for (var kind : Commands.KINDS)
        for (var story : in(state)) {
          var command = new Commands(new Random(1), story).make(kind);
          if (story.decides(command) instanceof Decision.Refused<RolloutEvent>)
            assertThat(command).isInstanceOf(RolloutCommand.Operator.class);
          visited.add(state + " " + kind.getSimpleName());
        }
    assertThat(visited).hasSize(RolloutState.values().length * Commands.KINDS.size());
  }
}
