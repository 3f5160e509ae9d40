package dev.sluice.agent;

import java.io.IOException;

/// The server does not know this agent, or no longer wants it: there is no sense in going on.
final class Dismissed extends IOException {
  private static final long serialVersionUID = 1;

  Dismissed(String why) { super(why); }
}
