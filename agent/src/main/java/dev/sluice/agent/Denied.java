package dev.sluice.agent;

import java.io.IOException;

/// An answer that says no, and will most likely say so again.
final class Denied extends IOException {
  private static final long serialVersionUID = 1;

  Denied(String why) { super(why); }
}
