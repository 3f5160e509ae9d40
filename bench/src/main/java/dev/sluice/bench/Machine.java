package dev.sluice.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// Where a figure was measured: without it a figure says nothing.
final class Machine {
  private Machine() {}

  static String line() {
    return Instant.now() + ", commit " + commit() + ", " + Runtime.getRuntime().availableProcessors() + " cores, JDK " + Runtime.version()
        + ", "
        + System.getProperty("os.name") + " " + System.getProperty("os.version");
  }

  private static String commit() {
    try {
      var git = new ProcessBuilder("git", "rev-parse", "--short", "HEAD").redirectErrorStream(true).start();
      var text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 ? text : "unknown";
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "unknown";
    }
  }
}
