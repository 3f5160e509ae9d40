package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class IdleTest {
  @TempDir
  Path folder;

  /// The workers end after 5 s without a job.
  @Test
  void between_heartbeats_an_agent_asks_nothing_and_holds_no_worker() throws Exception {
    try (var peer = new ProtocolPeer(); var host = new Host(folder)) {
      peer.interval = 3600;
      peer.desire("1", Tarball.release("1", "exit 0", "exit 0").bytes());
      host.rarelyLooking().start(peer);
      peer.awaitState("healthy");
      await().atMost(ProtocolPeer.PATIENCE).until(() -> host.workers() == 0);
      int before = peer.requests.size();
      await().pollDelay(Duration.ofSeconds(1)).atMost(ProtocolPeer.PATIENCE).until(() -> true);
      assertThat(peer.requests).hasSize(before);
      assertThat(host.workers()).isZero();
    }
  }
}
