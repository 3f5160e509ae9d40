package dev.sluice.planner.api;

import dev.sluice.chassis.Await;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Outage;
import dev.sluice.contract.RolloutId;
import dev.sluice.planner.store.ClaimStore;
import dev.sluice.planner.store.ProgressStore;
import dev.sluice.planner.store.Stores;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The open rollouts that hold a pair, or a version. One that has ended, or may just have, is waited for: its last change of desired versions is being confirmed.
/// One that took its pair for a rollback, and was not seen to start it in time, is asked for: time alone frees nothing that somebody is rolling back.
public final class Holders {
  private static final Logger log = LoggerFactory.getLogger(Holders.class);
  /// How long the health-service may take to confirm the last change of a rollout that has ended.
  private static final Duration RELEASING = Duration.ofSeconds(5);
  /// How long the word of an end may be on its way.
  private static final Duration ENDING = Duration.ofSeconds(1);
  /// How long a rollback that began in time may take to commit: a transaction in which nothing is said for 10 s is ended.
  private static final Duration COMMITTING = Duration.ofSeconds(40);
  private static final Duration LOOK = Duration.ofMillis(20);
  private final ClaimStore claims;
  private final ProgressStore progress;
  private final Begun begun;
  private final InstantSource clock;

  public Holders(Chassis chassis, Stores stores) {
    this.claims = stores.claims();
    this.progress = stores.progress();
    this.begun = new Begun(chassis.asks());
    this.clock = chassis.clock();
  }

  /// Who holds a pair still.
  ///
  /// @throws Outage where a rollback may have begun, and the rollout-service does not say
  List<String> ofPair(String template, String module) {
    return left(() -> settled(() -> claims.holder(template, module).stream().toList()));
  }

  /// Who needs a version still.
  ///
  /// @throws Outage as above
  List<String> ofVersion(String version) { return left(() -> settled(() -> claims.needing(version))); }

  /// Finds out about rollbacks that have taken a pair and were not seen to start in time: they hold it if they have begun, else it is free.
  ///
  /// @throws Outage as above
  void settle(String template, String module) { settled(() -> claims.holder(template, module).stream().toList()); }

  private List<String> settled(Supplier<List<String>> holders) {
    var found = holders.get();
    if (found.isEmpty()) return found;
    var now = clock.instant().minus(COMMITTING);
    var lapsed = claims.lapsed(found, now);
    for (var rollout : lapsed) {
      boolean goesOn = begun.begun(new RolloutId(rollout));
      claims.settle(rollout, goesOn, now);
      if (goesOn)
        log.atWarn().addKeyValue("rollout", rollout).log("A rollback has begun of which no fact has come here yet; it holds its pair");
    }
    return lapsed.isEmpty() ? found : holders.get();
  }

  /// @param holders their ids, as they are now
  /// @return those that hold it still
  private List<String> left(Supplier<List<String>> holders) {
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
