package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.Digest;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport;
import dev.sluice.contract.Id;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
    var sample = sample(kinds.type(kind), kind);
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

  /// A record with every part filled, the same at each run.
  private static Object sample(Type type, String name) throws ReflectiveOperationException {
    if (type instanceof ParameterizedType list) return new ArrayList<>(List.of(sample(list.getActualTypeArguments()[0], name)));
    var raw = (Class<?>) type;
    if (raw == int.class || raw == Integer.class) return 7;
    if (raw == long.class || raw == Long.class) return 42L;
    if (raw == double.class) return 1.5;
    if (raw == boolean.class) return true;
    if (raw == String.class) return name;
    if (raw == Instant.class) return Instant.parse("2026-11-23T12:00:00.123456Z");
    if (raw == Digest.class) return new Digest("sha256:" + "ab".repeat(32));
    if (raw.isEnum()) return raw.getEnumConstants()[0];
    if (Id.class.isAssignableFrom(raw)) return raw.getConstructor(String.class).newInstance(name);
    var parts = new ArrayList<Object>();
    for (RecordComponent c : raw.getRecordComponents())
      parts.add(sample(c.getGenericType(), c.getName()));
    return raw.getDeclaredConstructor(Stream.of(raw.getRecordComponents()).map(RecordComponent::getType).toArray(Class[]::new))
        .newInstance(parts.toArray());
  }
}
