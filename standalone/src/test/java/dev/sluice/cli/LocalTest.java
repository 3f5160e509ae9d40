package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the command line needs of this machine: ports, tokens, a person who answers.
class LocalTest {
  @TempDir
  private Path folder;

  @Test
  void a_busy_port_makes_the_next_block() throws IOException {
    try (var busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int base = busy.getLocalPort() - 2;
      assertThat(Ports.free(base)).isFalse();
      assertThat(Ports.next(base)).isGreaterThan(base).matches(next -> (next - base) % 10 == 0);
    }
  }

  @Test
  void tokens_are_kept_for_each_address_and_for_the_user_alone() throws IOException {
    var tokens = new Tokens(folder.resolve("tokens"));
    var server = URI.create("http://127.0.0.1:8080");
    assertThat(tokens.find(server)).isEmpty();
    tokens.keep(server, "old");
    tokens.keep(server, "secret");
    assertThat(tokens.find(server)).contains("secret");
    assertThat(tokens.find(URI.create("http://127.0.0.1:8081"))).isEmpty();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("tokens/127.0.0.1-8080"))))
        .isEqualTo("rw-------");
    tokens.forget(server);
    assertThat(tokens.find(server)).isEmpty();
  }

  @Test
  void a_home_that_cannot_be_written_to_keeps_no_token_and_stops_nobody() throws IOException {
    var tokens = new Tokens(Files.createFile(folder.resolve("file")).resolve("tokens"));
    var server = URI.create("http://127.0.0.1:8080");
    assertThat(tokens.keep(server, "secret")).isFalse();
    assertThat(tokens.find(server)).isEmpty();
    assertThat(tokens.forget(server)).isFalse();
  }

  @Test
  void enter_is_the_default_and_a_closed_input_is_no_answer() {
    var out = new StringWriter();
    var screen = new Screen(new PrintWriter(out), new PrintWriter(out), Screen.Terminal.NONE);
    var answers = new Answers(new BufferedReader(new StringReader("\n e \n")), screen, false);
    assertThat(answers.ask("Approve?", "y")).contains("y");
    assertThat(answers.ask("Approve?", "y")).contains("e");
    assertThat(answers.ask("Approve?", "y")).isEmpty();
    var unasked = new Answers(new BufferedReader(new StringReader("")), screen, true);
    assertThat(unasked.ask("Approve? [Y/e/n]", "y")).contains("y");
    assertThat(out.toString()).endsWith("Approve? [Y/e/n] y" + System.lineSeparator());
  }
}
