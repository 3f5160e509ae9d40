package dev.sluice.standalone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/// Ten ports in a row that nobody listens on.
final class FreePorts {
  private FreePorts() {}

  private static int next = 20_000;

  /// Another block at each call, also where the one before is not listened on yet.
  static synchronized int block() {
    while (next < 30_000) {
      int base = next;
      next += 10;
      if (free(base)) return base;
    }
    throw new IllegalStateException("no ten free ports");
  }

  private static boolean free(int base) {
    for (int port = base; port < base + 10; port++) {
      try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        if (!socket.isBound()) return false;
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }
}
