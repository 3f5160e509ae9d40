package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.sandbox.Postmaster.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostmasterTest {
  @TempDir
  private Path data;

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\0\0\0\0\0\0\0\0", "postgres"})
  void a_file_without_a_number_goes(String content) throws IOException {
    var postmaster = named(content);
    assertThat(postmaster.state(data)).isEqualTo(State.STRANGER);
    postmaster.forget();
    assertThat(postmaster.file()).doesNotExist();
  }

  @Test
  void a_strangers_number_goes_and_what_tells_of_shared_memory_stays() throws IOException {
    var postmaster = named("%d\n/a f\u00fclder\n1 2\n".formatted(ProcessHandle.current().pid()));
    assertThat(postmaster.state(data)).isEqualTo(State.STRANGER);
    postmaster.forget();
    assertThat(Files.readString(postmaster.file())).endsWith("\n/a f\u00fclder\n1 2\n");
    assertThat(Postmaster.of(data).orElseThrow().state(data)).isEqualTo(State.ENDED);
  }

  @Test
  void a_process_that_ended_is_nobody() throws Exception {
    var ended = new ProcessBuilder("true").start();
    assertThat(ended.waitFor()).isZero();
    assertThat(named(ended.pid() + "\n").state(data)).isEqualTo(State.ENDED);
  }

  private Postmaster named(String content) throws IOException {
    Files.writeString(data.resolve("postmaster.pid"), content);
    return Postmaster.of(data).orElseThrow();
  }
}
