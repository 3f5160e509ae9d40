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
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Runs the operator's commands of one module, one at a time, each with a time limit. Output goes to a file: a pipe would bind a service
/// that a command leaves behind to the agent's life.
final class Commands {
  /// In the environment of a command and of all that it starts: known by it, also what was handed to another parent is ended with its command.
  private static final String MARK = "SLUICE_COMMAND";
  private static final int DETAIL_CHARS = 500;
  /// What no detail may have (the server refuses U+0000), and what stands for half a character where output was cut.
  private static final Pattern UNTOLD = Pattern.compile("[\\p{Cntrl}&&[^\n\t]]|\uFFFD");
  private static final long OUTPUT_BYTES = 16 << 20;
  /// A process is born under the write lock, a file of a release is open for writing under the read lock: a child that inherits such a file while it is born keeps
  /// others from running it ("text file busy"), be it by the agent or by the operator's own script. The read lock is held for one
  /// write of some kilobytes at a time.
  static final ReadWriteLock BIRTHS = new ReentrantReadWriteLock(true);
  private static final Pattern BUSY = Pattern.compile("error[=:] ?26\\b");
  private static final Duration BUSY_AT_MOST = Duration.ofSeconds(5);
  private static final long BUSY_PAUSE_MS = 20;
  private final Path output;
  private final Path note;
  private Process running;
  private String mark = "";
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
  /// @param tidy    whether all that it started ends with it where it fails; over its time limit it always does
  /// @throws InterruptedException where the agent is closed meanwhile
  Outcome run(List<String> command, Path folder, Map<String, String> environment, Duration limit, boolean tidy)
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
      Files.deleteIfExists(note);
      return new Outcome(false, clip("cannot start " + command.get(0) + ": " + e.getMessage()));
    }
    return await(process, limit, tidy);
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
    mark = UUID.randomUUID().toString();
    Files.writeString(note, mark);
    builder.environment().put(MARK, mark);
    BIRTHS.writeLock().lock();
    try {
      running = builder.start();
    } finally {
      BIRTHS.writeLock().unlock();
    }
    return running;
  }

  private Outcome await(Process process, Duration limit, boolean tidy) throws IOException, InterruptedException {
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
      if (process.isAlive() || tidy && process.exitValue() != 0) kill(process);
      synchronized (this) {
        running = null;
        Files.deleteIfExists(note);
      }
    }
  }

  /// Ends a command that outlived an agent that was killed: it must not work beside its own repetition.
  void killStray() throws IOException {
    if (!Files.exists(note)) return;
    killMarked(Files.readString(note));
    Files.delete(note);
  }

  /// Ends what runs; nothing starts any more.
  synchronized void close() {
    closed = true;
    if (running != null) kill(running);
  }

  private synchronized void kill(Process process) {
    if (process.isAlive()) killTree(process.toHandle());
    killMarked(mark);
  }

  /// Kills all that carry a mark, until no new one appears.
  private static void killMarked(String mark) {
    if (mark.isEmpty()) return;
    Set<ProcessHandle> killed = new HashSet<>();
    List<ProcessHandle> found;
    do {
      try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
        found = all.filter(process -> isMarked(process, mark)).filter(killed::add).toList();
      }
      found.forEach(Commands::killTree);
    } while (!found.isEmpty());
  }

  private static boolean isMarked(ProcessHandle process, String mark) {
    try {
      byte[] environment = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "environ"));
      return new String(environment, StandardCharsets.ISO_8859_1).contains(MARK + "=" + mark + "\0");
    } catch (IOException goneOrNotOurs) {
      return false;
    }
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

  private String tail() throws IOException {
    try (var file = new RandomAccessFile(output.toFile(), "r")) {
      long length = file.length();
      byte[] bytes = new byte[(int) Math.min(length, 4L * DETAIL_CHARS)];
      file.seek(length - bytes.length);
      file.readFully(bytes);
      String text = UNTOLD.matcher(new String(bytes, StandardCharsets.UTF_8)).replaceAll("").strip();
      return text.substring(Math.max(0, text.length() - DETAIL_CHARS));
    }
  }

  /// A detail as it may be told: of a long one the beginning, which says what happened, and the end of the output; no control characters.
  static String clip(String raw) {
    String text = UNTOLD.matcher(raw).replaceAll("");
    if (text.length() <= DETAIL_CHARS) return text;
    int head = Math.min(60, text.indexOf(':') + 1);
    return text.substring(0, head) + "…" + text.substring(text.length() - DETAIL_CHARS + head + 1);
  }
}
