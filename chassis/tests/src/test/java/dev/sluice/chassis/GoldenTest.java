package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each kind of fact has one golden file that is never edited: what was written once is read for ever. A new kind, or a new field, gets its file
/// by a run with `-Dgolden.write=true`.
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Map<String, Kinds> KINDS = Map.of("plan", new Kinds(PlanEvent.class), "approval", new Kinds(ApprovalEvent.class),
      "rollout",
      new Kinds(RolloutEvent.class, ReconcilerEvent.class), "verdict", new Kinds(HealthReport.class), "instance",
      new Kinds(FleetEvent.class), "catalog",
      new Kinds(CatalogEvent.class));

  static Stream<String> facts() {
    return KINDS.entrySet().stream().flatMap(e -> e.getValue().names().stream().map(n -> e.getKey() + "/" + n)).sorted();
  }

  @ParameterizedTest
  @MethodSource("facts")
  void is_written_as_it_was_first_written_and_reads_back(String fact) throws Exception {
    var kinds = KINDS.get(fact.split("/")[0]);
    var kind = fact.split("/")[1];
    var file = GOLDEN.resolve(fact + ".json");
    var sample = Samples.of(kinds.type(kind), kind, 0);
    if (!Files.exists(file) && Boolean.getBoolean("golden.write")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(sample) + "\n");
    }
    assertThat(file).as("golden file of a kind that is told").exists();
    var golden = Files.readString(file);
    assertThat(kinds.read(kind, golden)).isEqualTo(sample);
    assertThat(Json.mapper().readTree(Json.text(sample))).isEqualTo(Json.mapper().readTree(golden));
  }

  @Test
  void every_golden_file_is_of_a_kind_that_is_still_read() throws IOException {
    try (var files = Files.walk(GOLDEN)) {
      var found = new TreeSet<String>();
      files.filter(Files::isRegularFile).forEach(f -> found.add(GOLDEN.relativize(f).toString().replace(".json", "")));
      assertThat(found).isEqualTo(new TreeSet<>(facts().toList()));
    }
  }
}
