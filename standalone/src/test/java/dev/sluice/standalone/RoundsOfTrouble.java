package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Spaced;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Real trouble for real parts, one rollout after another: each ends as it must, the checker finds nothing, and nobody touches anything.
///
/// Not part of the build, which has a short form in [ApartTest]: it takes about half a minute for each round. `-Drounds=100` for more of them, `-Dseed=` for the
/// same troubles again, `-Dkinds=CUT,FREEZE` for some kinds of [Trouble] alone, `-Dcuts=all` for each way between two parts, cut once, or
/// `-Dcuts="gateway-1, health-2"` for one way again and again.
class RoundsOfTrouble {
  private static final int ROUNDS = Integer.getInteger("rounds", 20);
  private static final int AGENTS = 12;
  private static final List<Trouble.Kind> KINDS = System.getProperty("kinds") == null
      ? List.of(Trouble.Kind.values())
      : Stream.of(System.getProperty("kinds").split(",")).map(Trouble.Kind::valueOf).toList();
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static Installation sluice;
  private static Fixture fleet;
  private final Map<String, int[]> survived = new TreeMap<>();
  /// What the fleet runs between rounds.
  private String runs = "1.24.0";

  @BeforeAll
  @Timeout(400)
  static void up() throws Exception {
    sluice = new Installation(folder, Installation.TWO_OF_EACH, "rollout");
    fleet = Fixture.fleet(new Api(sluice.origin(), "anna").patient(), folder, "trouble", AGENTS);
  }

  @AfterAll
  static void down() {
    if (fleet != null) fleet.close();
    if (sluice != null) sluice.close();
  }

  @Test
  @Timeout(36_000)
  void rollouts_end_as_they_must_whatever_befalls() {
    long seed = Long.getLong("seed", System.nanoTime());
    var wanted = System.getProperty("cuts");
    var cuts = Trouble.cuts(sluice).stream().filter(cut -> "all".equals(wanted) || wanted != null && cut.toString().contains(wanted))
        .toList();
    assertThat(wanted == null || !cuts.isEmpty()).as("ways called %s", wanted).isTrue();
    int rounds = "all".equals(wanted) ? cuts.size() : ROUNDS;
    System.out.println("RoundsOfTrouble: seed " + seed + ", " + rounds + " rounds");
    var failures = new ArrayList<String>();
    for (int i = 1; i <= rounds; i++) {
      var random = new Random(seed + i);
      var troubles = cuts.isEmpty() ? drawn(random) : List.of(cuts.get((i - 1) % cuts.size()));
      try {
        round(i, random, troubles);
      } catch (RuntimeException | AssertionError e) {
        failures.add("round " + i + " " + troubles + ": " + e);
        System.out.println(failures.getLast());
        if (failures.size() == 3) break;
      }
    }
    System.out.println("| what befell | survived | not come to |");
    survived.forEach((kind, times) -> System.out.printf("| %s | %d | %d |%n", kind, times[0], times[1]));
    assertThat(failures).isEmpty();
  }

  private static List<Trouble> drawn(Random random) {
    var troubles = new ArrayList<Trouble>();
    for (int n = random.nextInt(3) == 0 ? 2 : 1; n > 0; n--)
      troubles.add(Trouble.drawn(random, sluice, KINDS));
    return troubles;
  }

  private void round(int number, Random random, List<Trouble> troubles) {
    long began = System.nanoTime();
    var befalling = befall(random, troubles);
    var course = course(random);
    var befell = befalling.join();
    sluice.awaitReady();
    fleet.awaitFleet(AGENTS);
    assertThat(fleet.templateVersion()).isEqualTo(fleet.versions.get(runs));
    for (var trouble : troubles)
      times(trouble)[befell.contains(trouble) ? 0 : 1]++;
    System.out.printf("round %d, %d s: %s under %s%n", number, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began), course,
        troubles);
  }

  private int[] times(Trouble trouble) {
    var name = trouble.kind().what + (trouble.kind() == Trouble.Kind.CRASH ? " " + trouble.other() : "");
    return survived.computeIfAbsent(name, _ -> new int[2]);
  }

  /// One after the other, at moments of their own.
  ///
  /// @return those that did
  private static CompletableFuture<List<Trouble>> befall(Random random, List<Trouble> troubles) {
    var pauses = troubles.stream().map(_ -> random.nextInt(6_000)).toList();
    return CompletableFuture.supplyAsync(() -> {
      var befell = new ArrayList<Trouble>();
      for (int i = 0; i < troubles.size(); i++) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pauses.get(i)));
        if (troubles.get(i).strike(sluice)) befell.add(troubles.get(i));
      }
      return befell;
    }, task -> Thread.ofPlatform().daemon().start(task));
  }

  /// A rollout with what people do to it.
  private String course(Random random) {
    int batchPct = 20 + random.nextInt(60);
    return switch (random.nextInt(5)) {
      case 0 -> {
        var rollout = start("1.26.0-broken", batchPct);
        fleet.untilState(rollout, "awaiting_decision");
        fleet.decide(rollout, "rollback_completed_batches");
        fleet.untilState(rollout, "rolled_back");
        fleet.breaksNothing(rollout);
        yield "a broken version, rolled back";
      }
      case 1 -> {
        var rollout = start(other(), batchPct);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(5_000)));
        var aborted = fleet.api.post("/v1/rollouts/" + rollout + "/abort", Map.of());
        assertThat(aborted.status()).as("409 where it was completed before").isIn(200, 409);
        fleet.untilState(rollout, "aborted", "completed");
        fleet.breaksNothing(rollout);
        yield "aborted, " + backFrom(rollout);
      }
      default -> {
        var rollout = start(other(), batchPct);
        var end = fleet.untilState(rollout, "completed", "completed_with_failures", "awaiting_decision", "aborted");
        assertThat(end.path("state").asText()).as(() -> end.toPrettyString()).isEqualTo("completed");
        assertThat(end.at("/counts/healthy").asInt()).isEqualTo(AGENTS);
        fleet.breaksNothing(rollout);
        runs = other();
        yield "a good version, completed";
      }
    };
  }

  private String start(String version, int batchPct) { return fleet.startWhenFree(version, Map.of("batch_pct", batchPct)); }

  private String backFrom(String rollout) {
    fleet.api.post("/v1/rollouts/" + rollout + "/rollback", Map.of()).expect(200);
    fleet.untilState(rollout, "rolled_back");
    fleet.breaksNothing(rollout);
    return "rolled back";
  }

  private String other() { return runs.equals("1.24.0") ? "1.26.0" : "1.24.0"; }
}
