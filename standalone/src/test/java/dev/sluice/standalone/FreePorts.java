package dev.sluice.standalone;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/// Five ports in a row that nobody listens on.
final class FreePorts {
  private FreePorts() {}

  static int block() {
    for (int base = 20_000; base < 30_000; base += 10) {
      if (free(base)) return base;
    }
    throw new IllegalStateException("no five free ports");
  }

  private static boolean free(int base) {
    for (int port = base; port < base + 5; port++) {
      try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        if (!socket.isBound()) return false;
      } catch (IOException e) {
        return false;
      }
    }
    return true;
  }
}
