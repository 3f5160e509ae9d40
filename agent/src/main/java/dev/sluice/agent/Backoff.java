package dev.sluice.agent;

import java.time.Duration;
import java.util.Random;

/// Waits that double up to a bound, each drawn from its upper half, so that a fleet that lost its server does not come back at once.
final class Backoff {
  private final Duration first;
  private final Duration longest;
  private final Random random;
  private int failures;

  Backoff(Duration first, Duration longest, Random random) {
    this.first = first;
    this.longest = longest;
    this.random = random;
  }

  synchronized Duration next() {
    long bound = Math.min(longest.toMillis(), first.toMillis() << Math.min(failures++, 20));
    return Duration.ofMillis(bound / 2 + random.nextLong(bound / 2 + 1));
  }

  synchronized int failures() { return failures; }

  synchronized void reset() { failures = 0; }
}
