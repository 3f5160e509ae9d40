package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Writer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of a result that cannot be written. What a process does with its standard output is in [UpTest].
class OutputTest {
  private static final String FULL = "No space left on device";
  private static final String GONE = "Broken pipe";
  private static final String[] ENROL = {"instances", "enrol", "--template", "web"};
  private final TinyServer server = new TinyServer();

  /// Fails as a file or a pipe does, for the reason that it is given.
  private static final class Failing extends Writer {
    private final String why;

    Failing(String why) { this.why = why; }

    @Override
    public void write(char[] text, int from, int length) throws IOException { throw new IOException(why); }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void enrols() {
    server.on("GET /v1/templates/web", "{\"id\": \"web\"}").on("POST /v1/instances", 201, "{\"id\": \"i1\", \"token\": \"sesame\"}")
        .on("GET /v1/events", "{\"events\": [{\"id\": \"1\", \"kind\": \"a\"}], \"next_cursor\": \"1\"}");
  }

  @AfterEach
  void close() { server.close(); }

  @Test
  void a_result_that_cannot_be_written_is_1_and_says_why() {
    for (var more : new String[][]{{}, {"--json"}})
      assertThat(CommandLineRun.at(server, new Failing(FULL), CommandLineRun.with(ENROL, more))).satisfies(run -> {
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("the result could not be written: " + FULL, "look whether it was done");
      });
  }

  @Test
  void a_result_that_nobody_reads_any_more_is_0_and_no_word() {
    assertThat(CommandLineRun.at(server, new Failing(GONE), CommandLineRun.with(ENROL, "--json"))).satisfies(run -> {
      assertThat(run.code()).isZero();
      assertThat(run.err()).isEmpty();
    });
  }

  @Test
  void a_help_that_cannot_be_written_is_1() {
    assertThat(CommandLineRun.to(new Failing(FULL), "plan", "--help").code()).isEqualTo(1);
  }

  @Test
  void events_end_quietly_when_nobody_reads_them_any_more() {
    var run = CommandLineRun.at(server, new Failing(GONE), "events", "--after", "0", "--limit", "0");
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(server.asked()).hasSize(1);
  }

  @Test
  void a_rollout_that_nobody_watches_any_more_is_not_waited_for() {
    server.on("GET /v1/rollouts/r1", """
        {"id": "r1", "state": "running", "counts": {}, "circuit_breaker": {"state": "armed"},
         "batches": [{"index": 0, "phase": "running", "instance_count": 2, "healthy_count": 1, "failed_count": 0}]}""");
    var run = CommandLineRun.at(server, new Failing(GONE), "watch", "r1");
    assertThat(run.code()).isZero();
    assertThat(run.err()).isEmpty();
  }

  @Test
  void events_that_cannot_be_written_end_with_1() {
    var run = CommandLineRun.at(server, new Failing(FULL), "events", "--after", "0", "--limit", "0");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains(FULL);
    assertThat(server.asked()).hasSize(1);
  }
}
