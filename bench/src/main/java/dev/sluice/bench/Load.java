package dev.sluice.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/// A load of ready-made HTTP requests over keep-alive connections, several under way on each. It counts answers by their status lines and parses nothing
/// else, so that the two cores belong to the server as far as can be.
final class Load implements AutoCloseable {
  private static final byte[] STATUS = "HTTP/1.1 ".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final int DEPTH = 16;
  private final Vertx vertx = Vertx.vertx();
  private final LongAdder good = new LongAdder();
  private final LongAdder bad = new LongAdder();
  private volatile boolean ended;

  /// What was answered in the measured time.
  record Result(double perSecond, long good, long bad) {}

  /// @param requests the next request, whole; called on the event loops
  Result run(int port, int connections, Duration warmUp, Duration measured, Supplier<Buffer> requests) throws InterruptedException {
    var client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(true));
    for (int i = 0; i < connections; i++) {
      client.connect(port, "127.0.0.1").onSuccess(socket -> drive(socket, requests)).onFailure(_ -> bad.increment());
    }
    Thread.sleep(warmUp);
    long before = good.sum();
    long failed = bad.sum();
    long began = System.nanoTime();
    Thread.sleep(measured);
    long answered = good.sum() - before;
    double seconds = (System.nanoTime() - began) / 1e9;
    ended = true;
    return new Result(answered / seconds, answered, bad.sum() - failed);
  }

  private void drive(NetSocket socket, Supplier<Buffer> requests) {
    var counter = new Counter();
    socket.handler(part -> {
      int answers = counter.count(part);
      if (!ended) socket.write(several(answers, requests));
    });
    socket.write(several(DEPTH, requests));
  }

  private Buffer several(int count, Supplier<Buffer> requests) {
    var all = Buffer.buffer(count * 512);
    for (int i = 0; i < count; i++)
      all.appendBuffer(requests.get());
    return all;
  }

  /// Finds status lines in a stream that is cut anywhere.
  private final class Counter {
    private int matched;
    private int answers;

    int count(Buffer part) {
      answers = 0;
      for (int i = 0; i < part.length(); i++) {
        byte b = part.getByte(i);
        if (matched == STATUS.length) {
          if (b == '2') good.increment();
          else
            bad.increment();
          answers++;
          matched = 0;
        }
        matched = b == STATUS[matched] ? matched + 1 : b == STATUS[0] ? 1 : 0;
      }
      return answers;
    }
  }

  @Override
  public void close() {
    ended = true;
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
