package dev.sluice.health.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Kinds;
import dev.sluice.contract.FleetEvent;
import dev.sluice.contract.HealthReport.Judgement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The log's lines about transitions of instances: one for each kind that a transaction told, however many instances it is about. It counts them and
/// names the first, so that ten thousand that are judged at once are a line and not ten thousand.
final class TransitionLog {
  private static final Logger log = LoggerFactory.getLogger(TransitionLog.class);
  private static final int NAMED = 10;

  private TransitionLog() {}

  static void attempts(String rolloutId, String what, int count, List<String> named) {
    if (count > 0)
      log.atInfo().addKeyValue("rollout", rolloutId).addKeyValue("count", count).addKeyValue("instances", first(named))
          .log("Attempts: {}", what);
  }

  /// @param failed those of them that failed
  static void judged(String rolloutId, List<Judgement> all, List<String> failed) {
    if (all.isEmpty()) return;
    var reasons = all.stream().filter(j -> !j.healthy()).collect(Collectors.groupingBy(j -> Words.of(j.reason()), Collectors.counting()));
    log.atInfo().addKeyValue("rollout", rolloutId).addKeyValue("count", all.size()).addKeyValue("healthy", all.size() - failed.size())
        .addKeyValue("failed", failed.size()).addKeyValue("reasons", reasons).addKeyValue("instances", first(failed))
        .log("Attempts: judged");
  }

  static void fleet(List<FleetEvent> events) {
    events.stream().collect(Collectors.groupingBy(FleetEvent::getClass, LinkedHashMap::new, Collectors.toList()))
        .forEach((kind, all) -> log.atInfo().addKeyValue("count", all.size())
            .addKeyValue("instances", first(all.stream().map(e -> e.instanceId().value()).toList()))
            .log("Instances: {}", Kinds.name(kind).replace('_', ' ')));
  }

  private static String first(List<String> named) {
    return named.stream().limit(NAMED).collect(Collectors.joining(", ")) + (named.size() > NAMED ? ", ..." : "");
  }
}
