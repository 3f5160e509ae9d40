package dev.sluice.rollout.domain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.*;
import dev.sluice.rollout.domain.RolloutCommand.*;
import java.time.Instant;
import java.util.*;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Ten thousand rollouts by chance, against a health-service that reports late, twice and in any order, and operators who do anything
/// at any time. `-Dseed=` runs others, `-Drollouts=` fewer, which need not visit everything.
class RandomRolloutsTest {
  private static final int MANY = 10_000;
  private static final int ROLLOUTS = Integer.getInteger("rollouts", MANY);
  /// One of so many has its decision record checked: it is all JSON.
  private static final int RECORDED = 10;
  private final Set<String> visited = new TreeSet<>();
  private final Set<BreakerRule> rules = EnumSet.noneOf(BreakerRule.class);
  private final Set<Choice> choices = EnumSet.noneOf(Choice.class);
  private final Set<String> rulings = new TreeSet<>();
  private final Set<RolloutState> ends = EnumSet.noneOf(RolloutState.class);

  @Test
  void ten_thousand_rollouts_keep_every_promise() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("RandomRolloutsTest: seed " + seed);
    var seeds = new Random(seed);
    for (int n = 0; n < ROLLOUTS; n++) {
      long one = seeds.nextLong();
      var run = new Run(one);
      try {
        run.toTheEnd();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("rollout " + n + " of seed " + seed + " (its own " + one + "), " + run.story.plan + "\n"
            + run.story.events.stream().map(Object::toString).collect(Collectors.joining("\n")) + "\nlast command " + run.last, e);
      }
    }
    if (ROLLOUTS < MANY) return;
    assertThat(rules).as("every rule trips").containsExactlyInAnyOrder(BreakerRule.values());
    assertThat(choices).as("every decision is taken").containsExactlyInAnyOrder(Choice.values());
    assertThat(ends).as("every end is reached")
        .containsExactlyInAnyOrder(Arrays.stream(RolloutState.values()).filter(RolloutState::ended).toArray(RolloutState[]::new));
    assertThat(rulings).as("every rule of the record is met").isEqualTo(Recorded.RULES);
    assertThat(visited).as("every state hears every command").containsAll(all());
  }

  private static Set<String> all() {
    var all = new TreeSet<String>();
    for (var command : Commands.KINDS)
      for (var state : Commands.STATES)
        all.add(state + " " + command.getSimpleName());
    return all;
  }

  private final class Run {
    private final Random random;
    private final Story story;
    private final SimulatedHealth health;
    private final Properties properties;
    private final Commands commands;
    private final List<VersionRef> moves = new ArrayList<>();
    private RolloutCommand last;

    Run(long seed) {
      random = new Random(seed);
      int total = 1 + random.nextInt(random.nextInt(10) == 0 ? 40 : 12);
      var plan = new Plans(total, 1 + random.nextInt(100), 1 + random.nextInt(4), pick(10, 34, 50, 100),
          random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0,
          random.nextBoolean() ? null : 1 + random.nextInt(4), random.nextInt(3) > 0);
      double[] chances = {0, 0.1, 0.5, 1};
      health = new SimulatedHealth(total, random, chances[random.nextInt(3)],
          chances[random.nextInt(4)] * (random.nextBoolean() ? 1 : 0.2));
      story = Story.of(plan);
      properties = new Properties(plan);
      commands = new Commands(random, story);
    }

    private int pick(int... of) { return of[random.nextInt(of.length)]; }

    void toTheEnd() {
      if (random.nextInt(20) == 0) hear(commands.any());
      hear(new Open(story.now(), story.plan.header()));
      story.rollout = story.rollout.with(story.plan.roster());
      int chaos = random.nextInt(80);
      for (int n = 0; n < chaos; n++)
        chaos();
      story.reconcilerPaused = false;
      for (int n = 0; !done(); n++) {
        assertThat(n).as("it comes to an end").isLessThan(5_000);
        drain();
      }
      settled();
      if (random.nextInt(3) == 0) hear(commands.any());
      if (random.nextInt(4) == 0) hear(new RolloutCommand.Rollback(story.now(), "ann", null, List.of(), Instant.MAX));
      for (int n = 0; !done(); n++) {
        assertThat(n).as("it comes to an end again").isLessThan(5_000);
        drain();
      }
      settled();
      replayed();
      if (random.nextInt(RECORDED) == 0) recorded();
    }

    private boolean done() { return story.standing().released() && health.idle(); }

    private void chaos() {
      int dice = random.nextInt(100);
      if (dice < 30) deliver();
      else if (dice < 55) health.act();
      else if (dice < 80) health.hearOne();
      else if (dice < 90) nudge();
      else if (dice < 93) story.reconcilerPaused = random.nextInt(3) == 0;
      else
        hear(commands.any());
    }

    private void drain() {
      health.hearOne();
      health.act();
      deliver();
      if (random.nextInt(4) == 0) nudge();
    }

    /// What people and the planner do so that it goes on.
    private void nudge() {
      switch (story.standing().state()) {
        case AWAITING_APPROVAL -> hear(random.nextInt(8) > 0 ? commands.approve() : commands.any());
        case APPROVED -> hear(new Begin(story.now(), random.nextInt(40) > 0));
        case PAUSED -> hear(new Resume(story.now(), "ann", null));
        case AWAITING_DECISION -> hear(commands.choose());
        default -> {
          if (moves.isEmpty()) hear(new Tick(story.now()));
          else
            hear(new TemplateMoved(story.now(), moves.size() > 1 || random.nextInt(4) == 0 ? moves.getFirst() : moves.removeFirst()));
          if (moves.size() > 1) moves.removeFirst();
        }
      }
    }

    private void deliver() {
      health.takeReport().ifPresent(report -> {
        var command = commands.of(report);
        boolean paused = story.rollout.stage() instanceof Stage.Paused;
        hear(command);
        boolean pauseEnded = paused && !(story.rollout.stage() instanceof Stage.Paused);
        if (random.nextInt(4) == 0 && !pauseEnded) repeated(command);
      });
    }

    private void hear(RolloutCommand command) {
      last = command;
      var before = story.rollout;
      visited.add(Commands.state(before) + " " + command.getClass().getSimpleName());
      switch (story.decides(command)) {
        case Decision.Refused<RolloutEvent> _ -> assertThat(command).as("only people are refused").isInstanceOf(Operator.class);
        case Decision.Accepted<RolloutEvent>(var said) -> {
          story.hears(command);
          story.rollout = story.rollout.with(story.plan.roster());
          properties.step(before, command, said, story.rollout);
          said.forEach(this::heardBy);
        }
      }
    }

    private void repeated(RolloutCommand command) {
      assertThat(story.decides(command)).as("a repeat decides nothing").isEqualTo(Decision.nothing());
    }

    private void heardBy(RolloutEvent event) {
      health.unheard.add(event);
      if (event instanceof RolloutEvent.FinishAsked e) moves.add(e.to());
      if (event instanceof RolloutEvent.BreakerTripped e) rules.add(e.trip().rule());
      if (event instanceof RolloutEvent.ContinuationDecided e) choices.add(e.choice());
      if (story.standing().state().ended()) ends.add(story.standing().state());
    }

    /// Nobody meets a version after the rollout that offered it has stopped offering it; who went back wants its own version.
    private void settled() {
      for (int i = 0; i < story.plan.total(); i++) {
        if (health.decommissioned(i)) continue;
        if (health.undeliveredOffer(i))
          assertThat(health.desired(i)).as("member " + i).isEqualTo(Plans.origin(i));
        if (story.member(i) == MemberState.ROLLED_BACK
            || story.member(i) == MemberState.PENDING && !story.rollout.members().get(i).instructed())
          assertThat(health.desired(i)).as("member " + i).isEqualTo(Plans.origin(i));
        if (story.member(i) == MemberState.HEALTHY) assertThat(health.desired(i)).as("member " + i).isEqualTo(Plans.TARGET);
      }
    }

    private void recorded() {
      var record = Recorded.of(story);
      assertThat(record.check()).as("the record is whole").isEqualTo(new DecisionChain.Whole(record.head()));
      assertThat(record.replay()).as("the record decides to the same").isEmpty();
      record.rows().forEach(row -> rulings.add(row.account().rule()));
    }

    private void replayed() {
      var replay = Story.DECIDER.initial();
      for (var event : story.events)
        replay = Story.DECIDER.evolve(replay, event);
      assertThat(replay.with(story.rollout.roster())).as("replay equals state").isEqualTo(story.rollout);
    }
  }
}
