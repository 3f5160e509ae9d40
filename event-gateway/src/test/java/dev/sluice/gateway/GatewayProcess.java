package dev.sluice.gateway;

import dev.sluice.chassis.Node;
import dev.sluice.chassis.Settings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A gateway in a process of its own, to be killed.
record GatewayProcess(Process process, int port) implements AutoCloseable {
  private static final String LISTENS = "listens on ";

  /// Blocks until it listens.
  static GatewayProcess start(Map<String, String> environment) {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var builder = new ProcessBuilder(List.of(java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m",
        "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
        GatewayProcess.class.getName())).redirectErrorStream(true);
    builder.environment().putAll(environment);
    try {
      var process = builder.start();
      return new GatewayProcess(process,
          CompletableFuture.supplyAsync(() -> port(process), Thread::startVirtualThread).orTimeout(90, TimeUnit.SECONDS).join());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int port(Process process) {
    var out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    var said = new StringBuilder();
    try {
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        if (line.startsWith(LISTENS)) {
          Thread.startVirtualThread(() -> out.lines().forEach(_ -> {}));
          return Integer.parseInt(line.substring(LISTENS.length()));
        }
        said.append(line).append('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("the gateway ended:\n" + said);
  }

  /// Ends it as `kill -9` does.
  void kill() {
    process.destroyForcibly();
    process.onExit().orTimeout(60, TimeUnit.SECONDS).join();
  }

  @Override
  public void close() { kill(); }

  static void main() throws InterruptedException {
    var service = GatewayService.start(Node.alone(), GatewayConfig.read(new Settings(System.getenv())));
    System.out.println(LISTENS + service.port());
    new CountDownLatch(1).await();
  }
}
