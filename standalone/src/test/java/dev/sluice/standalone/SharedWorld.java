package dev.sluice.standalone;

import java.io.IOException;
import dev.sluice.sandbox.Ports;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.ClassDescriptor;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.ClassOrdererContext;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/// One world in this process for all tests that do not break it: PostgreSQL, Kafka and the five services. It starts at the first use, and ends when all classes
/// that say [Guest] are done. Those that say [Successor] begin only then.
public final class SharedWorld {
  /// Says of a test class that it lives in the shared world.
  static final class Guest implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) { leave(context.getRequiredTestClass()); }
  }

  /// Says of a test class that runs beside others that it needs the processor more than the shared world leaves it.
  public static final class Successor implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) throws InterruptedException { awaitEnd(); }
  }

  /// The order of the classes is that of their `@Order`. Whoever orders them knows who the guests of this run are.
  public static final class Turns implements ClassOrderer {
    @Override
    public void orderClasses(ClassOrdererContext context) {
      new OrderAnnotation().orderClasses(context);
      expect(context.getClassDescriptors().stream().filter(c -> c.findRepeatableAnnotations(ExtendWith.class).stream()
          .anyMatch(e -> List.of(e.value()).contains(Guest.class))).map(ClassDescriptor::getTestClass).toList());
    }
  }

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Set<Class<?>> EXPECTED = new HashSet<>();
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
    world = World.start(folder.resolve("data"), Ports.block(10), Map.of("SLUICE_HEARTBEAT_INTERVAL_SEC", "1"), _ -> {});
    hook = new Thread(this::end, "close-shared-world");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// Called for parts of a run too, before any of its classes begins.
  private static synchronized void expect(List<? extends Class<?>> guests) {
    EXPECTED.addAll(guests);
  }

  private static synchronized void leave(Class<?> guest) {
    EXPECTED.remove(guest);
    if (!EXPECTED.isEmpty()) return;
    SharedWorld.class.notifyAll();
    if (started == null) return;
    Runtime.getRuntime().removeShutdownHook(started.hook);
    started.end();
    started = null;
  }

  private static synchronized void awaitEnd() throws InterruptedException {
    for (long end = System.nanoTime() + PATIENCE.toNanos(); !EXPECTED.isEmpty() && System.nanoTime() < end;)
      SharedWorld.class.wait(1_000);
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
