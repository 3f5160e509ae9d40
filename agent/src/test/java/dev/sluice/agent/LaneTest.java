package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LaneTest {
  @Test
  void goes_on_after_a_job_that_failed_in_any_way() throws Exception {
    try (var runtime = new AgentRuntime(1, line -> {})) {
      var lane = new Lane(runtime);
      for (Throwable failure : List.of(new IllegalStateException("a bug"), new OutOfMemoryError("no thread can be made"))) {
        var next = new CountDownLatch(1);
        lane.run(() -> {
          if (failure instanceof Error error) throw error;
          throw (RuntimeException) failure;
        });
        lane.run(next::countDown);
        assertThat(next.await(100, TimeUnit.SECONDS)).as(failure.toString()).isTrue();
      }
    }
  }
}
