package dev.sluice.agent;

import java.io.IOException;
import java.time.Duration;

/// A server that asks to be left alone for a while (503 or 429 with Retry-After).
final class Unavailable extends IOException {
  private static final long serialVersionUID = 1;
  private final Duration retryAfter;

  Unavailable(int status, Duration retryAfter) {
    super("the server answers " + status + " and asks to wait " + retryAfter.toSeconds() + " s");
    this.retryAfter = retryAfter;
  }

  Duration retryAfter() { return retryAfter; }
}
