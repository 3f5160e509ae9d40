package dev.sluice.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/// What a plan is made from and an edit may change. What is left out is the server's default, or stays as it is. The server knows the ranges.
final class Inputs {
  @Option(names = "--batch-pct", paramLabel = "N", order = 10, description = "percent of the instances in one batch, 1 to 100 (default: 20)")
  private Integer batchPct;

  @Option(names = "--max-batch-size", paramLabel = "N", order = 11, description = "instances in one batch at most (default: no limit)")
  private Integer maxBatchSize;

  @Option(names = "--max-consecutive-failures", paramLabel = "N", order = 12, description = "failures in a row that trip the breaker (default: 2)")
  private Integer maxConsecutiveFailures;

  @Option(names = "--max-failed-pct", paramLabel = "N", order = 13, description = "percent of a batch that may fail, rounded up, and at least --max-consecutive-failures instances; 100 is off (default: 20)")
  private Integer maxFailedPct;

  @Option(names = "--health-timeout-sec", paramLabel = "SEC", order = 14, description = "seconds that an instance has to prove itself healthy (default: 300)")
  private Integer healthTimeoutSec;

  @Option(names = "--min-healthy-sec", paramLabel = "SEC", order = 15, description = "seconds that it must stay healthy (default: 0)")
  private Integer minHealthySec;

  @Option(names = "--canary-size", paramLabel = "N", order = 16, description = "instances in a first batch, where any failure trips; 0 is none (default: 0)")
  private Integer canarySize;

  @Option(names = "--max-in-flight", paramLabel = "N", order = 17, description = "instances told at a time (default: the whole batch)")
  private Integer maxInFlight;

  @Option(names = "--count-absent", arity = "1", paramLabel = "true|false", order = 18, description = "whether machines that were never reached count for the breaker (default: true)")
  private Boolean countAbsent;

  @Option(names = "--order-by-label", paramLabel = "LABEL", order = 19, description = "the label whose values each batch holds in proportion (default: zone)")
  private String orderByLabel;

  /// What was given, in the words of the wire.
  Map<String, Object> given() {
    var given = new LinkedHashMap<String, Object>();
    put(given, "batch_pct", batchPct);
    put(given, "max_batch_size", maxBatchSize);
    put(given, "max_consecutive_failures", maxConsecutiveFailures);
    put(given, "max_failed_pct", maxFailedPct);
    put(given, "health_timeout_sec", healthTimeoutSec);
    put(given, "min_healthy_sec", minHealthySec);
    put(given, "canary_size", canarySize);
    put(given, "max_in_flight", maxInFlight);
    put(given, "count_absent", countAbsent);
    put(given, "order_by_label", orderByLabel);
    return given;
  }

  private static void put(Map<String, Object> given, String field, Object value) {
    if (value != null) given.put(field, value);
  }
}
