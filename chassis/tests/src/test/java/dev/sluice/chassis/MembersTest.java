package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import dev.sluice.sandbox.Ports;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class MembersTest {
  private static final String HOST = "127.0.0.1";

  @Test
  void who_speaks_and_where_nobody_listens_is_kept_and_who_says_nothing_is_left_out() throws IOException {
    int port = Ports.free();
    var speaks = HOST + ":" + port;
    var nobody = HOST + ":" + Ports.free();
    try (var silent = new ServerSocket(0, 50, InetAddress.getByName(HOST));
        var _ = Node.clustered(new Node.Place(HOST, port), List.of(speaks))) {
      // a busy machine may be slow to greet
      await().atMost(Duration.ofSeconds(60)).untilAsserted(
          () -> assertThat(Members.notSilent(List.of(speaks, HOST + ":" + silent.getLocalPort(), nobody))).containsExactly(speaks, nobody));
    }
  }
}
