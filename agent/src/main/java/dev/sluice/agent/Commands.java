package dev.sluice.agent;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Runs the operator's commands of one module, one at a time, each with a time limit. Output goes to a file: a pipe would bind a service
/// that a command leaves behind to the agent's life.
final class Commands {
  private static final int DETAIL_CHARS = 500;
  private static final long OUTPUT_BYTES = 16 << 20;
  /// A process is born under the write lock, a file of a release is open for writing under the read lock: a child that inherits such a file while it is born keeps
  /// others from running it ("text file busy"), be it by the agent or by the operator's own script.
  static final ReadWriteLock BIRTHS = new ReentrantReadWriteLock(true);
  private static final Pattern BUSY = Pattern.compile("error[=:] ?26\\b");
  private static final Duration BUSY_AT_MOST = Duration.ofSeconds(5);
  private static final long BUSY_PAUSE_MS = 20;
  private final Path output;
  private final Path note;
  private Process running;
  private boolean closed;

  /// @param ok     whether it ended with 0 in time
  /// @param detail how it ended and its last output, at most 500 characters; empty for a silent success
  record Outcome(boolean ok, String detail) {}

  /// @param folder of the module's state
  Commands(Path folder) {
    output = folder.resolve("output");
    note = folder.resolve("command");
  }

  /// @param command the words; empty succeeds at once
  /// @throws InterruptedException where the agent is closed meanwhile
  Outcome run(List<String> command, Path folder, Map<String, String> environment, Duration limit)
      throws IOException, InterruptedException {
    if (command.isEmpty()) return new Outcome(true, "");
    var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(output.toFile())
        .redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().putAll(environment);
    Files.deleteIfExists(output);
    Process process;
    try {
      process = startOnceFree(builder);
    } catch (IOException e) {
      return new Outcome(false, clip("cannot start " + command.get(0) + ": " + e.getMessage()));
    }
    return await(process, limit);
  }

  /// A process that others give birth to may still hold a file open for writing that was unpacked a moment ago: that passes.
  private Process startOnceFree(ProcessBuilder builder) throws IOException, InterruptedException {
    long end = System.nanoTime() + BUSY_AT_MOST.toNanos();
    while (true) {
      try {
        return start(builder);
      } catch (IOException e) {
        if (!BUSY.matcher(String.valueOf(e.getMessage())).find() || System.nanoTime() > end) throw e;
        Thread.sleep(BUSY_PAUSE_MS);
      }
    }
  }

  private synchronized Process start(ProcessBuilder builder) throws IOException, InterruptedException {
    if (closed) throw new InterruptedException("closed");
    BIRTHS.writeLock().lock();
    try {
      running = builder.start();
    } finally {
      BIRTHS.writeLock().unlock();
    }
    Files.writeString(note, running.pid() + " " + startedAt(running.toHandle()));
    return running;
  }

  private Outcome await(Process process, Duration limit) throws IOException, InterruptedException {
    try {
      long end = System.nanoTime() + limit.toNanos();
      boolean ended = false;
      boolean tooLoud = false;
      while (!ended && !tooLoud && System.nanoTime() < end) {
        ended = process.waitFor(Math.min(end - System.nanoTime(), TimeUnit.SECONDS.toNanos(1)), TimeUnit.NANOSECONDS);
        tooLoud = Files.size(output) > OUTPUT_BYTES;
      }
      synchronized (this) {
        if (closed) throw new InterruptedException("closed");
      }
      if (tooLoud) return new Outcome(false, clip("stopped: it wrote more than " + OUTPUT_BYTES + " bytes: " + tail()));
      if (!ended) return new Outcome(false, clip("stopped after " + limit.toSeconds() + " s: " + tail()));
      int exit = process.exitValue();
      return exit == 0 ? new Outcome(true, tail()) : new Outcome(false, clip("exit " + exit + ": " + tail()));
    } finally {
      if (process.isAlive()) killTree(process.toHandle());
      synchronized (this) {
        running = null;
        Files.deleteIfExists(note);
      }
    }
  }

  /// Ends a command that outlived an agent that was killed: it must not work beside its own repetition.
  void killStray() throws IOException {
    if (!Files.exists(note)) return;
    String[] words = Files.readString(note).split(" ");
    if (words.length == 2 && words[0].matches("\\d{1,18}")) {
      Optional<ProcessHandle> stray = ProcessHandle.of(Long.parseLong(words[0]));
      if (stray.isPresent() && startedAt(stray.get()).equals(words[1])) killTree(stray.get());
    }
    Files.delete(note);
  }

  /// Ends what runs; nothing starts any more.
  synchronized void close() {
    closed = true;
    if (running != null) killTree(running.toHandle());
  }

  /// Kills a process and all below it: from below, so that none gets another parent, until no new child appears.
  private static void killTree(ProcessHandle root) {
    Set<ProcessHandle> killed = new HashSet<>();
    List<ProcessHandle> born;
    do {
      try (Stream<ProcessHandle> descendants = root.descendants()) {
        born = descendants.filter(killed::add).toList();
      }
      born.forEach(ProcessHandle::destroyForcibly);
    } while (!born.isEmpty());
    root.destroyForcibly();
  }

  private static String startedAt(ProcessHandle process) {
    return process.info().startInstant().map(at -> Long.toString(at.toEpochMilli())).orElse("unknown");
  }

  private String tail() throws IOException {
    try (var file = new RandomAccessFile(output.toFile(), "r")) {
      long length = file.length();
      byte[] bytes = new byte[(int) Math.min(length, 4L * DETAIL_CHARS)];
      file.seek(length - bytes.length);
      file.readFully(bytes);
      String text = new String(bytes, StandardCharsets.UTF_8).replaceAll("[\\p{Cntrl}&&[^\n\t]]|\uFFFD", "").strip();
      return text.substring(Math.max(0, text.length() - DETAIL_CHARS));
    }
  }

  /// Keeps the beginning, which says what happened, and the end of the output.
  static String clip(String text) {
    if (text.length() <= DETAIL_CHARS) return text;
    int head = Math.min(60, text.indexOf(':') + 1);
    return text.substring(0, head) + "…" + text.substring(text.length() - DETAIL_CHARS + head + 1);
  }
}
