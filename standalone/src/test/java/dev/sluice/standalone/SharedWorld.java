package dev.sluice.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// One world in this process for all tests that do not break it: PostgreSQL, Kafka and the five services. It starts at the first use, and ends when all classes
/// that say [Guest] are done, or else with the JVM.
final class SharedWorld {
  /// Says of a test class that it lives in the shared world.
  static final class Guest implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) { leave(context.getRequiredTestClass()); }
  }

  private static final int GUESTS = 6;
  private static final Set<Class<?>> LEFT = new HashSet<>();
  private static SharedWorld started;
  private final Path folder;
  private final World world;
  private final Thread hook;

  private SharedWorld() throws InterruptedException {
    try {
      folder = Files.createTempDirectory("sluice end to end ");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    world = World.start(folder.resolve("data"), FreePorts.block(), Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "1"), _ -> {});
    hook = new Thread(this::end, "close-shared-world");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private static synchronized void leave(Class<?> guest) {
    LEFT.add(guest);
    if (LEFT.size() < GUESTS || started == null) return;
    Runtime.getRuntime().removeShutdownHook(started.hook);
    started.end();
    started = null;
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

  static Path data() throws InterruptedException { return get().folder.resolve("data"); }

  /// A template of its own with so many agents, which run 1.24.0.
  static Fixture fleet(String name, int instances) throws IOException, InterruptedException {
    return Fixture.fleet(api(), get().folder, name, instances);
  }
}
