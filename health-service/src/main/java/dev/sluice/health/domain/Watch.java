package dev.sluice.health.domain;

import dev.sluice.contract.Purpose;
import java.time.Duration;
import java.time.Instant;

/// One attempt (instance, generation) that a rollout waits for.
///
/// @param target       the digest that must run
/// @param deadline     as the rollout set it, moved on by its pauses; not yet by the times in which we were deaf
/// @param clockStopped whether the deadline stands still now: the rollout is paused, or this was not handed out and it is tripped or
///                     its service not heard of
/// @param handedOutAt  null: not yet
/// @param minHealthy   the soak; zero: the first good heartbeat suffices
public record Watch(String moduleId, String target, long generation, Purpose purpose, Instant instructedAt, Instant deadline,
    boolean clockStopped, Instant handedOutAt, Duration minHealthy, Standing standing) {

  Watch standing(Standing next) {
    return new Watch(moduleId, target, generation, purpose, instructedAt, deadline, clockStopped, handedOutAt, minHealthy, next);
  }
}
