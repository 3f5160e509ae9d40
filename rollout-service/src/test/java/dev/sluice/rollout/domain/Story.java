package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.*;
import dev.sluice.contract.HealthReport.Judgement;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.rollout.domain.RolloutCommand.Now;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// One rollout told step by step: each step hears a command and keeps the events.
final class Story {
  static final RolloutDecider DECIDER = new RolloutDecider();
  static final RequestId PLAN_REQUEST = new RequestId("r1-plan");

  final Plans plan;
  final List<RolloutEvent> events = new ArrayList<>();
  /// The commands that were decided to these.
  final List<RolloutCommand> heard = new ArrayList<>();
  List<RolloutEvent> last = List.of();
  Rollout rollout = DECIDER.initial();
  boolean reconcilerPaused;
  Instant at = Plans.START;

  private Story(Plans plan) {
    this.plan = plan;
  }

  static Story of(Plans plan) { return new Story(plan); }

  static Story planned(Plans plan) { return planned(plan, Plans.OLD); }

  /// @param templateVersion the template's version of the module; null: it has none
  static Story planned(Plans plan, VersionRef templateVersion) {
    var story = of(plan);
    story.hears(new RolloutCommand.Open(story.now(), plan.header(1, templateVersion)));
    story.rollout = story.rollout.with(plan.roster());
    return story;
  }

  static Story approved(Plans plan) { return planned(plan).approve(); }

  static Story running(Plans plan) { return approved(plan).begin(); }

  Now now() {
    at = at.plusSeconds(1);
    return new Now(at, reconcilerPaused, List.of());
  }

  Decision<RolloutEvent> decides(RolloutCommand command) { return DECIDER.decide(rollout, command); }

  Story hears(RolloutCommand command) {
    switch (decides(command)) {
      case Decision.Accepted<RolloutEvent>(var said) -> {
        last = said;
        events.addAll(said);
        if (!said.isEmpty()) heard.add(command);
        for (var event : said)
          rollout = DECIDER.evolve(rollout, event);
      }
      case Decision.Refused<RolloutEvent>(var problem) -> throw new AssertionError(command + " was refused: " + problem.detail());
    }
    return this;
  }

  Story approve() { return hears(new RolloutCommand.Approve(now(), PLAN_REQUEST, 1, "ann", null)); }

  Story begin() { return hears(new RolloutCommand.Begin(now(), true)); }

  Story pause() { return hears(new RolloutCommand.Pause(now(), "ann", null)); }

  Story resume() { return hears(new RolloutCommand.Resume(now(), "ann", null)); }

  Story abort() { return hears(new RolloutCommand.Abort(now(), "ann", null)); }

  Story rollback(VersionId... unavailable) {
    return hears(new RolloutCommand.Rollback(now(), "ann", null, List.of(unavailable), Instant.MAX));
  }

  Story choose(Choice choice) {
    return hears(new RolloutCommand.Choose(now(), new Standing(rollout).continuation().orElseThrow(), choice, "ann", null, List.of()));
  }

  Story tick() { return hears(new RolloutCommand.Tick(now())); }

  Story templateMoved(VersionRef to) { return hears(new RolloutCommand.TemplateMoved(now(), to)); }

  Story handedOut(int... ordinals) {
    return hears(new RolloutCommand.RecordHandings(now(), false, each(ordinals, i -> new RolloutEvent.Handing(i, attempt(i), at))));
  }

  Story healthy(int... ordinals) { return judged(each(ordinals, i -> new Judgement(i, attempt(i), true, false, null, null, 2, at, null))); }

  Story failed(int... ordinals) { return failed(Reason.APPLY_FAILED, ordinals); }

  Story failed(Reason reason, int... ordinals) {
    boolean timeout = reason == Reason.NEVER_HANDED_OUT || reason == Reason.SILENT || reason == Reason.HEALTH_TIMEOUT;
    return judged(each(ordinals, i -> new Judgement(i, attempt(i), false, timeout, reason, null, 300, at, null)));
  }

  Story judged(List<Judgement> judgements) { return hears(new RolloutCommand.RecordJudgements(now(), false, judgements)); }

  Story gone(Reason reason, int... ordinals) { return hears(new RolloutCommand.RecordGone(now(), false, reasons(reason, ordinals))); }

  Story regressed(Reason reason, int... ordinals) {
    return hears(new RolloutCommand.RecordRegressed(now(), false, reasons(reason, ordinals)));
  }

  Story lateHealthy(int... ordinals) { return hears(new RolloutCommand.RecordLateHealthy(now(), false, reasons(null, ordinals))); }

  Story withdrawn(boolean withdrawn, int... ordinals) {
    return hears(new RolloutCommand.RecordWithdrawals(now(), false,
        each(ordinals, i -> new RolloutEvent.Withdrawal(i, withdrawn, attempt(i) + (withdrawn ? 1 : 0)))));
  }

  Story then(RolloutEvent... expected) {
    assertThat(last).containsExactly(expected);
    return this;
  }

  Story says(Class<?>... kinds) {
    assertThat(last).extracting(Object::getClass).as(last.toString()).isEqualTo(Arrays.asList(kinds));
    return this;
  }

  Story is(RolloutState state) {
    assertThat(standing().state()).isEqualTo(state);
    return this;
  }

  Standing standing() { return new Standing(rollout); }

  MemberState member(int ordinal) { return standing().member(ordinal).state(); }

  /// The ordinals that the last step instructed, for one purpose.
  List<Integer> instructed(Purpose purpose) {
    return last.stream().filter(e -> e instanceof RolloutEvent.InstancesInstructed i && i.purpose() == purpose)
        .flatMap(e -> ((RolloutEvent.InstancesInstructed) e).instructions().stream()).map(RolloutEvent.Instruction::ordinal).toList();
  }

  <T extends RolloutEvent> T only(Class<T> kind) {
    var found = last.stream().filter(kind::isInstance).map(kind::cast).toList();
    assertThat(found).as(last.toString()).hasSize(1);
    return found.getFirst();
  }

  long attempt(int ordinal) { return Plans.generation(ordinal) + rollout.members().get(ordinal).attempt(); }

  private List<MemberReason> reasons(Reason reason, int... ordinals) {
    return each(ordinals, i -> new MemberReason(i, attempt(i), reason));
  }

  private static <T> List<T> each(int[] ordinals, IntFunction<T> of) { return IntStream.of(ordinals).mapToObj(of).toList(); }
}
