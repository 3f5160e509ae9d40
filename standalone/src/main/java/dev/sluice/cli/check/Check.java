package dev.sluice.cli.check;

import java.util.ArrayList;
import java.util.List;

/// Judges one invariant: it is told each event of the rollout's stream in order, with how far the rollout had come before it, and then the end.
abstract class Check {
  /// So many breaches are kept; all are counted.
  private static final int KEPT = 100;
  final History history;
  final Plan plan;
  private final List<Finding.Breach> breaches = new ArrayList<>();
  private int breached;
  private long premises;

  Check(History history) {
    this.history = history;
    plan = history.plan();
  }

  /// @param course before the event
  void event(Event e, Course course) {}

  /// @param course behind the last event
  void end(Course course) {}

  /// What the invariant is about has occurred once more.
  final void premise() { premises++; }

  /// @param e null where it is no single event
  final void breach(Event e, String detail) {
    if (breached++ < KEPT) breaches.add(e == null ? new Finding.Breach(0, 0, detail) : new Finding.Breach(e.id(), e.seq(), detail));
  }

  final void require(boolean holds, Event e, String detail) {
    if (!holds) breach(e, detail);
  }

  final Finding finding(Invariant invariant) { return new Finding(invariant, premises, breached, breaches); }

  /// The members, where they are of one moment with the view and so with the events; else none.
  final List<Member> standing() { return history.settled() ? history.members() : List.of(); }

  /// A batch as people count it.
  static String batch(int index) { return "batch " + (index + 1); }
}
