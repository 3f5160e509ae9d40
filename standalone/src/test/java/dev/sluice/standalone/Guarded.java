package dev.sluice.standalone;

import dev.sluice.chassis.CrashPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A process that is started again a second after it ended, as a container platform does it.
final class Guarded implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private final String name;
  private final Path folder;
  private final Map<String, String> environment;
  private final Class<?> main;
  private final String[] command;
  private final List<Integer> exits = new ArrayList<>();
  private OwnProcess running;
  private volatile OwnProcess seen;
  private String options = "";
  private List<String> classPath = List.of();
  private boolean wanted;
  private boolean closed;

  Guarded(String name, Path folder, Map<String, String> environment, Class<?> main, String... command) {
    this.name = name;
    this.folder = folder;
    this.environment = new HashMap<>(environment);
    this.main = main;
    this.command = command.clone();
  }

  String name() { return name; }

  Path log() { return folder.resolve(name + ".log"); }

  /// What makes it die at a point of its code, as soon as the point's name stands in it.
  Path crashFile() { return folder.resolve(name + ".crash"); }

  synchronized long pid() { return running.process().pid(); }

  /// How often it ended by itself, or was killed, and with what.
  synchronized List<Integer> exits() { return List.copyOf(exits); }

  synchronized Guarded start() {
    wanted = true;
    launch();
    Thread.ofVirtual().name("guard-" + name).start(this::guard);
    return this;
  }

  private void launch() {
    environment.put("JDK_JAVA_OPTIONS", "\"-Dsluice.crash.file=" + crashFile() + "\" " + options);
    running = classPath.isEmpty()
        ? OwnProcess.start(log(), environment, main, command)
        : OwnProcess.start(log(), environment, classPath, main, command);
  }

  private void guard() {
    while (true) {
      OwnProcess watched;
      synchronized (this) {
        if (closed) return;
        watched = running;
      }
      if (watched == seen) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      watched.process().onExit().join();
      synchronized (this) {
        if (watched == seen) continue;
        seen = watched;
        exits.add(watched.process().exitValue());
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      synchronized (this) {
        if (!closed && wanted && watched == running) launch();
      }
    }
  }

  void kill() {
    OwnProcess now;
    synchronized (this) {
      now = running;
    }
    now.kill();
  }

  /// Kills it; it comes again with this option of the JVM.
  void again(String option) {
    synchronized (this) {
      options = option;
    }
    kill();
  }

  /// Runs it from another class path, from its next start on; empty: this one.
  synchronized Guarded from(List<String> options) {
    classPath = options;
    return this;
  }

  /// Lets it stand still.
  void freeze() { signal("STOP"); }

  void thaw() { signal("CONT"); }

  /// Ends it as an operator does; it does not come again.
  void stop() {
    OwnProcess now;
    synchronized (this) {
      wanted = false;
      now = running;
    }
    now.close();
  }

  synchronized void startAgain() {
    wanted = true;
    launch();
  }

  /// Lets it die at a point of its code, when it comes there next; null: nowhere.
  void diesAt(CrashPoint point) {
    try {
      if (point == null) Files.deleteIfExists(crashFile());
      else
        Files.writeString(crashFile(), point.name());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start().waitFor(10, TimeUnit.SECONDS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      wanted = false;
    }
    if (running != null) {
      thaw();
      running.close();
    }
  }
}
