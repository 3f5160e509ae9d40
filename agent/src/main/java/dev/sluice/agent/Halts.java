package dev.sluice.agent;

/// Lets a test kill the agent at a moment of its choice, as `kill -9` would: `-Dsluice.agent.halt="after SWITCHED"`. Off by default.
final class Halts {
  private static final String MOMENT = System.getProperty("sluice.agent.halt", "");

  private Halts() {}

  /// @param relation `before` or `after` a step is recorded, or `within` what follows it
  static void at(String relation, Step step) {
    if (!MOMENT.isEmpty() && MOMENT.equals(relation + " " + step)) Runtime.getRuntime().halt(137);
  }
}
