package dev.sluice.approval.domain;

import static dev.sluice.approval.domain.Given.DECIDER;
import static dev.sluice.approval.domain.Given.NOON;
import static dev.sluice.approval.domain.Given.PLAN;
import static dev.sluice.approval.domain.Given.ROLLOUT;
import static dev.sluice.approval.domain.Given.TRIP;
import static dev.sluice.approval.domain.Given.after;
import static dev.sluice.approval.domain.Given.asked;
import static dev.sluice.approval.domain.Given.asks;
import static dev.sluice.approval.domain.Given.given;
import static dev.sluice.approval.domain.Given.plan;
import static dev.sluice.approval.domain.Given.policy;
import static dev.sluice.approval.domain.Given.tripped;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import dev.sluice.contract.Words;

import dev.sluice.approval.domain.ApprovalCommand.Apply;
import dev.sluice.approval.domain.ApprovalCommand.Approve;
import dev.sluice.approval.domain.ApprovalCommand.BeginEdit;
import dev.sluice.approval.domain.ApprovalCommand.Choose;
import dev.sluice.approval.domain.ApprovalCommand.Expire;
import dev.sluice.approval.domain.ApprovalCommand.Reject;
import dev.sluice.approval.domain.ApprovalCommand.Revise;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Policy;
import dev.sluice.contract.RequestId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Every command in every state: the table and the diagram in `docs/approval-states.md` are what the decider does, and no cell is left out.
class ApprovalStatesTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "approval-states.md");
  private static final Path GENERATED = Path.of("target", "approval-states.md");
  private static final Instant LATER = NOON.plusSeconds(1);
  private static final Instant NEXT_WEEK = NOON.plusSeconds(7 * 86_400);

  /// What a command of a label does in a state: the next state's name, "nothing", or the refusal's status.
  private record Cell(String state, String command, String result) {}

  private static Map<String, Given> states() {
    var states = new LinkedHashMap<String, Given>();
    var one = asked(plan(1, asks(2)));
    var vote = new Approve(PLAN, 1, "ann", null, asks(2), LATER);
    states.put("absent", given());
    states.put("plan pending", given(one, vote));
    states.put("continuation pending", given(tripped(2), new Choose(TRIP, 1, Choice.RETRY_FAILED, "ann", null, LATER)));
    states.put("approved", given(one, vote, new Approve(PLAN, 1, "bob", null, asks(2), LATER)));
    states.put("rejected", given(one, new Reject(PLAN, 1, "bob", null, LATER)));
    states.put("expired", given(one, new Expire(PLAN, NEXT_WEEK)));
    states.put("cancelled", new Given(
        after(given(one).request(), List.of(new dev.sluice.contract.ApprovalEvent.RequestCancelled(PLAN, ROLLOUT, "ann", null)))));
    states.put("settled", given(one, new Reject(PLAN, 1, "bob", null, LATER), new Apply(PLAN)));
    return states;
  }

  private static Map<String, ApprovalCommand> commands(RequestId id) {
    var commands = new LinkedHashMap<String, ApprovalCommand>();
    commands.put("RequestPlan", asked(plan(1, asks(2))));
    commands.put("RequestPlan, auto_approve", asked(plan(1, policy(Policy.AUTO_APPROVE))));
    commands.put("RequestPlan, auto_approve, by a model", asked(plan(1, policy(Policy.AUTO_APPROVE), 50, true)));
    commands.put("RequestPlan, auto_approve, now blocked", asked(plan(1, policy(Policy.AUTO_APPROVE)), policy(Policy.BLOCKED)));
    commands.put("RequestContinuation", tripped(2));
    commands.put("Approve, again", new Approve(id, 1, "ann", null, asks(2), LATER));
    commands.put("Approve, the last needed", new Approve(id, 1, "bob", null, asks(2), LATER));
    commands.put("Approve, another revision", new Approve(id, 7, "bob", null, asks(2), LATER));
    commands.put("Approve, now blocked", new Approve(id, 1, "bob", null, policy(Policy.BLOCKED), LATER));
    commands.put("Approve, past the end", new Approve(id, 1, "bob", null, asks(2), NEXT_WEEK));
    commands.put("Reject", new Reject(id, 1, "bob", null, LATER));
    commands.put("Choose retry_failed, the last needed", new Choose(id, 1, Choice.RETRY_FAILED, "bob", null, LATER));
    commands.put("Choose continue_anyway, not the last needed", new Choose(id, 1, Choice.CONTINUE_ANYWAY, "bob", null, LATER));
    commands.put("Choose rollback_completed_batches", new Choose(id, 1, Choice.ROLLBACK_COMPLETED_BATCHES, "bob", null, LATER));
    commands.put("Choose abort", new Choose(id, 1, Choice.ABORT, "bob", null, LATER));
    commands.put("Choose abort, past the end", new Choose(id, 1, Choice.ABORT, "bob", null, NEXT_WEEK));
    commands.put("BeginEdit", new BeginEdit(id, 1, "bob", LATER));
    commands.put("Revise", new Revise(id, 1, plan(2, asks(2)), "bob", LATER));
    commands.put("Revise, nobody left", new Revise(id, 1, plan(2, asks(2), 0, false), "bob", LATER));
    commands.put("Expire, before the end", new Expire(id, LATER));
    commands.put("Expire", new Expire(id, NEXT_WEEK));
    commands.put("Supersede", new Supersede(id, ROLLOUT, "bob", null));
    commands.put("Apply", new Apply(id));
    return commands;
  }

  private static List<Cell> cells() {
    var cells = new ArrayList<Cell>();
    states().forEach((state, given) -> commands(state.startsWith("continuation") ? TRIP : PLAN)
        .forEach((name, command) -> cells.add(new Cell(state, name, result(given.request(), command)))));
    return cells;
  }

  private static String result(Request request, ApprovalCommand command) {
    return switch (DECIDER.decide(request, command)) {
      case Decision.Refused<?>(var problem) -> Integer.toString(problem.status());
      case Decision.Accepted<dev.sluice.contract.ApprovalEvent>(var events) when events.isEmpty() -> "nothing";
      case Decision.Accepted<dev.sluice.contract.ApprovalEvent>(var events) -> name(after(request, events));
    };
  }

  private static String name(Request request) {
    return switch (request) {
      case Request.Absent _ -> "absent";
      case Request.PlanPending _ -> "plan pending";
      case Request.ContinuationPending _ -> "continuation pending";
      case Request.Closed c -> Words.of(c.status());
      case Request.Settled _ -> "settled";
    };
  }

  @Test
  void every_command_is_answered_in_every_state() {
    Set<String> visited = new LinkedHashSet<>();
    states().values().forEach(given -> commands(PLAN).values()
        .forEach(command -> visited.add(given.request().getClass().getSimpleName() + " x " + command.getClass().getSimpleName())));
    Set<String> all = new LinkedHashSet<>();
    for (var state : Request.class.getPermittedSubclasses())
      for (var command : leaves(ApprovalCommand.class))
        all.add(state.getSimpleName() + " x " + command.getSimpleName());
    assertThat(visited).containsExactlyInAnyOrderElementsOf(all);
    assertThat(states().values()).extracting(given -> name(given.request())).contains("approved", "rejected", "expired", "cancelled");
  }

  @Test
  void each_state_is_what_it_is_called() {
    states().forEach((name, given) -> assertThat(name(given.request())).isEqualTo(name));
  }

  @Test
  void the_document_shows_what_the_decider_does() throws IOException {
    var generated = document();
    Files.createDirectories(GENERATED.getParent());
    Files.writeString(GENERATED, generated);
    assertThat(DOCUMENT).as("read %s, and where it is right, copy it to %s", GENERATED, DOCUMENT).exists();
    assertThat(Files.readString(DOCUMENT)).as("read %s, and where it is right, copy it to %s", GENERATED, DOCUMENT).isEqualTo(generated);
  }

  private static String document() {
    var text = new StringBuilder("""
        # The states of an approval request

        Made from `ApprovalDecider` by `ApprovalStatesTest`, which compares this page with what the decider does. The rules are in [ledger.md](ledger.md), Approval.
        A continuation that was answered is `approved`, whichever option was chosen. Settled: closed, and its outcome (applied or superseded) is known.

        ```mermaid
        stateDiagram-v2
        """);
    var edges = new LinkedHashMap<String, List<String>>();
    for (var cell : cells())
      if (!cell.result().equals("nothing") && !cell.result().matches("\\d+") && !cell.result().equals(cell.state()))
        edges.computeIfAbsent("  " + node(cell.state()) + " --> " + node(cell.result()), _ -> new ArrayList<>()).add(cell.command());
    edges.forEach((edge, labels) -> text.append(edge).append(" : ").append(String.join(" / ", labels)).append('\n'));
    text.append("  settled --> [*]\n```\n\n");
    var names = states().keySet();
    text.append("| command | ").append(String.join(" | ", names)).append(" |\n|").append("---|".repeat(names.size() + 1)).append('\n');
    for (var command : commands(PLAN).keySet()) {
      text.append("| ").append(command).append(" | ");
      text.append(cells().stream().filter(c -> c.command().equals(command)).map(Cell::result).collect(joining(" | "))).append(" |\n");
    }
    return text.toString();
  }

  private static String node(String state) { return state.equals("absent") ? "[*]" : state.replace(' ', '_'); }

  private static List<Class<?>> leaves(Class<?> root) {
    if (!root.isSealed()) return List.of(root);
    var all = new ArrayList<Class<?>>();
    for (var sub : root.getPermittedSubclasses())
      all.addAll(leaves(sub));
    return all;
  }
}
