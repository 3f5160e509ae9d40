package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The server process that a cluster's `postmaster.pid` names. The file outlives a crash, and its number may since have gone to anybody:
/// `pg_ctl` would signal a stranger, and `postgres` would refuse to start.
record Postmaster(Path file, long pid) {
  /// Stands for a file that a crash left empty or without sense.
  private static final long NONE = 0;
  /// A number that no system gives to a process.
  private static final int NOBODY = Integer.MAX_VALUE;

  enum State {
    /// It serves the cluster.
    ALIVE,
    /// No process has that number.
    ENDED,
    /// A process that is no PostgreSQL has that number, or there is none in the file.
    STRANGER,
    /// A PostgreSQL has that number, but serves another folder.
    FOREIGN
  }

  /// Reads the file of a cluster; empty where no server runs or ran.
  static Optional<Postmaster> of(Path data) {
    var file = data.resolve("postmaster.pid");
    try {
      var number = text(file).lines().findFirst().map(String::strip).filter(line -> line.matches("-?\\d{1,10}"));
      return Optional.of(new Postmaster(file, number.map(Long::valueOf).orElse(NONE)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  State state(Path data) {
    if (pid == NONE) {
      return State.STRANGER;
    }
    var command = ProcessHandle.of(pid).map(Postmaster::command).orElse(List.of());
    if (command.isEmpty()) {
      return State.ENDED;
    }
    if (!command.getFirst().endsWith("postgres")) {
      return State.STRANGER;
    }
    return command.contains(data.toString()) ? State.ALIVE : State.FOREIGN;
  }

  /// Takes a stranger's number out of the file, where `postgres` would take it for its server's. The rest stays: by the shared memory that it names
  /// `postgres` knows whether processes of the dead server still work on the data. A file without a number goes.
  void forget() {
    try {
      if (pid == NONE) {
        Files.delete(file);
      } else {
        Files.writeString(file, text(file).replaceFirst("\\d+", Integer.toString(NOBODY)), StandardCharsets.ISO_8859_1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Byte by byte: it holds the name of a folder, and after a crash anything.
  private static String text(Path file) throws IOException { return Files.readString(file, StandardCharsets.ISO_8859_1); }

  private static List<String> command(ProcessHandle process) {
    try {
      return List.of(Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline")).split("\0"));
    } catch (IOException e) { // it ended just now, or this is no Linux
      return Stream.concat(process.info().command().stream(), process.info().arguments().stream().flatMap(Stream::of)).toList();
    }
  }
}
