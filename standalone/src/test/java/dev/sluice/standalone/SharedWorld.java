package dev.sluice.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;

/// One world in this process for all tests that do not break it: PostgreSQL, Kafka and the five services. It starts at the first use and ends with the JVM.
final class SharedWorld {
  private static SharedWorld started;
  private final Path folder;
  private final World world;

  private SharedWorld() throws InterruptedException {
    try {
      folder = Files.createTempDirectory("sluice end to end ");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    world = World.start(folder.resolve("data"), FreePorts.block(), Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "1"), _ -> {});
    Runtime.getRuntime().addShutdownHook(new Thread(this::end, "close-shared-world"));
  }

  private void end() {
    world.close();
    try (var all = Files.walk(folder)) {
      for (var path : all.sorted(Comparator.reverseOrder()).toList())
        Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static synchronized SharedWorld get() throws InterruptedException {
    if (started == null) started = new SharedWorld();
    return started;
  }

  /// A patient caller: beside other tests the world may be busy for longer than one part waits for another.
  static Api api() throws InterruptedException { return new Api(get().world.gateway(), "anna").patient(); }

  /// A template of its own with so many agents, which run 1.24.0.
  static Fixture fleet(String name, int instances) throws IOException, InterruptedException {
    return Fixture.fleet(api(), get().folder, name, instances);
  }
}
