package dev.sluice.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A JVM beside the test, which can be killed.
final class Child implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private Child(Process process) {
    this.process = process;
    this.output = process.inputReader();
  }

  /// Starts `main` of a class of this module behind a prefix such as `setpriv ...`.
  static Child start(Class<?> main, List<String> prefix, Map<String, String> environment, Path folder) throws IOException {
    var command = new ArrayList<>(prefix);
    command
        .addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-cp", System.getProperty("java.class.path"), main.getName(), folder.toString()));
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    return new Child(builder.start());
  }

  /// What it says next.
  String line() throws IOException {
    return Optional.ofNullable(output.readLine()).orElseThrow(() -> new IllegalStateException("the child ended"));
  }

  /// `kill -9`.
  void kill() throws InterruptedException { process.destroyForcibly().waitFor(20, TimeUnit.SECONDS); }

  /// Ends it by the end of its input, with all that it started.
  @Override
  public void close() throws Exception {
    process.getOutputStream().close();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      kill();
    }
  }

  /// Waits for [#close()]. For the child.
  static void awaitEndOfInput() throws IOException { System.in.transferTo(java.io.OutputStream.nullOutputStream()); }
}
