package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntFunction;

/// Ports of the loopback interface.
final class Ports {
  static final String HOST = "127.0.0.1";
  private static final Set<Integer> GIVEN = new HashSet<>();

  private Ports() {
  }

  /// Somebody was faster on a port, or may have been: on another one it may go well.
  static final class Taken extends IllegalStateException {
    private static final long serialVersionUID = 1;

    Taken(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// Starts something on `wanted`, or, for 0, on a free port: on another one where somebody was faster, five times in all.
  ///
  /// @param start throws [Taken] where somebody was faster
  /// @throws IllegalStateException when `wanted` is taken
  static <T> T start(int wanted, IntFunction<T> start) {
    if (wanted != 0) {
      requireFree(wanted);
      return start.apply(wanted);
    }
    for (var left = 5;; left--) {
      try {
        return start.apply(free());
      } catch (Taken e) {
        if (left == 1) {
          throw e;
        }
      }
    }
  }

  /// A port that nobody listens on and that this process was not given before. Another process may still be faster: see [#start].
  static synchronized int free() {
    for (var tries = 0; tries < 1000; tries++) {
      try (var socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
        if (GIVEN.add(socket.getLocalPort())) {
          return socket.getLocalPort();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    throw new IllegalStateException("no free port on " + HOST);
  }

  /// @throws IllegalStateException when somebody listens on `port`
  private static void requireFree(int port) {
    if (taken(port))
      throw new IllegalStateException("port %d on %s is taken: choose another or stop who listens there".formatted(port, HOST));
  }

  /// Whether somebody has `port`.
  static boolean taken(int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(HOST, port));
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
