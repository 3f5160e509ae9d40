package dev.sluice.cli.check;

import java.util.List;

/// What was found of one invariant.
///
/// @param premises how often that occurred which it is about
/// @param breached how often it was broken
/// @param breaches the first of them
public record Finding(Invariant invariant, long premises, int breached, List<Breach> breaches) {
  public Finding {
    breaches = List.copyOf(breaches);
  }

  /// @param eventId   0 where it is no single event, as `streamSeq`
  public record Breach(long eventId, long streamSeq, String detail) {}

  public boolean holds() { return breached == 0; }

  /// `ok`, `breach` or `not applicable`.
  public String result() { return !holds() ? "breach" : premises > 0 ? "ok" : "not applicable"; }
}
