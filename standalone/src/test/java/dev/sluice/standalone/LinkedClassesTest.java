package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.cli.Sluice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The cache that all processes of tests start from is made and used.
@Timeout(300)
class LinkedClassesTest {
  @Test
  void a_process_starts_from_the_cache_of_its_class_path() throws Exception {
    var log = Files.createTempFile(Path.of("target"), "from-cache", ".txt");
    var command = new ArrayList<>(OwnProcess.java());
    command.addAll(List.of("-Xlog:class+load:file=" + log, Sluice.class.getName(), "--version"));
    var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(log).content().contains("dev.sluice.cli.Sluice source: shared objects file");
    Files.delete(log);
  }
}
