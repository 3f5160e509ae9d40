package dev.sluice.planner.domain;

import static dev.sluice.planner.domain.Given.candidate;
import static dev.sluice.planner.domain.Given.fleet;
import static dev.sluice.planner.domain.Given.given;
import static dev.sluice.planner.domain.Given.ids;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchesTest {
  @ParameterizedTest
  @CsvSource({"100, 7, 7", "50, 20, 10", "1, 1, 1", "101, 1, 2", "3, 100, 3", "10, 15, 2", "1000000, 1, 10000",
    "1000000000, 100, 1000000000"})
  void a_batch_is_the_percentage_rounded_up_in_integers(int n, int percent, int size) {
    assertThat(Batches.size(n, percent, null)).isEqualTo(size);
  }

  @Test
  void a_batch_has_at_least_one_and_at_most_the_maximum() {
    assertThat(Batches.size(0, 20, null)).isEqualTo(1);
    assertThat(Batches.size(1_000, 20, 50)).isEqualTo(50);
    assertThat(Batches.size(10, 20, 50)).isEqualTo(2);
  }

  @Test
  void canaries_come_first_and_the_rest_is_cut_at_the_size_of_all() {
    var slices = Batches.cut(50, InputRules.inputs(given("canary_size", 3)));
    assertThat(IntStream.range(0, slices.count()).map(slices::sizeOf)).containsExactly(3, 10, 10, 10, 10, 7);
    assertThat(slices.isCanary(0)).isTrue();
  }

  @Test
  void more_canaries_than_instances_is_one_batch_of_all() {
    var slices = Batches.cut(4, InputRules.inputs(given("canary_size", 9)));
    assertThat(IntStream.range(0, slices.count()).map(slices::sizeOf)).containsExactly(4);
  }

  @Test
  void orders_by_key_then_value_then_id() {
    var order = Batches
        .spread(List.of(candidate("d", "z2"), candidate("a", "z1"), candidate("c", "z1"), candidate("b", "z1"), candidate("e", "")));
    // keys: a 1/6, b 3/6, c 5/6 of z1; d 1/2 of z2; e 1/2 of none
    assertThat(ids(order)).containsExactly("a", "e", "b", "d", "c");
  }

  @Test
  void equal_zones_are_within_one_of_each_other_in_every_batch() {
    var order = Batches.spread(fleet(999, "a", "b", "c"));
    var slices = Batches.cut(999, InputRules.inputs(given("batch_pct", 7)));
    for (int batch = 0; batch < slices.count(); batch++) {
      var counts = new HashMap<String, Integer>();
      order.subList(slices.from(batch), slices.to(batch)).forEach(c -> counts.merge(c.label(), 1, Integer::sum));
      assertThat(Collections.max(counts.values()) - Collections.min(counts.values())).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void keeps_its_promises_for_any_fleet() {
    for (long seed = 1; seed <= 300; seed++)
      promises(new Random(seed), "seed " + seed);
  }

  private static void promises(Random random, String seed) {
    int n = 1 + random.nextInt(400);
    int zones = 1 + random.nextInt(6);
    var fleet = new ArrayList<Candidate>();
    for (int i = 0; i < n; i++)
      fleet.add(candidate("i" + i, "z" + (int) (zones * Math.pow(random.nextDouble(), 2))));
    var order = Batches.spread(fleet);
    Collections.shuffle(fleet, random);
    assertThat(Batches.spread(fleet)).as(seed + ": the order of the input is nothing").isEqualTo(order);
    assertThat(order).as(seed + ": covers, once each").hasSize(n);
    assertThat(new HashSet<>(order)).as(seed + ": covers").isEqualTo(new HashSet<>(fleet));

    int percent = 1 + random.nextInt(100);
    int canaries = random.nextInt(4);
    int most = 1 + random.nextInt(n);
    var slices = Batches.cut(n, InputRules.inputs(given("batch_pct", percent, "canary_size", canaries, "max_batch_size", most)));
    assertThat(IntStream.range(0, slices.count()).mapToObj(slices::sizeOf)).as(seed + ": sizes")
        .containsExactlyElementsOf(sizes(n, Math.min(canaries, n), Math.min(most, (n * percent + 99) / 100)));
    var totals = new HashMap<String, Integer>();
    fleet.forEach(c -> totals.merge(c.label(), 1, Integer::sum));
    int next = 0;
    for (int batch = 0; batch < slices.count(); batch++) {
      assertThat(slices.from(batch)).as(seed + ": consecutive").isEqualTo(next);
      next = slices.to(batch);
      int size = slices.sizeOf(batch);
      var counts = new HashMap<String, Integer>();
      order.subList(slices.from(batch), next).forEach(c -> counts.merge(c.label(), 1, Integer::sum));
      totals.forEach((zone, total) -> {
        // within one of the value's share; values that compete for one place may shift it by their number
        double share = (double) total * size / n;
        assertThat((double) counts.getOrDefault(zone, 0)).as(seed + ": proportion of " + zone)
            .isBetween(share - 1 - (double) total * totals.size() / n, share + 1 + (double) total * totals.size() / n);
      });
    }
    assertThat(next).as(seed + ": covers").isEqualTo(n);
  }

  /// The canaries, then as many as there are of the size, then the remainder; none of nobody.
  private static List<Integer> sizes(int n, int canaries, int size) {
    int rest = n - canaries;
    return Stream.of(Stream.of(canaries), Stream.generate(() -> size).limit(rest / size), Stream.of(rest % size)).flatMap(some -> some)
        .filter(some -> some > 0).toList();
  }

  @Test
  @Tag("large")
  void orders_a_million_whole() {
    var order = Batches.spread(fleet(1_000_000, "a", "b", "c", "a", "b", "a", "d"));
    assertThat(order).hasSize(1_000_000);
    assertThat(ids(order.subList(0, 7))).contains("i0000000", "i0000001", "i0000002", "i0000003");
  }
}
