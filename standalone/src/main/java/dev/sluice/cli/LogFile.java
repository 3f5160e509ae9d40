package dev.sluice.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Sends everything that would be logged, or printed by a library, to a file, so that the screen stays for people. To be made before anything logs.
record LogFile(Path path) {
  static LogFile in(Path data) {
    var path = data.toAbsolutePath().normalize().resolve("logs").resolve("sluice.log");
    try {
      Files.createDirectories(path.getParent());
      System.setProperty("sluice.log", path.toString());
      System.setProperty("logback.configurationFile", "dev/sluice/cli/logback-file.xml");
      System.setProperty("vertx.logger-delegate-factory-class-name", "io.vertx.core.logging.SLF4JLogDelegateFactory");
      System.setProperty("hazelcast.logging.type", "slf4j");
      var stray = new PrintStream(
          Files.newOutputStream(path.resolveSibling("stray.log"), StandardOpenOption.CREATE, StandardOpenOption.APPEND), true,
          StandardCharsets.UTF_8);
      System.setOut(stray);
      System.setErr(stray);
      return new LogFile(path);
    } catch (IOException e) {
      throw CannotStart.unwritable(data, e);
    }
  }
}
