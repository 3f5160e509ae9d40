package dev.sluice.rollout.domain;

import dev.sluice.contract.PlanInputs;
import dev.sluice.contract.Slices;
import dev.sluice.rollout.domain.Stage.*;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// When a rollout will have ended at the latest, if nobody pauses it and nothing trips; `behaviour.md`, Planning.
public final class Estimate {
  private Estimate() {}

  /// @param batchStartedAt when the current batch was started, or went on after it had stood; null before the first
  /// @return empty while people are awaited, and where it has ended
  public static Optional<Instant> end(Standing standing, Instant batchStartedAt, Instant now) {
    var rollout = standing.rollout();
    var inputs = rollout.plan().inputs();
    int batch = rollout.progress().batch();
    return switch (rollout.stage()) {
      case Approved _ -> Optional.of(now.plusSeconds(upTo(inputs, rollout.slices(), 0)));
      case Running(boolean open, _) -> {
        var start = now;
        if (open && batchStartedAt != null) {
          var worst = batchStartedAt.plusSeconds(inputs.worstSeconds(rollout.slices().sizeOf(batch)));
          start = worst.isBefore(now) ? now : worst;
        }
        yield Optional.of(start.plusSeconds(upTo(inputs, rollout.slices(), batch + 1)));
      }
      case RollingBack s -> {
        int left = s.open() ? s.batch() + 1 : 0;
        yield Optional.of(now.plus(Duration.ofSeconds((long) left * (inputs.healthTimeoutSec() + inputs.minHealthySec()))));
      }
      case Absent _,AwaitingApproval _,Paused _,AwaitingDecision _,Ended _ -> Optional.empty();
    };
  }

  /// Of the batches from one on: all but the first and the last are of one size.
  private static long upTo(PlanInputs inputs, Slices slices, int from) {
    long sum = 0;
    int last = slices.count() - 1;
    for (int batch = from; batch <= last; batch++) {
      if (batch > 0 && batch < last) {
        sum += (last - batch) * inputs.worstSeconds(slices.sizeOf(batch));
        batch = last;
      }
      sum += inputs.worstSeconds(slices.sizeOf(batch));
    }
    return sum;
  }
}
