package dev.sluice.cli;

import java.io.IOException;
import java.nio.file.Path;

/// Something cannot start, for a reason that a person can mend. The message says the fact and the way out, on one line.
public final class CannotStart extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CannotStart(String message) { super(message); }

  public CannotStart(String message, Throwable cause) { super(message, cause); }

  static CannotStart unwritable(Path folder, IOException why) {
    return new CannotStart("cannot write to " + folder + " (" + Text.why(why) + "); choose another folder by --data", why);
  }
}
