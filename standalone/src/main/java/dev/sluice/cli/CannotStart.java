package dev.sluice.cli;

/// Something cannot start, for a reason that a person can mend. The message says the fact and the way out, on one line.
public final class CannotStart extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CannotStart(String message) { super(message); }

  public CannotStart(String message, Throwable cause) { super(message, cause); }
}
