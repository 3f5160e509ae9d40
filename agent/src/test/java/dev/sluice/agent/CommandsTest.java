package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The operator's commands, as processes.
class CommandsTest {
  @TempDir
  Path folder;

  private Path script(String text) throws IOException {
    Path script = Files.writeString(folder.resolve("health"), "#!/bin/sh\n" + text + "\n");
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }

  private Commands.Outcome run() throws IOException, InterruptedException {
    return new Commands(folder).run(List.of("./health"), folder, Map.of(), Duration.ofSeconds(30), false);
  }

  @Test
  void a_file_that_is_still_open_for_writing_elsewhere_is_waited_for() throws Exception {
    Path script = script("exit 0");
    var writer = Files.newByteChannel(script, StandardOpenOption.WRITE);
    var release = new Thread(() -> {
      try (writer) {
        awaitSecondTry();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    });
    release.start();
    assertThat(run()).isEqualTo(new Commands.Outcome(true, ""));
    release.join();
  }

  /// Each try first notes a mark of its own.
  private void awaitSecondTry() {
    var marks = new HashSet<String>();
    await().atMost(ProtocolPeer.PATIENCE).pollInterval(Duration.ofMillis(10)).ignoreExceptions().until(() -> {
      marks.add(Files.readString(folder.resolve("command")));
      marks.remove(""); // it is just being written
      return marks.size() > 1;
    });
  }

  @Test
  void what_cannot_be_started_is_said_at_once() throws Exception {
    assertThat(run().detail()).startsWith("cannot start ./health");
  }

  /// The archive comes through a pipe that stands still in the middle of a file, as one does that is large.
  @Test
  void a_command_starts_while_a_large_file_is_being_unpacked() throws Exception {
    script("exit 0");
    var content = new byte[1 << 20];
    new Random(1).nextBytes(content);
    var archive = new Tarball().file("large", content).bytes();
    var pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    var release = Files.createDirectory(folder.resolve("release"));
    var unpacked = CompletableFuture.supplyAsync(() -> unpack(pipe, release), task -> new Thread(task).start());
    try (var in = Files.newOutputStream(pipe)) {
      in.write(archive, 0, archive.length / 2);
      in.flush();
      await().atMost(ProtocolPeer.PATIENCE).until(() -> Files.exists(release.resolve("large")) && Files.size(release.resolve("large")) > 0);
      var started = CompletableFuture.supplyAsync(this::runs, task -> new Thread(task).start());
      assertThat(started).succeedsWithin(ProtocolPeer.PATIENCE).isEqualTo(new Commands.Outcome(true, ""));
      in.write(archive, archive.length / 2, archive.length - archive.length / 2);
    }
    assertThat(unpacked).succeedsWithin(ProtocolPeer.PATIENCE);
    assertThat(release.resolve("large")).hasBinaryContent(content);
  }

  private static List<Manifest.Entry> unpack(Path archive, Path root) {
    var entries = new ArrayList<Manifest.Entry>();
    try {
      Unpacker.unpack(archive, root, AgentConfig.Limits.DEFAULT, entries::add);
      return entries;
    } catch (IOException | Refused e) {
      throw new IllegalStateException(e);
    }
  }

  private Commands.Outcome runs() {
    try {
      return run();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
