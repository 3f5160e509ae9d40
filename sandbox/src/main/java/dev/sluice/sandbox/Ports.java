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
  private static final Range SINGLE = new Range(10_000, 20_000, ProcessHandle.current().pid());
  private static final Range BLOCKS = new Range(20_000, 30_000, ProcessHandle.current().pid());

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
  public static int free() { return SINGLE.take(1, Ports::taken); }

  /// The first of so `many` in a row, from 20000 to 29999, away from those of [#free()], which each process with a server of its own takes: for ports that are
  /// bound much later, or again and again.
  ///
  /// @throws IllegalStateException when there are none
  public static int block(int many) { return BLOCKS.take(many, Ports::taken); }

  /// Ports that are given in turn, from the last on from the first again.
  static final class Range {
    /// Of no common divisor with the range, so that processes that are started one after another begin far from each other.
    private static final long STRIDE = 617;
    private final int from;
    private final int end;
    private int next;

    Range(int from, int end, long pid) {
      this.from = from;
      this.end = end;
      this.next = from + (int) (pid * STRIDE % (end - from));
    }

    /// The first of so `many` in a row of which none is `taken`.
    synchronized int take(int many, IntPredicate taken) {
      for (var left = end - from; left > 0; left--) {
        int first = next + many <= end ? next : from;
        next = first + 1;
        if (IntStream.range(first, first + many).noneMatch(taken)) {
          next = first + many;
          return first;
        }
      }
      throw new IllegalStateException("no %d free ports in a row from %d to %d".formatted(many, from, end - 1));
    }
  }

  /// @throws IllegalStateException when somebody listens on `port`
  private static void requireFree(int port) {
    if (taken(port))
      throw new IllegalStateException("port %d on %s is taken: choose another or stop who listens there".formatted(port, HOST));
  }

  /// Whether somebody has `port`.
  public static boolean taken(int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(HOST, port), 1);
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
