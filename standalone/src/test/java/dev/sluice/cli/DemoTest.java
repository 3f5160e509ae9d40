package dev.sluice.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import dev.sluice.standalone.SharedWorld;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ResourceLock;

/// `sluice demo --yes` as a process whose output is piped, on a port that is taken: what a newcomer reads, line by line.
@Timeout(600)
@Execution(CONCURRENT)
@ResourceLock("the lane of the command line")
@ExtendWith(SharedWorld.Successor.class)
class DemoTest {
  @TempDir(factory = Spaced.class)
  private Path folder;

  @Test
  void it_tells_the_whole_story_and_leaves_nothing_behind() throws IOException {
    int port = dev.sluice.sandbox.Ports.block(20);
    try (var taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
        var demo = Program.sluice(folder, Map.of(), "demo", "--yes", "--port", String.valueOf(taken.getLocalPort()))) {
      assertThat(demo.code()).as(demo::complained).isZero();
      var screen = demo.said();
      assertThat(screen.lines().findFirst()).get().asString().startsWith("Sluice demo on JDK " + Runtime.version());
      assertThat(screen).contains("A port from " + port + " to " + (port + 4) + " is taken; this uses ");
      int base = Integer.parseInt(screen.replaceAll("(?s).*; this uses (\\d+) to .*", "$1"));
      assertThat(base).isGreaterThan(port);
      assertThat(screen).containsSubsequence(
          "PostgreSQL, Kafka, the five services and 50 agents", "is taken", "Sluice is at http://127.0.0.1:" + base + "/app/ after ",
          "published nginx 1.24.0", "50 agents downloaded nginx 1.24.0 and proved it",
          "Plan: nginx to 1.26.0 on web", "50 instances in 5 batches of up to 10", "BATCH  SIZE     INSTANCES", "Approve? [Y/e/n] y",
          "batch 1 of 5 completed: 10 healthy", "batch 5 of 5 completed: 10 healthy", "50 of 50 on 1.26.0, drift false",
          "Press Enter to break it", "Plan: nginx to 1.26.0-broken on web", "Approve? [Y/e/n] y",
          "Circuit breaker tripped in batch 1: 2 failed in a row", "max_consecutive_failures is 2", "(unhealthy 2)", "failed: web-",
          "continue_anyway", " more go on", "retry_failed", " that failed", "rollback_completed_batches", " go back", "abort",
          "rolled back, 50 of 50 run what their template says, drift false", "Run it without --yes");
      assertThat(screen).containsPattern("(?m)^  ✓ +\\d+\\.\\d s  50 agents");
      assertThat(screen.lines()).noneMatch(line -> line.matches(".*\\b(TRACE|DEBUG|INFO|WARN|ERROR)\\b.*|\\s+at .*\\(.*|.*Exception.*"));
      assertThat(demo.complained()).isEmpty();
      Program.nothingIsLeftIn(folder);
      assertThat(folder.resolve("tmp")).isEmptyDirectory();
      assertThat(folder.resolve("home/.config/sluice/tokens")).isEmptyDirectory();
    }
  }
}
