package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Runs a program of the system to its end and keeps what it said.
final class Programs {
  private Programs() {
  }

  /// The end of a program.
  ///
  /// @param exit   0 is success
  /// @param output standard output and error as they came
  record Ended(int exit, String output) {
    boolean well() { return exit == 0; }
  }

  /// Runs `command` in `folder`, without the `PG*` variables of the caller. Blocks; past `limit` the program is killed.
  static Ended run(Path folder, List<String> command, Duration limit) {
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    try {
      var process = builder.start();
      process.getOutputStream().close();
      var output = new CompletableFuture<String>();
      Thread.startVirtualThread(() -> drain(process, output));
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("%s did not end within %d s".formatted(command, limit.toSeconds()));
      }
      return new Ended(process.exitValue(), output.get(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + command, e);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("no output from " + command, e);
    }
  }

  private static void drain(Process process, CompletableFuture<String> output) {
    try {
      output.complete(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      output.completeExceptionally(e);
    }
  }

  /// Whether `command` exists and ends well: the way to ask what the system allows.
  static boolean succeeds(Path folder, List<String> command) {
    try {
      return run(folder, command, Duration.ofSeconds(60)).well();
    } catch (UncheckedIOException e) {
      return false;
    }
  }
}
