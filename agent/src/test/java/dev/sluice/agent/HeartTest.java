package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.grack.nanojson.JsonObject;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeartTest {
  @Test
  void beats_on_where_a_report_or_an_answer_could_not_be_dealt_with() throws Exception {
    try (var peer = new ProtocolPeer(); var runtime = new AgentRuntime(1, line -> {})) {
      var server = new Server(runtime.http(), new Link(), peer.uri());
      server.identify(new Identity("i1", "secret"));
      var reports = new AtomicInteger();
      var answers = new AtomicInteger();
      var heart = new Heart(runtime, server, Duration.ZERO, () -> {
        failsTheFirstTime(reports);
        return report();
      }, answer -> failsTheFirstTime(answers), over -> {});
      heart.start();
      peer.awaitHeartbeat(heartbeat -> answers.get() > 0 && heartbeat.getLong("sequence") > 2);
      heart.close();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, 0.001, 1e300})
  void keeps_its_interval_where_the_server_names_none_that_can_be_kept(double told) throws Exception {
    try (var peer = new ProtocolPeer(); var runtime = new AgentRuntime(1, line -> {})) {
      var server = new Server(runtime.http(), new Link(), peer.uri());
      server.identify(new Identity("i1", "secret"));
      var heart = new Heart(runtime, server, Duration.ZERO, HeartTest::report, answer -> {}, over -> {});
      heart.start();
      await().atMost(ProtocolPeer.PATIENCE).until(() -> heart.interval().equals(Duration.ofMillis(200)));
      peer.interval = told;
      long last = peer.awaitHeartbeat(heartbeat -> true).getLong("sequence");
      peer.awaitHeartbeat(heartbeat -> heartbeat.getLong("sequence") > last + 1); // the answers before it were dealt with
      assertThat(heart.interval()).isEqualTo(Duration.ofMillis(200));
      heart.close();
    }
  }

  private static JsonObject report() {
    var report = new JsonObject();
    report.put("module_status", new JsonObject());
    return report;
  }

  private static void failsTheFirstTime(AtomicInteger calls) {
    if (calls.incrementAndGet() == 1) throw new IllegalStateException("a bug");
  }
}
