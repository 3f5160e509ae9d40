package dev.sluice.chassis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class NamesTest {
  private static final String NAME = "moves.example";
  private static final int HEADER = 12;
  private static final int SMALL = 512;
  private volatile int last = 2;

  /// As a container does that is made anew. The name server says that its answer holds for ten minutes, as that of container engines does.
  @Test
  void a_name_that_moves_to_another_address_is_found_there_within_seconds() throws Exception {
    try (var server = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
      Thread.ofVirtual().start(() -> answer(server));
      var options = Node.options();
      options.getAddressResolverOptions().addServer("127.0.0.1:" + server.getLocalPort());
      var vertx = Vertx.vertx(options);
      try {
        int port = listen(vertx, "127.0.0.2", 0);
        listen(vertx, "127.0.0.3", port);
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> asked(vertx, port).equals("127.0.0.2"));
        last = 3;
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions()
            .untilAsserted(() -> assertThat(asked(vertx, port)).isEqualTo("127.0.0.3"));
      } finally {
        Await.on(vertx.close(), Duration.ofSeconds(10), "closing");
      }
    }
  }

  private static int listen(Vertx vertx, String address, int port) {
    return Await.on(vertx.createHttpServer().requestHandler(request -> request.response().end(address)).listen(port, address),
        Duration.ofSeconds(10), "listening").actualPort();
  }

  /// By a client of its own: one that is kept has its connection.
  private static String asked(Vertx vertx, int port) {
    var client = vertx.createHttpClient();
    return Await.on(client.request(io.vertx.core.http.HttpMethod.GET, port, NAME, "/")
        .compose(request -> request.send().compose(answer -> answer.body())).map(Buffer::toString).eventually(client::close),
        Duration.ofSeconds(20), "the name");
  }

  /// One address for each question of type A, none for the others.
  private void answer(DatagramSocket server) {
    try {
      while (true) {
        var asked = new DatagramPacket(new byte[SMALL], SMALL);
        server.receive(asked);
        int end = HEADER;
        while (asked.getData()[end] != 0)
          end += asked.getData()[end] + 1;
        boolean address = asked.getData()[end + 2] == 1;
        var said = ByteBuffer.allocate(SMALL).put(asked.getData(), 0, 2).putShort((short) 0x8180).putShort((short) 1)
            .putShort((short) (address ? 1 : 0)).putInt(0).put(asked.getData(), HEADER, end + 5 - HEADER);
        if (address)
          said.putShort((short) 0xC00C).putShort((short) 1).putShort((short) 1).putInt(600).putShort((short) 4)
              .put(new byte[]{127, 0, 0, (byte) last});
        server.send(new DatagramPacket(said.array(), said.position(), asked.getSocketAddress()));
      }
    } catch (IOException e) {
      // closed
    }
  }
}
