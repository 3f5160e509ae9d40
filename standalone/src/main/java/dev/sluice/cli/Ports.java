package dev.sluice.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/// Blocks of five ports on loopback: the gateway and the four services behind it.
final class Ports {
  static final int BLOCK = 5;
  static final int LAST_BASE = 65_535 - BLOCK + 1;
  private static final int STEP = 10;
  /// Below it, ports are for who administers the machine.
  private static final int PRIVILEGED = 1_024;

  private Ports() {}

  /// Whether the block from `base` is free.
  static boolean free(int base) {
    for (int port = base; port < base + BLOCK; port++)
      try (var socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      } catch (IOException taken) {
        return false;
      }
    return true;
  }

  /// Why the block from `base` cannot be had.
  static String trouble(int base) {
    return base < PRIVILEGED
        ? "port from " + base + " to " + (base + BLOCK - 1) + " is taken, or not allowed: those below " + PRIVILEGED
            + " are often the system's own"
        : "port from " + base + " to " + (base + BLOCK - 1) + " is taken";
  }

  /// The first free block from `base` on, in steps of ten.
  ///
  /// @throws CannotStart where none is free
  static int next(int base) {
    for (int from = base; from <= LAST_BASE; from += STEP)
      if (free(from)) return from;
    throw new CannotStart("no five ports in a row are free above " + base + "; stop what uses them");
  }
}
