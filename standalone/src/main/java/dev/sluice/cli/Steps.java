package dev.sluice.cli;

import java.util.Locale;

/// Says what has been done, each step with the time that it took.
final class Steps {
  private static final double SECOND = 1e9;
  private final Screen screen;
  private final long began = System.nanoTime();
  private long last = began;

  Steps(Screen screen) { this.screen = screen; }

  /// A step is done.
  void done(String what) {
    long now = System.nanoTime();
    screen.line("  " + screen.green("✓") + " " + String.format(Locale.ROOT, "%5.1f s  ", (now - last) / SECOND) + what);
    last = now;
  }

  /// What comes now is not part of the step before: the clock of the next step starts here.
  void begin() { last = System.nanoTime(); }

  double seconds() { return (System.nanoTime() - began) / SECOND; }
}
