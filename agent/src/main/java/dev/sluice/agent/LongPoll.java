package dev.sluice.agent;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// Holds a request open, so that an instruction comes at once and not with the next heartbeat. A server without it is asked again
/// a minute later; whatever it answers, the heartbeats carry the same instructions. One that answers at once, again and again, with
/// nothing new (of modules that are not managed here) is asked ever more rarely, in the end as rarely as if it had held each request.
final class LongPoll {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration UNSUPPORTED = Duration.ofMinutes(1);
  private final AgentRuntime runtime;
  private final Server server;
  private final Predicate<Server.Answer> answered;
  private final Backoff backoff;
  private final Backoff nothingNew;
  private volatile boolean closed;

  /// @param answered takes an answer, and says whether there was something new in it
  LongPoll(AgentRuntime runtime, Server server, Predicate<Server.Answer> answered) {
    this.runtime = runtime;
    this.server = server;
    this.answered = answered;
    backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30), runtime.random());
    nothingNew = new Backoff(PAUSE, WAIT, runtime.random());
  }

  void poll() {
    if (closed) return;
    long asked = System.nanoTime();
    try {
      server.poll(WAIT).whenComplete((answer, failure) -> {
        var pause = WAIT;
        try {
          pause = pause(answer, failure, asked);
        } finally { // also where no thread could be had for what was answered
          again(pause);
        }
      });
    } catch (RuntimeException | Error e) { // nor for the question
      again(WAIT);
    }
  }

  private void again(Duration pause) { runtime.timer().schedule(this::poll, pause.toMillis(), TimeUnit.MILLISECONDS); }

  void close() { closed = true; }

  private Duration pause(Server.Answer answer, Throwable thrown, long asked) {
    Throwable failure = thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    if (failure instanceof Unavailable busy) return busy.retryAfter().plus(backoff.next());
    if (failure instanceof Denied || failure instanceof Dismissed) return UNSUPPORTED;
    if (failure != null) return backoff.next();
    backoff.reset();
    boolean held = answer.desired().isEmpty() && System.nanoTime() - asked >= PAUSE.toNanos();
    if (!answered.test(answer) && !held) return nothingNew.next();
    nothingNew.reset();
    return Duration.ZERO;
  }
}
