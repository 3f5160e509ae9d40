package dev.sluice.health.domain;

import static dev.sluice.health.domain.Scene.MODULE;
import static dev.sluice.health.domain.Scene.at;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Random lives of one attempt. A failure names its seed.
class GatePropertyTest {
  private static final int LIVES = Integer.getInteger("lives", 5_000);

  private record Life(Watch watch, List<Heard> heard, Hearing hearing, Instant end) {}

  private static Life life(Random random) {
    var spans = new ArrayList<Deaf.Span>();
    for (int i = random.nextInt(3); i > 0; i--) {
      double from = random.nextInt(400);
      spans.add(new Deaf.Span(at(from), at(from + random.nextInt(60))));
    }
    var handedOut = random.nextInt(5) == 0 ? null : at(random.nextInt(50));
    var watch = new Watch(MODULE, Scene.GOOD, Scene.GENERATION, random.nextInt(5) == 0 ? Purpose.ROLLBACK : Purpose.UPGRADE, Scene.ZERO,
        at(100 + random.nextInt(200)), false, handedOut, Duration.ofSeconds(random.nextInt(3) * 40L), new Standing.Awaited());
    var heard = new ArrayList<Heard>();
    long[] sequences = {0, 0};
    for (double now = random.nextInt(60); now < 450 && random.nextInt(40) > 0; now += 1 + random.nextInt(50)) {
      int boot = now > 200 && random.nextInt(4) == 0 ? 1 : 0;
      long sequence = random.nextInt(10) == 0 ? Math.max(0, sequences[boot] - 1) : ++sequences[boot];
      heard.add(new Heard("boot-" + boot, sequence, at(now), observation(random)));
    }
    return new Life(watch, heard, new Hearing(Duration.ofSeconds(20), new Deaf(spans)), at(900));
  }

  private static Observation observation(Random random) {
    Map<String, String> digests = switch (random.nextInt(8)) {
      case 0 -> Map.of(MODULE, Scene.OTHER);
      case 1 -> null;
      case 2 -> random.nextBoolean() ? Map.of() : Map.of(MODULE, Scene.OTHER);
      default -> Map.of(MODULE, Scene.GOOD);
    };
    var states = ModuleStatus.State.values();
    Map<String, ModuleStatus> statuses = random.nextInt(3) > 0
        ? Map.of()
        : Map.of(MODULE,
            new ModuleStatus(states[random.nextInt(random.nextInt(3) == 0 ? 4 : 2)], Scene.GENERATION - random.nextInt(2), null));
    return new Observation(random.nextInt(60) == 0 ? InstanceStatus.STOPPED : InstanceStatus.RUNNING, null, digests, statuses);
  }

  private static List<Finding> inOneGo(Life life) {
    var ear = new Listening.Ear(Pulse.NONE, List.of(life.watch));
    var outcome = Listening.hear(ear, life.heard, life.hearing);
    return findings(outcome.then(Listening.elapsed(outcome.ear(), life.end, life.hearing)));
  }

  private static List<Finding> findings(Listening.Outcome outcome) {
    return outcome.findings().stream().map(Listening.Found::finding).toList();
  }

  /// Asked about random times in between, each only when all heartbeats before it were handed in.
  private static List<Finding> inPortions(Life life, Random random) {
    var outcome = Listening.Outcome.of(new Listening.Ear(Pulse.NONE, List.of(life.watch)));
    for (var heard : life.heard) {
      for (int i = random.nextInt(3); i > 0; i--) {
        var last = outcome.ear().pulse().lastAt() == null ? Scene.ZERO : outcome.ear().pulse().lastAt();
        var between = last.plusMillis((long) (random.nextDouble() * Duration.between(last, heard.at()).toMillis()));
        outcome = outcome.then(Listening.elapsed(outcome.ear(), between, life.hearing));
      }
      outcome = outcome.then(Listening.hear(outcome.ear(), List.of(heard), life.hearing));
    }
    return findings(outcome.then(Listening.elapsed(outcome.ear(), life.end, life.hearing)));
  }

  @Test
  void the_findings_do_not_depend_on_how_often_time_is_asked_about() {
    for (long seed = 0; seed < LIVES; seed++) {
      var life = life(new Random(seed));
      var expected = inOneGo(life);
      assertThat(inPortions(life, new Random(seed * 31))).as("seed %d: %s", seed, life).isEqualTo(expected);
    }
  }

  @Test
  void repeats_and_late_heartbeats_change_nothing() {
    for (long seed = 0; seed < LIVES; seed++) {
      var random = new Random(seed);
      var life = life(random);
      var more = new ArrayList<>(life.heard);
      for (int i = random.nextInt(4); i > 0 && !life.heard.isEmpty(); i--) {
        var copied = life.heard.get(random.nextInt(life.heard.size()));
        more.add(new Heard(copied.bootId(), copied.sequence(), copied.at().plusSeconds(1 + random.nextInt(100)), observation(random)));
      }
      more.sort(Comparator.comparing(Heard::at));
      assertThat(inOneGo(new Life(life.watch, more, life.hearing, life.end))).as("seed %d", seed).isEqualTo(inOneGo(life));
    }
  }

  @Test
  void an_attempt_gets_one_judgement_unless_the_instance_is_gone() {
    for (long seed = 0; seed < LIVES; seed++) {
      var findings = inOneGo(life(new Random(seed)));
      var ends = findings.stream().filter(f -> f instanceof Finding.Judged || f instanceof Finding.Gone).toList();
      assertThat(ends).as("seed %d", seed).hasSize(1);
    }
  }

  @Test
  void the_time_that_is_due_is_the_time_at_which_something_follows() {
    for (long seed = 0; seed < LIVES; seed++) {
      var life = life(new Random(seed));
      var ear = Listening.hear(new Listening.Ear(Pulse.NONE, List.of(life.watch)), life.heard, life.hearing).ear();
      var watch = ear.watches().getFirst();
      var last = ear.pulse().lastAt();
      var due = Gate.due(watch, last, life.hearing);
      if (due.isEmpty()) {
        assertThat(Gate.elapsed(watch, last, life.end, life.hearing).findings()).as("seed %d", seed).isEmpty();
      } else {
        assertThat(Gate.elapsed(watch, last, due.get(), life.hearing).findings()).as("seed %d", seed).isNotEmpty();
        if (last == null || due.get().isAfter(last))
          assertThat(Gate.elapsed(watch, last, due.get().minusMillis(1), life.hearing).findings()).as("seed %d", seed).isEmpty();
      }
    }
  }
}
