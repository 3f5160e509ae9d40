package dev.sluice.cli;

/// Whether this process has been told to end. What fails then, fails for that reason and is nobody's concern.
final class Ending {
  static final int CODE = 130;

  private Ending() {}

  static boolean begun() {
    var probe = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(probe);
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException ending) {
      return true;
    }
  }
}
