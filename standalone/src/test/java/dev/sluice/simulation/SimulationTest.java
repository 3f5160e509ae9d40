package dev.sluice.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import dev.sluice.contract.Decider;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.rollout.domain.Rollout;
import dev.sluice.rollout.domain.RolloutCommand;
import dev.sluice.rollout.domain.RolloutDecider;
import dev.sluice.standalone.SharedWorld;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;

/// Thousands of lives of the whole house in virtual time, each from its own seed, with every invariant judged after every step.
///
/// `-Dlives=1000000` lives more, `-Dseed=` others, `-Dlife=` one again, with its story.
@Execution(CONCURRENT)
@ExtendWith(SharedWorld.Successor.class)
class SimulationTest {
  private static final int LIVES = Integer.getInteger("lives", 2_000);
  private static final int FOUND_WITHIN = 200;
  private static final int PREMISES = 100;
  private static final int CRASHES = 20;
  /// How often a long run says how far it is, and how many lives may go wrong before it ends.
  private static final int PROGRESS = 20_000;
  private static final int ENOUGH = 5;

  @Test
  @Timeout(36_000)
  void every_invariant_holds_in_thousands_of_lives() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SimulationTest: seed " + seed);
    var premises = new EnumMap<Invariant, Long>(Invariant.class);
    var crashes = new EnumMap<CrashPoint, Long>(CrashPoint.class);
    var rivals = new AtomicLong();
    var lostAsks = new AtomicLong();
    var one = Long.getLong("life");
    var lives = one == null ? new Random(seed).longs(LIVES).toArray() : new long[]{one};
    var wrong = new ConcurrentLinkedQueue<AssertionError>();
    var ended = new AtomicLong();
    LongStream.of(lives).parallel().forEach(life -> {
      if (wrong.size() >= ENOUGH) return;
      World world;
      try {
        world = lived(life, new RolloutDecider(), UnaryOperator.identity());
      } catch (AssertionError e) {
        wrong.add(e);
        return;
      }
      if (ended.incrementAndGet() % PROGRESS == 0) System.out.printf("%,d lives%n", ended.get());
      synchronized (premises) {
        world.judge.premises.forEach((invariant, times) -> premises.merge(invariant, (long) times, Long::sum));
        world.crashes.forEach((point, times) -> crashes.merge(point, (long) times, Long::sum));
      }
      rivals.addAndGet(world.rivals);
      lostAsks.addAndGet(world.lostAsks);
    });
    System.out
        .println(table("invariant", "could have been broken", premises) + table("crash after", "times", crashes) + "rival writers " + rivals
            + ", questions without an answer " + lostAsks + ", lives " + ended);
    wrong.forEach(e -> System.out.println(e.getMessage()));
    assertThat(wrong).extracting(e -> e.getMessage().lines().findFirst().orElseThrow()).isEmpty();
    if (one != null || LIVES < 2_000) return;
    for (var invariant : Invariant.values())
      assertThat(premises.getOrDefault(invariant, 0L)).as(invariant.name()).isGreaterThanOrEqualTo(PREMISES);
    for (var point : CrashPoint.values())
      assertThat(crashes.getOrDefault(point, 0L)).as(point.name()).isGreaterThanOrEqualTo(CRASHES);
    assertThat(rivals.get()).as("two processes write one stream").isGreaterThanOrEqualTo(CRASHES);
  }

  @Test
  void a_gate_that_opens_early_is_found() { found(Bugs.GATE_OPENS_EARLY, UnaryOperator.identity(), Invariant.BATCH_GATE); }

  @Test
  void a_streak_that_a_restart_forgets_is_found() { found(new RolloutDecider(), Bugs::forgetsTheStreak, Invariant.EVENT_CHANGE); }

  @Test
  void a_second_trip_event_is_found() { found(Bugs.TRIPS_TWICE, UnaryOperator.identity(), Invariant.ONE_QUESTION); }

  @Test
  void a_way_back_to_the_wrong_version_is_found() { found(Bugs.WRONG_VERSION_BACK, UnaryOperator.identity(), Invariant.ROLLBACK_OWN); }

  private static void found(Decider<Rollout, RolloutCommand, RolloutEvent> decider, UnaryOperator<Object> memory, Invariant broken) {
    for (long life = 1; life <= FOUND_WITHIN; life++)
      try {
        new World(life, decider, memory, false).live();
      } catch (Judge.Breach breach) {
        assertThat(breach.invariant).as("life " + life).isEqualTo(broken);
        System.out.println(broken + " is found in life " + life);
        return;
      }
    throw new AssertionError(broken + " is not found in " + FOUND_WITHIN + " lives");
  }

  /// A life that breaks an invariant is lived again, and tells its story.
  private static World lived(long life, Decider<Rollout, RolloutCommand, RolloutEvent> decider, UnaryOperator<Object> memory) {
    var world = new World(life, decider, memory, false);
    try {
      world.live();
      return world;
    } catch (AssertionError | RuntimeException first) {
      var again = new World(life, decider, memory, true);
      try {
        again.live();
      } catch (AssertionError | RuntimeException second) {
        throw new AssertionError("life " + life + " (-Dlife=" + life + ")\n" + String.join("\n", again.story) + "\n" + second.getMessage(),
            second);
      }
      throw new AssertionError("life " + life + " goes another way when it is lived again", first);
    }
  }

  private static <K extends Enum<K>> String table(String name, String count, Map<K, Long> rows) {
    var text = new StringBuilder("%-24s %s%n".formatted(name, count));
    rows.forEach(
        (key, times) -> text.append("%-24s %,d%n".formatted(key.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '), times)));
    return text.toString();
  }
}
