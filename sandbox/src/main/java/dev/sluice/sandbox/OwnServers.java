package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Starts a PostgreSQL and a Kafka of our own at the same time.
final class OwnServers {
  private OwnServers() {
  }

  /// Over the data in `folder`, which last. Blocks until both answer.
  ///
  /// @param meanwhile gets PostgreSQL as soon as it answers
  static Servers start(Path folder, Consumer<Postgres> meanwhile) {
    return start(folder, () -> Kafka.start(folder.resolve("kafka"), 0), meanwhile);
  }

  /// In a folder that goes with the JVM, however it ends; Kafka has its proxy. Blocks until both answer.
  static Servers startForThisProcess() {
    var folder = Folders.temporary();
    endWithThisProcess(folder);
    return start(folder, () -> Kafka.startWithProxy(folder.resolve("kafka"), 0), _ -> {});
  }

  private static Servers start(Path folder, Supplier<Kafka> broker, Consumer<Postgres> meanwhile) {
    var starting = CompletableFuture.supplyAsync(broker, task -> Thread.ofPlatform().name("start-kafka").start(task));
    Postgres postgres = null;
    try {
      postgres = Postgres.start(folder.resolve("postgres"), 0);
      meanwhile.accept(postgres);
    } catch (RuntimeException e) {
      if (postgres != null) postgres.close();
      starting.thenAccept(Kafka::close).exceptionally(failure -> null).join();
      throw e;
    }
    var running = postgres;
    try {
      var kafka = starting.join();
      return new Servers(running.superuser(), running.passwords()::of, kafka.bootstrap(), Optional.of(kafka),
          () -> stop(kafka, running));
    } catch (CompletionException e) {
      running.close();
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static void stop(Kafka kafka, Postgres postgres) {
    try (postgres) {
      kafka.close();
    }
  }

  /// A small shell waits for the end of this process, which it sees as the end of its input, then stops the PostgreSQL that was left running in
  /// `folder/postgres`, if there is one, and removes the folder, also from under an `initdb` that still fills it.
  static void endWithThisProcess(Path folder) {
    var script = """
      trap '' INT TERM HUP
      read -r _
      if read -r pid 2>/dev/null < "$1/postgres/server/data/postmaster.pid"; then
        kill -INT "$pid"
        for _ in $(seq 100); do kill -0 "$pid" && sleep 0.1; done
      fi
      for _ in $(seq 100); do rm -rf -- "$1" && break || sleep 0.1; done
      """;
    try {
      new ProcessBuilder("/bin/sh", "-c", script, "sluice-sandbox", folder.toString()).redirectOutput(Redirect.DISCARD)
          .redirectError(Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
