package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The server process that a cluster's `postmaster.pid` names. The file outlives a crash, and its number may since have gone to anybody:
/// `pg_ctl` would signal a stranger, and `postgres` would refuse to start.
record Postmaster(Path file, long pid) {
  /// Stands for a file that a crash left empty.
  private static final long NONE = 0;

  enum State {
    /// It serves the cluster.
    ALIVE,
    /// No PostgreSQL has that number.
    GONE,
    /// A PostgreSQL has that number, but serves another folder.
    FOREIGN
  }

  /// Reads the file of a cluster; empty where no server runs or ran.
  static Optional<Postmaster> of(Path data) {
    var file = data.resolve("postmaster.pid");
    try {
      var lines = Files.readAllLines(file);
      return Optional.of(new Postmaster(file, lines.isEmpty() ? NONE : Long.parseLong(lines.getFirst().strip())));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  State state(Path data) {
    var command = ProcessHandle.of(pid).map(Postmaster::command).orElse(List.of());
    if (command.isEmpty() || !command.getFirst().endsWith("postgres")) {
      return State.GONE;
    }
    return command.contains(data.toString()) ? State.ALIVE : State.FOREIGN;
  }

  /// Removes the file of a server that is gone.
  void forget() {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> command(ProcessHandle process) {
    try {
      return List.of(Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline")).split("\0"));
    } catch (IOException e) { // it ended just now, or this is no Linux
      return Stream.concat(process.info().command().stream(), process.info().arguments().stream().flatMap(Stream::of)).toList();
    }
  }
}
