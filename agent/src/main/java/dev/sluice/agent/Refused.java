package dev.sluice.agent;

/// An archive that will never be taken: unsafe, or not what was promised. Trying again does not help.
final class Refused extends Exception {
  private static final long serialVersionUID = 1;

  Refused(String why) { super(why); }
}
