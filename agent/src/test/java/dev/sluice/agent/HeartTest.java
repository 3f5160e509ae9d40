package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

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
        var report = new JsonObject();
        report.put("module_status", new JsonObject());
        return report;
      }, answer -> failsTheFirstTime(answers), over -> {});
      heart.start();
      peer.awaitHeartbeat(heartbeat -> answers.get() > 0 && heartbeat.getLong("sequence") > 2);
      heart.close();
    }
  }

  private static void failsTheFirstTime(AtomicInteger calls) {
    if (calls.incrementAndGet() == 1) throw new IllegalStateException("a bug");
  }
}
