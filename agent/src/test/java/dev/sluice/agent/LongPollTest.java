package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class LongPollTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  /// No pause is waited for: each is read off the timer and cut short.
  @Test
  void a_server_that_answers_at_once_with_nothing_new_is_asked_ever_more_rarely() throws Exception {
    try (var peer = new ProtocolPeer(); var runtime = new AgentRuntime(1, line -> {})) {
      peer.holds = false;
      peer.desire("1", new Tarball().file("f", "x").bytes());
      var server = new Server(runtime.http(), new Link(), peer.uri());
      server.identify(new Identity("i1", "secret"));
      var anyNew = new AtomicBoolean();
      var longPoll = new LongPoll(runtime, server, answer -> anyNew.getAndSet(false));
      BlockingQueue<Runnable> timer = ((ScheduledThreadPoolExecutor) runtime.timer()).getQueue();
      longPoll.poll();
      for (int i = 0; i < 8; i++)
        cutShort(timer);
      assertThat(nextPause(timer)).isGreaterThan(LONG);
      anyNew.set(true);
      cutShort(timer);
      await().atMost(ProtocolPeer.PATIENCE).until(() -> !anyNew.get());
      assertThat(nextPause(timer)).as("after something new").isLessThan(LONG);
      longPoll.close();
    }
  }

  private static void cutShort(BlockingQueue<Runnable> timer) {
    Runnable pause = await().atMost(ProtocolPeer.PATIENCE).until(timer::peek, next -> next != null && timer.remove(next));
    pause.run();
  }

  private static Duration nextPause(BlockingQueue<Runnable> timer) {
    Runnable pause = await().atMost(ProtocolPeer.PATIENCE).until(timer::peek, next -> next != null);
    return Duration.ofNanos(((Delayed) pause).getDelay(TimeUnit.NANOSECONDS));
  }
}
