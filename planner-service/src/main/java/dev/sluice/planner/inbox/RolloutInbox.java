package dev.sluice.planner.inbox;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Message;
import dev.sluice.contract.Decision;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.planner.domain.Lesson;
import dev.sluice.planner.domain.Measured;
import dev.sluice.planner.domain.PlanCommand;
import dev.sluice.planner.domain.PlanDecider;
import dev.sluice.planner.domain.PlanState;
import dev.sluice.planner.domain.Progress;
import dev.sluice.planner.store.PlanStore.Plan;
import dev.sluice.planner.store.PlanWriter;
import dev.sluice.planner.store.ProgressStore.Course;
import dev.sluice.planner.store.Stores;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hears how rollouts go: keeps their course for the plan's view, moves the template when one ends, frees its pair, and writes down what was learned.
public final class RolloutInbox implements Inbox.Handler {
  private static final Logger log = LoggerFactory.getLogger(RolloutInbox.class);
  private final Chassis chassis;
  private final Stores stores;
  private final PlanWriter writer;

  public RolloutInbox(Chassis chassis, Stores stores) {
    this.chassis = chassis;
    this.stores = stores;
    this.writer = new PlanWriter(chassis.journal(), stores);
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages)
      if (message.event() instanceof RolloutEvent event && concerns(event)) message.traced(() -> take(event, message));
  }

  private void take(RolloutEvent event, Message message) {
    chassis.db().doInTransaction(tx -> {
      if (!Inbox.fresh(tx, message)) return;
      stores.plans().planOrWithdrawn(tx, message.stream()).ifPresent(plan -> take(tx, plan, event, message));
    });
    if (event instanceof RolloutEvent.FinishAsked || event instanceof RolloutEvent.Aborted) chassis.journal().nudge();
  }

  private static boolean concerns(RolloutEvent event) {
    return switch (event) {
      case RolloutEvent.InstancesInstructed _,RolloutEvent.HandedOutRecorded _,RolloutEvent.MembersSkipped _,RolloutEvent.LateHealthyRecorded _,RolloutEvent.WithdrawalsAsked _,RolloutEvent.WithdrawalsRecorded _,RolloutEvent.PlanEdited _ ->
        false;
      default -> true;
    };
  }

  private void take(Db.Tx tx, Plan plan, RolloutEvent event, Message message) {
    var rollout = plan.rolloutId();
    var before = stores.progress().course(tx, rollout);
    // days after the end, say: what was measured on the way up was learned then
    boolean anew = event instanceof RolloutEvent.RollbackStarted && before.progress().state().ended();
    var started = event instanceof RolloutEvent.Started e ? e.at() : anew ? message.at() : before.startedAt();
    var course = new Course(before.progress().evolve(event), started, (anew ? Measured.NOTHING : before.measured()).evolve(event));
    stores.progress().keep(tx, rollout, course);
    stores.progress().keep(tx, rollout, Progress.phases(event));
    switch (event) {
      case RolloutEvent.Planned _ -> stores.plans().opened(tx, rollout);
      // nobody approves what he does not know
      case RolloutEvent.Approved _ -> stores.plans().requested(tx, rollout);
      case RolloutEvent.VerdictsRecorded e -> stores.history().count(tx, plan.moduleId(), rollout, e);
      case RolloutEvent.RollbackStarted _ -> {
        if (!stores.claims().hold(tx, rollout))
          log.atWarn().addKeyValue("rollout", rollout).log("A rollback started though its pair is held by another rollout");
      }
      case RolloutEvent.FinishAsked e ->
        move(tx, plan, message, present -> new PlanCommand.MoveTemplate(present, e.to()));
      // it had begun to finish, and does not: it asks again when it goes on
      case RolloutEvent.BreakerTripped _,RolloutEvent.Paused _ -> move(tx, plan, message, PlanCommand.UndoMove::new);
      case RolloutEvent.Aborted _ -> {
        move(tx, plan, message, PlanCommand.UndoMove::new);
        ended(tx, plan, event, course, message);
      }
      case RolloutEvent.Completed _,RolloutEvent.RolledBack _ -> {
        stores.plans().settled(tx, rollout);
        ended(tx, plan, event, course, message);
      }
      case RolloutEvent.Released _ -> stores.claims().release(tx, rollout);
      default -> {
        // its course says it all
      }
    }
  }

  /// What is to be done, given the template's present version of the module; null if it has none.
  private interface Wish {
    PlanCommand given(dev.sluice.contract.VersionRef present);
  }

  private void move(Db.Tx tx, Plan plan, Message message, Wish wish) {
    var state = stores.plans().held(tx, plan.rolloutId());
    var present = stores.templates().held(tx, plan.templateId(), plan.moduleId()).orElse(null);
    var command = wish.given(present);
    var decision = PlanDecider.decide(state, command);
    if (!(decision instanceof Decision.Accepted<PlanEvent>(var events)) || !(state instanceof PlanState.Made made)) return;
    for (var event : events) {
      if (!(event instanceof PlanEvent.TemplateMoved moved) || PlanDecider.stands(made, present, moved.to())) continue;
      stores.templates().set(tx, plan.templateId(), plan.moduleId(), moved.to(), message.at());
      if (PlanDecider.returns(made, command, moved.to())) stores.plans().settled(tx, plan.rolloutId());
      else
        stores.plans().moved(tx, moved, present);
      log.atInfo().addKeyValue("rollout", plan.rolloutId()).addKeyValue("template", plan.templateId())
          .addKeyValue("module", plan.moduleId())
          .addKeyValue("to", moved.to() == null ? "none" : moved.to().version()).log("Template moved");
    }
    writer.tell(tx, made.plan(), events, chassis.clock().instant(), message.actor());
  }

  private void ended(Db.Tx tx, Plan plan, RolloutEvent end, Course course, Message message) {
    var header = stores.plans().revision(tx, plan.rolloutId(), plan.revision()).orElseThrow().header();
    long seconds = course.startedAt() == null ? 0 : Math.max(0, Duration.between(course.startedAt(), message.at()).toSeconds());
    Lesson.of(end, header, course.startedAt() != null, course.measured(), seconds)
        .ifPresent(lesson -> stores.learnings().teach(tx, lesson, chassis.ids().next(), message.at()));
  }
}
