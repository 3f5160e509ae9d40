package dev.sluice.cli;

import dev.sluice.standalone.OwnProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A program in a process of its own, as a person starts it, with its output piped into files.
///
/// @param out what it printed
/// @param err what it printed about that
record Program(Process process, Path out, Path err) implements AutoCloseable {
  /// How long a loaded machine may take for anything.
  static final Duration PATIENCE = Duration.ofSeconds(500);

  /// Runs the command that follows in a pseudo terminal.
  static final List<String> TERMINAL = List.of("script", "--quiet", "--return", "--flush", "/dev/null", "--command");

  /// Starts `sluice` by the class path and the JDK of this test, with the options of the script. Home and temporary files are in `folder`.
  static Program sluice(Path folder, Map<String, String> environment, String... arguments) {
    var all = new HashMap<>(environment);
    all.put("SLUICE_CACHE", Path.of(System.getProperty("user.home"), ".cache", "sluice").toString());
    return start(folder, all, words(folder, false, arguments));
  }

  /// The same by a shell, which does with the output what it is told.
  static Program byShell(Path folder, String output, String... arguments) {
    var shell = List.of("bash", "-c", "set -o pipefail; \"$@\" " + output, "bash");
    return start(folder, Map.of(), Stream.concat(shell.stream(), words(folder, false, arguments).stream()).toList());
  }

  /// The same in a terminal.
  static Program atTerminal(Path folder, String... arguments) {
    var words = words(folder, true, arguments).stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    return start(folder, Map.of("TERM", "xterm", "SHELL", "/bin/sh"), Stream.concat(TERMINAL.stream(), Stream.of(words)).toList());
  }

  private static List<String> words(Path folder, boolean terminal, String... arguments) {
    var command = new ArrayList<>(OwnProcess.java());
    command.addAll(List.of("-Dsluice.terminal=" + terminal, "-Duser.home=" + folder.resolve("home"),
        "-Djava.io.tmpdir=" + made(folder.resolve("tmp")), Sluice.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /// Starts a program in a folder.
  static Program start(Path folder, Map<String, String> environment, List<String> command) {
    try {
      var out = Files.createTempFile(folder, "out", ".txt");
      var err = Files.createTempFile(folder, "err", ".txt");
      var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().putAll(environment);
      return new Program(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Blocks until it has printed a text.
  Program says(String text) {
    eventually(() -> {
      if (said().contains(text)) return true;
      if (!process.isAlive()) throw new AssertionError("it ended with " + process.exitValue() + " before it said '" + text + "':" + all());
      return false;
    }, () -> "it does not say '" + text + "':" + all());
    return this;
  }

  /// Types lines, as a person does who has read the questions before.
  void hears(String lines) {
    try {
      process.getOutputStream().write(lines.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Tells it to end, as a service manager does.
  ///
  /// @return the exit code
  int terminate() {
    process.destroy();
    return code();
  }

  /// Ends it as `kill -9` does.
  void kill() {
    process.destroyForcibly();
    code();
  }

  /// Blocks until it has ended.
  int code() {
    try {
      if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) throw new AssertionError("it does not end:" + all());
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  String said() { return read(out); }

  String complained() { return read(err); }

  private String all() { return "\n" + said() + complained(); }

  private static Path made(Path folder) {
    try {
      return Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The living processes that work in a folder or name it in their command line.
  static List<String> in(Path folder) {
    try (var processes = Files.list(Path.of("/proc"))) {
      return processes.filter(process -> process.getFileName().toString().matches("\\d+"))
          .flatMap(process -> Program.about(process, folder))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<String> about(Path process, Path folder) {
    try {
      var command = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1).replace('\0', ' ');
      var text = command + Files.readSymbolicLink(process.resolve("cwd"));
      return text.contains(folder.toString()) ? Stream.of(process.getFileName() + " " + command) : Stream.empty();
    } catch (IOException goneOrAnothers) {
      return Stream.empty();
    }
  }

  /// Blocks until no process works in a folder any more.
  static void nothingIsLeftIn(Path folder) {
    eventually(() -> in(folder).isEmpty(), () -> "left behind: " + in(folder));
  }

  /// Blocks until something is so.
  static void eventually(java.util.function.BooleanSupplier so, java.util.function.Supplier<String> otherwise) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!so.getAsBoolean()) {
      if (System.nanoTime() > end) throw new AssertionError(otherwise.get());
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  /// Ends it where it still runs, so that a test that fails leaves nothing.
  @Override
  public void close() {
    if (process.isAlive()) terminate();
  }
}
