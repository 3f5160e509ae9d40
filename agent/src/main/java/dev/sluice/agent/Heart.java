package dev.sluice.agent;

import com.grack.nanojson.JsonObject;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Heartbeats: one under way at a time, the next after the interval that the server set, at once where something changed meanwhile.
/// While the server is away or asks to wait, a change waits with it, but never longer than an interval: the server takes three without a word for silence, and its
/// own absence must not look like the instance's. Any thread may call.
final class Heart {
  private static final Duration UNTOLD = Duration.ofSeconds(30);
  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(1);
  private final AgentRuntime runtime;
  private final Server server;
  private final Duration override;
  private final Supplier<JsonObject> report;
  private final Consumer<Server.Answer> answered;
  private final Consumer<Dismissed> dismissed;
  private final Backoff backoff;
  private final String bootId;
  private long sequence;
  private Duration interval;
  private Duration took = Duration.ZERO;
  private long sent;
  private boolean started;
  private boolean underWay;
  private boolean changed;
  private boolean holdingBack;
  private boolean closed;
  private Future<?> next;

  /// @param override the interval; zero leaves it to the server
  /// @param report   what a heartbeat says beside `boot_id` and `sequence`
  Heart(AgentRuntime runtime, Server server, Duration override, Supplier<JsonObject> report, Consumer<Server.Answer> answered,
      Consumer<Dismissed> dismissed) {
    this.runtime = runtime;
    this.server = server;
    this.override = override;
    this.report = report;
    this.answered = answered;
    this.dismissed = dismissed;
    this.interval = override.isZero() ? UNTOLD : override;
    backoff = new Backoff(Duration.ofMillis(500), UNTOLD, runtime.random());
    bootId = runtime.newId();
  }

  /// Until the next heartbeat, where nothing changes.
  synchronized Duration interval() { return interval; }

  synchronized void start() {
    started = true;
    beat();
  }

  /// There is something new to report.
  synchronized void changed() {
    if (!started || closed) return;
    changed = true;
    if (!underWay && !holdingBack) beat();
  }

  synchronized void close() {
    closed = true;
    if (next != null) next.cancel(false);
  }

  private synchronized void beat() {
    if (closed || underWay) return;
    if (next != null) next.cancel(false);
    underWay = true;
    changed = false;
    holdingBack = false;
    try {
      JsonObject heartbeat = report.get();
      heartbeat.put("boot_id", bootId);
      heartbeat.put("sequence", ++sequence);
      sent = System.nanoTime();
      server.heartbeat(heartbeat, patience()).thenApply(this::told).whenComplete(this::ended);
    } catch (RuntimeException | Error failure) {
      ended(null, failure);
    }
  }

  private Server.Answer told(Server.Answer answer) {
    answered.accept(answer);
    return answer;
  }

  /// Whatever failed, there is a next heartbeat.
  private void ended(Server.Answer answer, Throwable thrown) {
    Throwable failure = thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    if (failure instanceof Dismissed over) dismissed.accept(over);
    synchronized (this) {
      underWay = false;
      if (failure == null) succeeded(answer);
      else
        schedule(pause(failure));
    }
  }

  private void succeeded(Server.Answer answer) {
    if (backoff.failures() > 0) runtime.log("the server answers again");
    backoff.reset();
    took = Duration.ofNanos(System.nanoTime() - sent);
    if (override.isZero() && isPace(answer.nextHeartbeat())) interval = answer.nextHeartbeat();
    if (changed) beat();
    else
      schedule(withJitter(interval));
  }

  /// Else it is a slip: at less the agent would do nothing but heartbeat, at more nobody would hear of it again.
  private static boolean isPace(Duration told) { return told.compareTo(SHORTEST) >= 0 && told.compareTo(LONGEST) <= 0; }

  /// An interval: who has taken the heartbeat may never answer, and another one may be there. Twice as long each time that it failed, and twice as long as the last
  /// answer took, for a server that is only slow.
  private Duration patience() {
    Duration first = longer(longer(interval, SHORTEST_PATIENCE), took.multipliedBy(2));
    Duration wanted = first.multipliedBy(1L << Math.min(backoff.failures(), 5));
    return wanted.compareTo(Server.ANSWER_WITHIN) < 0 ? wanted : Server.ANSWER_WITHIN;
  }

  private static Duration longer(Duration one, Duration other) { return one.compareTo(other) > 0 ? one : other; }

  private Duration withJitter(Duration whole) { return whole.multipliedBy(90 + runtime.random().nextInt(11)).dividedBy(100); }

  /// What a log says of a failure: a refused connection has no message.
  static String why(Throwable failure) { return failure.getMessage() == null ? failure.toString() : failure.getMessage(); }

  private Duration pause(Throwable failure) {
    if (backoff.failures() == 0) runtime.log("heartbeat failed: " + why(failure));
    Duration drawn = backoff.next();
    if (failure instanceof Denied) return interval;
    holdingBack = true;
    Duration wanted = failure instanceof Unavailable busy ? busy.retryAfter().plus(drawn.dividedBy(4)) : drawn;
    return wanted.compareTo(interval) > 0 ? withJitter(interval) : wanted;
  }

  private void schedule(Duration pause) {
    if (!closed) next = runtime.timer().schedule(this::beat, pause.toMillis(), TimeUnit.MILLISECONDS);
  }
}
