package dev.sluice.contract;

import java.util.List;

/// What a decider says to a command: the events to record (none if there is nothing new), or a refusal.
public sealed interface Decision<E> {
  record Accepted<E>(List<E> events) implements Decision<E> {
    public Accepted {
      events = List.copyOf(events);
    }
  }

  record Refused<E>(Problem problem) implements Decision<E> {}

  static <E> Decision<E> accepted(List<? extends E> events) { return new Accepted<>(List.copyOf(events)); }

  static <E> Decision<E> nothing() { return new Accepted<>(List.of()); }

  static <E> Decision<E> refused(Problem problem) { return new Refused<>(problem); }
}
