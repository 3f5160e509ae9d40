package dev.sluice.chassis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Moments at which a process can be made to die, as `kill -9` ends it: by the system property `sluice.crash.at` with the name of one, or by a file that
/// `sluice.crash.file` names, as soon as the name of one stands in it. Without either they do nothing.
///
/// They are for tests of what is left behind: a kill from outside hits such a moment by chance only.
public enum CrashPoint {
  /// Facts were committed to the journal, and the relay was not told yet.
  AFTER_APPEND,
  /// Facts were published, and are not marked as published yet.
  AFTER_RELAY,
  /// Messages were taken from a topic, and nothing was made of them yet.
  AFTER_POLL,
  /// One migration of the schema was made, and is not committed yet.
  DURING_MIGRATION,
  /// The partitions of a topic are being shared anew among replicas.
  DURING_REBALANCE,
  /// An instruction was handed out, and its agent was not answered yet.
  AFTER_HAND_OUT;

  /// As a shell says for a process that was killed.
  public static final int EXIT_CODE = 137;
  private static final String NAMED = System.getProperty("sluice.crash.at", "");
  private static final String FILE = System.getProperty("sluice.crash.file", "");

  /// The process is at this point now.
  public void reached() {
    if (name().equals(NAMED) || !FILE.isEmpty() && name().equals(written())) Runtime.getRuntime().halt(EXIT_CODE);
  }

  private static String written() {
    try {
      return Files.readString(Path.of(FILE)).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
