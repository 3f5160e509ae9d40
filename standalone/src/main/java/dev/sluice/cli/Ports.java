package dev.sluice.cli;

import java.util.stream.IntStream;

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
    return IntStream.range(base, base + BLOCK).noneMatch(dev.sluice.sandbox.Ports::taken);
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
