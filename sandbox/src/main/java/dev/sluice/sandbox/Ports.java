package dev.sluice.sandbox;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// Ports of the loopback interface that are chosen first and bound a while later.
///
/// Not those that the system gives for port 0: it gives the same ones to whoever connects to somebody, at any time. These lie below (Linux gives 32768 and up),
/// so that only who listens there can be faster.
public final class Ports {
  static final String HOST = "127.0.0.1";
  private static final int FROM = 10_000;
  private static final int END = 20_000;
  /// Of no common divisor with the range, so that processes that are started one after another begin far from each other.
  private static final long STRIDE = 617;
  private static int next = FROM + (int) (ProcessHandle.current().pid() * STRIDE % (END - FROM));

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

  /// A port from 10000 to 19999 that nobody listens on and that this process was not given before. Another process may still be faster: see [#start].
  public static int free() { return free(1); }

  /// The first of so `many` in a row.
  ///
  /// @throws IllegalStateException when there are none
  public static synchronized int free(int many) {
    int first = free(next, many, Ports::taken);
    next = first + many;
    return first;
  }

  /// The first of the first row from `from` on, from the end of the range on at its beginning.
  static int free(int from, int many, IntPredicate taken) {
    for (int first = from, left = END - FROM; left > 0; first++, left--) {
      if (first + many > END) {
        first = FROM;
      }
      if (IntStream.range(first, first + many).noneMatch(taken)) {
        return first;
      }
    }
    throw new IllegalStateException("no %d free ports in a row on %s".formatted(many, HOST));
  }

  /// @throws IllegalStateException when somebody listens on `port`
  private static void requireFree(int port) {
    if (taken(port))
      throw new IllegalStateException("port %d on %s is taken: choose another or stop who listens there".formatted(port, HOST));
  }

  /// Whether somebody has `port`.
  static boolean taken(int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(HOST, port), 1);
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
