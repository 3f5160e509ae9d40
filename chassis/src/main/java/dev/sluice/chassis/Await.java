package dev.sluice.chassis;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Turns a future into a straight line. Blocks: only for virtual threads, never on an event loop.
public final class Await {
  private Await() {}

  /// The future's value.
  ///
  /// @throws Outage if it does not come within `limit`
  public static <T> T on(Future<T> future, Duration limit, String what) {
    return on(future.toCompletionStage().toCompletableFuture(), limit, what);
  }

  /// The same of another kind of future.
  public static <T> T on(java.util.concurrent.Future<T> future, Duration limit, String what) {
    try {
      return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new Outage(what + " did not answer within " + limit.toMillis() + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Outage(what + ": interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) throw cause;
      throw new Outage(what + " failed: " + e.getCause().getMessage(), e.getCause());
    }
  }

  /// Waits a while; ends early, with the thread's interrupt kept, when the thread is told to stop.
  public static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
