package dev.sluice.standalone;

import dev.sluice.sandbox.Kafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/// Kafka as a process of its own, so that it can be killed.
final class Broker {
  private Broker() {}

  /// @param args its folder, its port, the port behind the proxy, the proxy's port; it makes the file `topics` in the folder when the topics stand
  public static void main(String[] args) throws IOException, InterruptedException {
    var folder = Path.of(args[0]);
    var kafka = Kafka.startBehind(folder, Integer.parseInt(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    Runtime.getRuntime().addShutdownHook(new Thread(kafka::close, "close-kafka"));
    kafka.ensureTopics(World.topics(""));
    Files.writeString(folder.resolve("topics"), "");
    new CountDownLatch(1).await();
  }
}
