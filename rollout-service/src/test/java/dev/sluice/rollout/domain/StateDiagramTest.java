package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Choice;
import dev.sluice.contract.Decision;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Draws the states of a rollout from the decider itself: each state hears each command that may move it, and where it comes to is an arrow.
/// `-Ddiagram.write=true` writes `docs/rollout-states.md` anew.
class StateDiagramTest {
  private static final Path FILE = Path.of("../docs/rollout-states.md");

  @Test
  void the_diagram_is_that_of_the_decider() throws IOException {
    var drawn = draw();
    if (Boolean.getBoolean("diagram.write")) Files.writeString(FILE, drawn);
    assertThat(FILE).as("write it with -Ddiagram.write=true").hasContent(drawn);
  }

  private static String draw() {
    var arrows = new TreeMap<String, TreeSet<String>>();
    arrows.computeIfAbsent("[*] --> awaiting_approval", _ -> new TreeSet<>()).add("plan");
    for (var state : RolloutState.values())
      for (var story : CommandTableTest.in(state))
        for (var said : commands(story).entrySet()) {
          var after = after(story, said.getValue());
          if (after != null && after != state)
            arrows.computeIfAbsent(word(state) + " --> " + word(after), _ -> new TreeSet<>()).add(said.getKey());
        }
    for (var state : RolloutState.values())
      if (Refusal.legal(state).isEmpty()) arrows.put(word(state) + " --> [*]", new TreeSet<>());
    var text = new StringBuilder("""
        # The states of a rollout

        Drawn from `RolloutDecider` by `StateDiagramTest`; do not edit. A rollback of nobody, or of members that need no wait, ends at once.

        ```mermaid
        stateDiagram-v2
        """);
    arrows.forEach(
        (arrow, names) -> text.append("  ").append(arrow).append(names.isEmpty() ? "" : " : " + String.join(", ", names)).append('\n'));
    return text.append("```\n").toString();
  }

  private static RolloutState after(Story story, RolloutCommand command) {
    if (!(story.decides(command) instanceof Decision.Accepted<RolloutEvent>(var events))) return null;
    var rollout = story.rollout;
    for (var event : events)
      rollout = Story.DECIDER.evolve(rollout, event);
    return new Standing(rollout).state();
  }

  private static Map<String, RolloutCommand> commands(Story story) {
    var now = new RolloutCommand.Now(Plans.START.plusSeconds(900), false, List.of());
    var commands = new TreeMap<String, RolloutCommand>();
    commands.put("pause", new RolloutCommand.Pause(now, "ann", null));
    commands.put("resume", new RolloutCommand.Resume(now, "ann", null));
    commands.put("abort", new RolloutCommand.Abort(now, "ann", null));
    commands.put("rollback", new RolloutCommand.Rollback(now, "ann", null, List.of(), Instant.MAX));
    commands.put("approve", new RolloutCommand.Approve(now, Story.PLAN_REQUEST, 1, "ann", null));
    commands.put("reject", new RolloutCommand.Reject(now, Story.PLAN_REQUEST, "ann", null));
    commands.put("expire", new RolloutCommand.Expire(now, Story.PLAN_REQUEST));
    commands.put("withdraw", new RolloutCommand.Withdraw(now, "nobody answered"));
    commands.put("begin", new RolloutCommand.Begin(now, true));
    commands.put("begin without target", new RolloutCommand.Begin(now, false));
    commands.put("failures trip", failures(story, now));
    commands.put("template moved", new RolloutCommand.TemplateMoved(now, Plans.TARGET));
    story.standing().continuation().ifPresent(request -> {
      for (var choice : Choice.values())
        commands.put("choose " + word(choice), new RolloutCommand.Choose(now, request, choice, "ann", null, List.of()));
      commands.put("nobody chose", new RolloutCommand.ExpireContinuation(now, request));
    });
    if (story.standing().state() == RolloutState.ROLLING_BACK) {
      commands.put("all are back", judgements(story, now, true));
      commands.put("some are not back", failures(story, now));
      commands.remove("failures trip");
    }
    return commands;
  }

  private static RolloutCommand failures(Story story, RolloutCommand.Now now) { return judgements(story, now, false); }

  private static RolloutCommand judgements(Story story, RolloutCommand.Now now, boolean healthy) {
    var all = new ArrayList<Judgement>();
    IntStream.range(0, story.plan.total()).forEach(i -> all.add(
        new Judgement(i, story.attempt(i), healthy, false, healthy ? null : Reason.APPLY_FAILED, null, 1, Plans.START, null)));
    return new RolloutCommand.RecordJudgements(now, false, all);
  }

  private static String word(Enum<?> constant) { return constant.name().toLowerCase(Locale.ROOT); }
}
