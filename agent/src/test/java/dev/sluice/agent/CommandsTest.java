package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
    return new Commands(folder).run(List.of("./health"), folder, Map.of(), Duration.ofSeconds(30));
  }

  @Test
  void a_file_that_is_still_open_for_writing_elsewhere_is_waited_for() throws Exception {
    Path script = script("exit 0");
    var writer = Files.newByteChannel(script, StandardOpenOption.WRITE);
    var release = new Thread(() -> {
      try (writer) {
        Thread.sleep(300);
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    release.start();
    assertThat(run()).isEqualTo(new Commands.Outcome(true, ""));
    release.join();
  }

  @Test
  void what_cannot_be_started_is_said_at_once() throws Exception {
    assertThat(run().detail()).startsWith("cannot start ./health");
  }
}
