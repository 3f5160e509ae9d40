package dev.sluice.chassis;

/// A part that this needs (the database, the broker, a peer) does not answer. Over HTTP: 503 with Retry-After. Try again later.
public final class Outage extends RuntimeException {
  private static final long serialVersionUID = 1;

  public Outage(String what, Throwable cause) {
    super(what, cause);
  }
}
