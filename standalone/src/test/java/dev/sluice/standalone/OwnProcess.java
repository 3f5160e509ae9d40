package dev.sluice.standalone;

import static org.awaitility.Awaitility.await;

import dev.sluice.cli.Sluice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.awaitility.core.TerminalFailureException;

/// Sluice as a process of its own, as `./sluice` starts it.
///
/// @param log what it says
public record OwnProcess(Process process, Path log) implements AutoCloseable {
  private static final Duration READY = Duration.ofSeconds(300);
  /// As the script says for `up` and `run`.
  private static final List<String> FLAGS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m",
      "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED", "--add-modules", "java.se", "--add-exports",
      "java.base/jdk.internal.ref=ALL-UNNAMED", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "--add-opens",
      "java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens", "java.management/sun.management=ALL-UNNAMED", "--add-opens",
      "jdk.management/com.sun.management.internal=ALL-UNNAMED");

  /// The words that start a JVM of Sluice, up to the name of its main class.
  public static List<String> java() { return java(LinkedClasses.options(FLAGS)); }

  private static List<String> java(List<String> options) {
    return Stream.of(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()), FLAGS, options).flatMap(List::stream)
        .toList();
  }

  static OwnProcess start(Path log, Map<String, String> environment, String... command) {
    return start(log, environment, Sluice.class, command);
  }

  /// Another program of this class path.
  static OwnProcess start(Path log, Map<String, String> environment, Class<?> main, String... command) {
    return start(log, environment, LinkedClasses.options(FLAGS), main, command);
  }

  /// A program of another class path.
  ///
  /// @param options of the JVM, the class path among them
  static OwnProcess start(Path log, Map<String, String> environment, List<String> options, Class<?> main, String... command) {
    var words = new ArrayList<>(java(options));
    words.add(main.getName());
    words.addAll(List.of(command));
    var builder = new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    builder.environment().put("XDG_CONFIG_HOME", log.getParent().toString());
    try {
      return new OwnProcess(builder.start(), log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The whole in one process. Blocks until it is ready.
  ///
  /// @param folder gets what it says in `out`, and its data in `data`
  /// @throws AssertionError with its last words where it ends before, or is not ready in time
  static OwnProcess up(Path folder, int port, Map<String, String> environment) {
    var sluice = start(folder.resolve("out"), environment, "up", "--data", folder.resolve("data").toString(), "--port",
        Integer.toString(port));
    var api = new Api(URI.create("http://127.0.0.1:" + port), "anna");
    try {
      await().atMost(READY).pollInterval(Duration.ofMillis(200)).ignoreExceptions()
          .failFast("it ended", () -> !sluice.process.isAlive()).until(() -> api.get("/readyz").status() == 200);
      return sluice;
    } catch (ConditionTimeoutException | TerminalFailureException e) {
      var words = lastWords(sluice.log) + lastWords(folder.resolve("data/logs/sluice.log"));
      sluice.close();
      throw new AssertionError("`up` is not ready: " + words, e);
    } catch (RuntimeException | Error e) { // interrupted, say
      sluice.close();
      throw e;
    }
  }

  private static String lastWords(Path log) {
    try {
      var lines = Files.readAllLines(log);
      return "\n%s:\n%s".formatted(log, String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size())));
    } catch (IOException e) {
      return "\n" + e;
    }
  }

  /// Ends it as `kill -9` does.
  void kill() {
    process.destroyForcibly();
    process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
  }

  /// Ends it as an operator does.
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill();
    }
  }
}
