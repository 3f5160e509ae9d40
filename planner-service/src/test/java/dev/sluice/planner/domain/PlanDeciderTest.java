package dev.sluice.planner.domain;

import static dev.sluice.planner.domain.Given.basis;
import static dev.sluice.planner.domain.Given.fleet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Decision;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.Problem;
import dev.sluice.contract.RolloutId;
import dev.sluice.contract.TemplateId;
import dev.sluice.planner.domain.PlanState.Made;
import dev.sluice.planner.domain.PlanState.Move;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanDeciderTest {
  private final Revision first = Revision.make(basis(), fleet(10, "a"));
  private final Revision second = Revision.make(Given.revision(2, "batch_pct", 50), fleet(10, "a"));
  private final Made made = new Made(first.header(), true, true, true, null, false);

  private static List<PlanEvent> events(PlanState state, PlanCommand command) {
    return ((Decision.Accepted<PlanEvent>) PlanDecider.decide(state, command)).events();
  }

  private static Problem refusal(PlanState state, PlanCommand command) {
    return ((Decision.Refused<PlanEvent>) PlanDecider.decide(state, command)).problem();
  }

  private static PlanEvent moved(dev.sluice.contract.VersionRef to) {
    return new PlanEvent.TemplateMoved(new RolloutId("r1"), new TemplateId("web"), new ModuleId("nginx"), to);
  }

  @Test
  void a_plan_is_recorded_once() {
    assertThat(events(new PlanState.Absent(), new PlanCommand.Propose(first))).isEqualTo(first.events());
    assertThat(events(made, new PlanCommand.Propose(first))).isEmpty();
    assertThat(events(new PlanState.Withdrawn(), new PlanCommand.Propose(first))).isEmpty();
  }

  @Test
  void an_empty_plan_records_nothing() {
    assertThat(events(new PlanState.Absent(), new PlanCommand.Propose(Revision.make(basis(), List.of())))).isEmpty();
  }

  @Test
  void a_revision_follows_the_one_that_counts() {
    assertThat(events(made, new PlanCommand.Revise(second))).isEqualTo(second.events());
    var late = new Made(second.header(), true, true, true, null, false);
    assertThat(refusal(late, new PlanCommand.Revise(second)).extra()).containsEntry("revision", 2);
    assertThat(refusal(late, new PlanCommand.Revise(second)).detail()).contains("is at revision 2, not 1");
    assertThat(refusal(new PlanState.Absent(), new PlanCommand.Revise(second)).status()).isEqualTo(404);
    assertThat(refusal(new PlanState.Withdrawn(), new PlanCommand.Revise(second)).status()).isEqualTo(404);
  }

  @Test
  void an_edit_that_leaves_nobody_is_refused() {
    assertThat(refusal(made, new PlanCommand.Revise(Revision.make(Given.revision(2), List.of()))).detail()).contains("leave nobody");
  }

  @Test
  void a_rollout_that_has_ended_takes_no_edit() {
    assertThat(refusal(new Made(first.header(), true, true, false, null, false), new PlanCommand.Revise(second)).status()).isEqualTo(409);
  }

  @Test
  void a_plan_is_withdrawn_only_while_a_service_does_not_know_it() {
    var gone = List.of(new PlanEvent.PlanWithdrawn(new RolloutId("r1"), "late"));
    var withdraw = new PlanCommand.Withdraw("late");
    assertThat(events(made, withdraw)).isEmpty();
    assertThat(events(new Made(first.header(), false, true, true, null, false), withdraw)).isEqualTo(gone);
    assertThat(events(new Made(first.header(), true, false, true, null, false), withdraw)).isEqualTo(gone);
    assertThat(events(new Made(first.header(), false, false, true, null, true), withdraw)).as("it was").isEmpty();
    assertThat(refusal(new Made(first.header(), false, false, true, null, true), new PlanCommand.Revise(second)).status()).isEqualTo(404);
    assertThat(events(new PlanState.Withdrawn(), withdraw)).isEmpty();
    assertThat(events(new PlanState.Absent(), withdraw)).isEmpty();
  }

  @Test
  void the_template_moves_at_the_end_once() {
    assertThat(events(made, new PlanCommand.MoveTemplate(Given.OLD, Given.NEW))).containsExactly(moved(Given.NEW));
    var done = new Made(first.header(), true, true, true, new Move(Given.OLD, Given.NEW), false);
    assertThat(events(done, new PlanCommand.MoveTemplate(Given.NEW, Given.NEW))).containsExactly(moved(Given.NEW));
    assertThat(events(done, new PlanCommand.MoveTemplate(Given.NEW, null))).containsExactly(moved(null));
    assertThat(events(new PlanState.Absent(), new PlanCommand.MoveTemplate(null, Given.NEW))).isEmpty();
    assertThat(events(new PlanState.Withdrawn(), new PlanCommand.MoveTemplate(null, Given.NEW))).isEmpty();
  }

  @Test
  void an_abort_undoes_the_move_unless_the_template_was_edited_since() {
    var done = new Made(first.header(), true, true, true, new Move(Given.OLD, Given.NEW), false);
    assertThat(events(done, new PlanCommand.UndoMove(Given.NEW))).containsExactly(moved(Given.OLD));
    assertThat(events(done, new PlanCommand.UndoMove(Given.version("9", 'd')))).isEmpty();
    assertThat(events(made, new PlanCommand.UndoMove(Given.NEW))).isEmpty();
    assertThat(events(new PlanState.Absent(), new PlanCommand.UndoMove(null))).isEmpty();
    assertThat(events(new PlanState.Withdrawn(), new PlanCommand.UndoMove(null))).isEmpty();
  }

  @Test
  void a_move_changes_nothing_where_the_template_stands_as_this_rollout_set_it() {
    var other = Given.version("9", 'd');
    var done = new Made(first.header(), true, true, true, new Move(Given.OLD, Given.NEW), false);
    assertThat(PlanDecider.stands(done, Given.NEW, Given.NEW)).isTrue();
    assertThat(PlanDecider.stands(done, other, Given.NEW)).as("edited since").isFalse();
    assertThat(PlanDecider.stands(done, null, Given.NEW)).as("removed since").isFalse();
    assertThat(PlanDecider.stands(done, Given.NEW, Given.OLD)).as("another move").isFalse();
    assertThat(PlanDecider.stands(made, Given.NEW, Given.NEW)).as("somebody else's").isFalse();
    var removed = new Made(first.header(), true, true, true, new Move(Given.NEW, null), false);
    assertThat(PlanDecider.stands(removed, null, null)).isTrue();
    assertThat(PlanDecider.stands(removed, Given.NEW, null)).isFalse();
  }
}
