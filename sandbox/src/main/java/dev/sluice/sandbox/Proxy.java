package dev.sluice.sandbox;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/// A TCP proxy on a free loopback port, to take a server away from one client, or to slow it down. For tests.
/// Every connection has two virtual threads for each direction: one reads, one writes when the delay is over, so a delay costs time but no throughput.
public final class Proxy implements AutoCloseable {
  private static final int QUEUED_CHUNKS = 256;
  private static final int HELD_LOOK_MS = 20;
  private static final int REFUSED_MS = 250;

  private final String targetHost;
  private final IntSupplier targetPort;
  private final ServerSocket door;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;
  private volatile Duration delay = Duration.ZERO;
  private volatile Predicate<Integer> mute = _ -> false;

  private Proxy(String targetHost, IntSupplier targetPort, ServerSocket door) {
    this.targetHost = targetHost;
    this.targetPort = targetPort;
    this.door = door;
  }

  /// Opens a proxy in front of `host:port`, which need not answer yet.
  public static Proxy to(String host, int port) { return to(host, () -> port); }

  /// Opens a proxy in front of whichever port each new connection is to go to.
  public static Proxy to(String host, IntSupplier port) {
    try {
      var proxy = new Proxy(host, port, new ServerSocket(0, 1024, InetAddress.getByName(Ports.HOST)));
      Thread.startVirtualThread(proxy::accept);
      return proxy;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Where clients connect.
  public String host() { return Ports.HOST; }

  /// Where clients connect.
  public int port() { return door.getLocalPort(); }

  /// `host:port`, as Kafka's clients want it.
  public String address() { return host() + ":" + port(); }

  /// Breaks all connections, and each new one at once, until [#restore()].
  public void cut() {
    cut = true;
    open.forEach(Proxy::shut);
  }

  /// Lets new connections through again.
  public void restore() { cut = false; }

  /// Lets no byte through, in either direction, on the connections of some clients, which stay open and hear nothing: as a network that lost its way does.
  /// `_ -> false` lets them go on where they were.
  ///
  /// @param clients the client's own port, asked again and again; see [Sockets]
  public void hold(Predicate<Integer> clients) { mute = clients; }

  /// Holds back each byte that is read from now on for this long, in both directions; zero for none.
  public void delay(Duration held) { delay = held; }

  /// Breaks all connections and frees the port.
  @Override
  public void close() {
    shut(door);
    cut();
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        var client = door.accept();
        Thread.startVirtualThread(() -> connect(client));
      } catch (IOException e) {
        // closed, or the client left before it was greeted: the loop's condition tells
      }
    }
  }

  private void connect(Socket client) {
    open.add(client);
    try {
      if (cut) {
        throw new IOException("cut");
      }
      var server = new Socket(targetHost, targetPort.getAsInt());
      open.add(server);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      var connection = new Connection(client, server, new AtomicInteger(2));
      pass(connection, client, server);
      pass(connection, server, client);
      if (cut) { // while it connected
        end(connection);
      }
    } catch (IOException e) { // cut, or the target is away: the client sees a connection that breaks
      if (!cut) LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(REFUSED_MS)); // or who tries again at once, since he was let in, spins
      open.remove(client);
      shut(client);
    }
  }

  /// @param directions how many still pass bytes
  private record Connection(Socket client, Socket server, AtomicInteger directions) {}

  /// Bytes on their way.
  ///
  /// @param length negative at the end of the stream
  private record Chunk(byte[] bytes, int length, long dueNanos) {}

  private void pass(Connection connection, Socket from, Socket to) {
    var held = new ArrayBlockingQueue<Chunk>(QUEUED_CHUNKS);
    var writer = Thread.startVirtualThread(() -> write(held, connection, to));
    Thread.startVirtualThread(() -> read(held, from, writer));
  }

  private void read(BlockingQueue<Chunk> held, Socket from, Thread writer) {
    try {
      var in = from.getInputStream();
      for (var length = 0; length >= 0;) {
        var bytes = new byte[16 * 1024];
        length = in.read(bytes);
        held.put(new Chunk(bytes, length, System.nanoTime() + delay.toNanos()));
      }
    } catch (IOException | InterruptedException e) {
      writer.interrupt();
    }
  }

  /// The end of one direction leaves the other open; a fault ends both.
  private void write(BlockingQueue<Chunk> held, Connection connection, Socket to) {
    try {
      var out = to.getOutputStream();
      for (var chunk = held.take(); chunk.length >= 0; chunk = held.take()) {
        TimeUnit.NANOSECONDS.sleep(chunk.dueNanos - System.nanoTime());
        while (mute.test(connection.client.getPort()))
          TimeUnit.MILLISECONDS.sleep(HELD_LOOK_MS);
        out.write(chunk.bytes, 0, chunk.length);
      }
      to.shutdownOutput();
      if (connection.directions.decrementAndGet() == 0) {
        end(connection);
      }
    } catch (IOException | InterruptedException e) {
      end(connection);
    }
  }

  private void end(Connection connection) {
    for (var socket : List.of(connection.client, connection.server)) {
      open.remove(socket);
      shut(socket);
    }
  }

  private static void shut(Closeable socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
