package dev.sluice.rollout.domain;

import dev.sluice.contract.*;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/// Plans for tests: member n is `i<n>`, its present generation is 10 + n, and it goes back to `1.24.0`, every third to `1.23.0`.
record Plans(int total, int batchPct, int streak, int failedPct, int canary, Integer maxInFlight, boolean countAbsent) {
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  static final VersionRef TARGET = version("1.26.0", 'a');
  static final VersionRef OLD = version("1.24.0", 'b');
  static final VersionRef OLDER = version("1.23.0", 'c');
  static final List<VersionRef> ORIGINS = List.of(OLD, OLDER);

  /// Batches of 2 out of 6, two in a row trip, the ratio is off.
  static Plans six() { return new Plans(6, 33, 2, 100, 0, null, true); }

  Plans total(int n) { return new Plans(n, batchPct, streak, failedPct, canary, maxInFlight, countAbsent); }

  Plans batchPct(int pct) { return new Plans(total, pct, streak, failedPct, canary, maxInFlight, countAbsent); }

  Plans streak(int n) { return new Plans(total, batchPct, n, failedPct, canary, maxInFlight, countAbsent); }

  Plans failedPct(int pct) { return new Plans(total, batchPct, streak, pct, canary, maxInFlight, countAbsent); }

  Plans canary(int n) { return new Plans(total, batchPct, streak, failedPct, n, maxInFlight, countAbsent); }

  Plans maxInFlight(Integer n) { return new Plans(total, batchPct, streak, failedPct, canary, n, countAbsent); }

  Plans countAbsent(boolean counts) { return new Plans(total, batchPct, streak, failedPct, canary, maxInFlight, counts); }

  PlanHeader header() { return header(1); }

  PlanHeader header(int revision) { return header(revision, OLD); }

  PlanHeader header(int revision, VersionRef templateVersion) {
    int size = Math.max(1, Math.ceilDiv(total * batchPct, 100));
    var inputs = new PlanInputs(new TemplateId("web"), new ModuleId("nginx"), TARGET.id(), batchPct, null, streak, failedPct, 300, 0,
        canary,
        maxInFlight, countAbsent, "zone");
    return new PlanHeader(new RolloutId("r1"), revision, "hash-" + revision, inputs, TARGET, ORIGINS, templateVersion,
        new Slices(total, canary, size),
        1500,
        new PolicyView(Policy.REQUIRE_APPROVAL, 1, false, 14400, 86400, "default"), false, "ann", START, List.of());
  }

  Roster roster() { return new Roster(IntStream.range(0, total).mapToObj(Plans::member).toList()); }

  static PlanMember member(int n) { return new PlanMember(id(n), n % 3 == 2 ? 1 : 0, generation(n), false); }

  static InstanceId id(int n) { return new InstanceId("i" + n); }

  static long generation(int n) { return 10 + n; }

  static VersionRef origin(int n) { return ORIGINS.get(member(n).origin()); }

  private static VersionRef version(String version, char digit) {
    return new VersionRef(new VersionId("nginx-" + version), version, new Digest("sha256:" + String.valueOf(digit).repeat(64)), null);
  }
}
