package dev.sluice.chassis;

/// Moments at which a process can be made to die, as `kill -9` ends it, by the system property `sluice.crash.at` with the name of one. Without it they do nothing.
///
/// They are for tests of what is left behind: a kill from outside hits such a moment by chance only.
public enum CrashPoint {
  /// An instruction was handed out, and its agent was not answered yet.
  AFTER_HAND_OUT;

  /// As a shell says for a process that was killed.
  public static final int EXIT_CODE = 137;
  private static final String NAMED = System.getProperty("sluice.crash.at", "");

  /// The process is at this point now.
  public void reached() {
    if (name().equals(NAMED)) Runtime.getRuntime().halt(EXIT_CODE);
  }
}
