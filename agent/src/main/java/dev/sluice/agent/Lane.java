package dev.sluice.agent;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Jobs one after another, on the shared workers. Between two of them others have their turn. Any thread may call.
final class Lane {
  private static final Duration END_WITHIN = Duration.ofSeconds(10);
  private final AgentRuntime runtime;
  private final Queue<Job> waiting = new ArrayDeque<>();
  private final Set<ScheduledFuture<?>> timers = new HashSet<>();
  private boolean busy;
  private boolean closed;

  interface Job {
    /// @throws InterruptedException where it was ended early, because the agent closes
    void run() throws IOException, InterruptedException;
  }

  Lane(AgentRuntime runtime) { this.runtime = runtime; }

  synchronized void run(Job job) {
    if (closed) return;
    waiting.add(job);
    if (!busy) submit();
  }

  synchronized void after(Duration wait, Job job) {
    if (closed) return;
    timers.removeIf(ScheduledFuture::isDone);
    timers.add(runtime.timer().schedule(() -> run(job), wait.toMillis(), TimeUnit.MILLISECONDS));
  }

  /// Runs a job again and again, asking each time how long to wait first.
  void every(Supplier<Duration> interval, Job job) {
    after(interval.get(), () -> {
      try {
        job.run();
      } finally {
        every(interval, job);
      }
    });
  }

  /// Forgets what waits.
  synchronized void close() {
    closed = true;
    waiting.clear();
    timers.forEach(timer -> timer.cancel(false));
  }

  /// Waits for the job that runs, a bounded while.
  synchronized void awaitEnd() {
    long end = System.nanoTime() + END_WITHIN.toNanos();
    try {
      for (long left = END_WITHIN.toMillis(); busy && left > 0; left = (end - System.nanoTime()) / 1_000_000)
        wait(left);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void submit() {
    try {
      runtime.workers().execute(this::runOne);
      busy = true;
    } catch (RejectedExecutionException over) {
      waiting.clear();
    }
  }

  private void runOne() {
    Job job;
    synchronized (this) {
      job = waiting.poll();
    }
    try {
      if (job != null) job.run();
    } catch (InterruptedException closing) {
      // the agent closes; what was under way goes on at its next start
    } catch (IOException | RuntimeException | Error failure) {
      runtime.log("failed: " + failure);
    } finally {
      ended();
    }
  }

  private synchronized void ended() {
    busy = false;
    if (!waiting.isEmpty()) submit();
    notifyAll();
  }
}
