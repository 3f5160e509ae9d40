package dev.sluice.contract;

/// The rules of one aggregate: pure, without clock, chance or I/O.
///
/// @param <S> its state: the fold of its events, only what the next decision needs
/// @param <C> the commands it takes
/// @param <E> the events it records
public interface Decider<S, C, E> {
  /// The state of a stream without events.
  S initial();

  /// What follows from a command. A command that repeats what is recorded decides to no events.
  Decision<E> decide(S state, C command);

  /// The state after an event. Total: it refuses nothing that was once recorded.
  S evolve(S state, E event);
}
