package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// Servers that are away, busy, or done with the agent.
@Execution(ExecutionMode.CONCURRENT)
class ConnectionTest {
  private static final byte[] RELEASE = Tarball.release("1", "exit 0", "exit 0").bytes();
  @TempDir
  Path folder;
  private ProtocolPeer peer;
  private Host host;

  @BeforeEach
  void start() throws Exception {
    peer = new ProtocolPeer();
    host = new Host(folder).start(peer);
    peer.awaitHeartbeat(heartbeat -> true);
  }

  @AfterEach
  void stop() {
    host.close();
    peer.close();
  }

  @Test
  void a_cut_link_silences_the_agent_and_a_restored_one_brings_it_back() {
    host.link.cut();
    await().atMost(ProtocolPeer.PATIENCE).until(this::isSilent);
    peer.desire("1", RELEASE);
    assertThat(isSilent()).isTrue();
    host.link.restore();
    peer.awaitState("healthy");
  }

  @Test
  void a_busy_server_is_asked_again() {
    peer.refuseWith = 503;
    long refused = asked();
    await().atMost(ProtocolPeer.PATIENCE).until(() -> asked() > refused + 1);
    peer.refuseWith = 0;
    peer.awaitHeartbeat(heartbeat -> true);
  }

  @Test
  void a_server_that_was_away_hears_the_agent_within_an_interval_whatever_it_asked_to_wait() {
    peer.retryAfter = 3_600;
    peer.refuseWith = 503;
    long refused = asked();
    await().atMost(ProtocolPeer.PATIENCE).until(() -> asked() > refused + 1);
  }

  @Test
  void a_heartbeat_that_is_not_answered_is_told_again_before_the_agent_is_taken_for_silent() {
    peer.interval = 1;
    peer.awaitHeartbeat(heartbeat -> true);
    peer.mute = true;
    long before = asked();
    await().atMost(ProtocolPeer.PATIENCE).until(() -> asked() > before);
    peer.mute = false;
    long taken = System.nanoTime();
    peer.awaitHeartbeat(heartbeat -> true);
    assertThat(Duration.ofNanos(System.nanoTime() - taken)).as("sooner than any other answer is given up")
        .isLessThan(Server.ANSWER_WITHIN.minusSeconds(1));
  }

  @Test
  void a_server_that_is_done_with_the_agent_stops_it_with_a_reason() throws Exception {
    peer.refuseWith = 410;
    String reason = host.agent().stopped().get(100, TimeUnit.SECONDS);
    assertThat(reason).contains("410").contains("the instance was decommissioned");
    assertThat(isSilent()).isTrue();
  }

  @Test
  void an_unknown_token_stops_the_agent() throws Exception {
    peer.refuseWith = 401;
    assertThat(host.agent().stopped().get(100, TimeUnit.SECONDS)).contains("401");
  }

  private long asked() { return peer.requests.stream().filter(request -> request.contains("/heartbeats")).count(); }

  /// Whether nothing is heard for several heartbeat intervals.
  private boolean isSilent() {
    long before = asked();
    await().pollDelay(Duration.ofMillis(700)).atMost(ProtocolPeer.PATIENCE).until(() -> true);
    return asked() == before;
  }
}
