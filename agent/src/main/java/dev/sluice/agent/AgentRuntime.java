package dev.sluice.agent;

import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// What the agents of one process share: an HTTP client, a timer, a bounded pool that does the work (downloads, unpacking, commands),
/// chance, ids and the log. An idle agent holds no thread, so hundreds are cheap.
public final class AgentRuntime implements AutoCloseable {
  private static final long STACK_BYTES = 256 << 10;
  private final ScheduledThreadPoolExecutor timer;
  private final ThreadPoolExecutor workers;
  private final ExecutorService network;
  private final HttpClient http;
  private final Random random = new Random();
  private final Consumer<String> log;

  /// @param maxWorkers jobs at a time, over all agents; a job that waits for a command holds one
  /// @param log        takes a line for each transition; called by any thread
  public AgentRuntime(int maxWorkers, Consumer<String> log) {
    this.log = log;
    timer = new ScheduledThreadPoolExecutor(1, threads("agent-timer"));
    timer.setRemoveOnCancelPolicy(true);
    workers = new ThreadPoolExecutor(maxWorkers, maxWorkers, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads("agent-worker"));
    workers.allowCoreThreadTimeOut(true);
    network = Executors.newFixedThreadPool(2, threads("agent-http"));
    http = HttpClient.newBuilder().version(Version.HTTP_1_1).followRedirects(Redirect.NEVER).connectTimeout(Duration.ofSeconds(10))
        .executor(network).build();
  }

  HttpClient http() { return http; }

  ScheduledExecutorService timer() { return timer; }

  ExecutorService workers() { return workers; }

  Random random() { return random; }

  String newId() { return UUID.randomUUID().toString(); }

  void log(String line) { log.accept(line.replace('\n', ' ')); }

  /// Ends the threads. Close the agents first.
  @Override
  public void close() {
    timer.shutdownNow();
    workers.shutdownNow();
    network.shutdown();
  }

  private static ThreadFactory threads(String name) {
    var count = new AtomicInteger();
    return task -> {
      var thread = new Thread(null, task, name + "-" + count.incrementAndGet(), STACK_BYTES);
      thread.setDaemon(true);
      return thread;
    };
  }
}
