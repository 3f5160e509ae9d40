package dev.sluice.planner.api;

import dev.sluice.chassis.Await;
import dev.sluice.planner.store.ProgressStore;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/// The open rollouts that hold a pair, or a version. One that has ended, or may just have, is waited for: its last change of desired versions is being confirmed.
public final class Holders {
  /// How long the health-service may take to confirm the last change of a rollout that has ended.
  private static final Duration RELEASING = Duration.ofSeconds(5);
  /// How long the word of an end may be on its way.
  private static final Duration ENDING = Duration.ofSeconds(1);
  private static final Duration LOOK = Duration.ofMillis(20);
  private final ProgressStore progress;

  public Holders(ProgressStore progress) {
    this.progress = progress;
  }

  /// @param holders their ids, as they are now
  /// @return those that hold it still
  List<String> left(Supplier<List<String>> holders) {
    long began = System.nanoTime();
    while (true) {
      var left = holders.get();
      if (left.isEmpty()) return left;
      boolean over = left.stream().allMatch(rollout -> progress.course(rollout).progress().state().ended());
      if (System.nanoTime() - began > (over ? RELEASING : ENDING).toNanos()) return left;
      Await.pause(LOOK);
    }
  }
}
