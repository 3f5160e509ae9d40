package dev.sluice.health.domain;

import dev.sluice.contract.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One instance with one attempt, told in seconds after the instruction: target `good`, generation 7, deadline at 300, heartbeats due each 30.
final class Scene {
  static final Instant ZERO = Instant.parse("2026-01-01T00:00:00Z");
  static final String MODULE = "nginx";
  static final String GOOD = "sha256:" + "a".repeat(64);
  static final String OTHER = "sha256:" + "b".repeat(64);
  static final long GENERATION = 7;
  static final Observation RUNS_TARGET = seen(Map.of(MODULE, GOOD), null, 0);
  static final Observation RUNS_OTHER = seen(Map.of(MODULE, OTHER), null, 0);
  static final Observation RUNS_NOTHING = seen(Map.of(), null, 0);
  static final Observation SAYS_NOTHING = seen(null, null, 0);

  private Listening.Ear ear = new Listening.Ear(Pulse.NONE,
      List.of(new Watch(MODULE, GOOD, GENERATION, Purpose.UPGRADE, ZERO, at(300), false, at(1), Duration.ZERO, new Standing.Awaited())));
  private Hearing hearing = new Hearing(Duration.ofSeconds(30), Deaf.NEVER);
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> facts = new ArrayList<>();
  private long sequence;
  private String boot = "boot-1";

  static Instant at(double second) { return ZERO.plusMillis(Math.round(second * 1000)); }

  static Observation seen(Map<String, String> digests, ModuleStatus.State state, long generation) {
    return new Observation(InstanceStatus.RUNNING, null, digests,
        state == null ? Map.of() : Map.of(MODULE, new ModuleStatus(state, generation, "its words")));
  }

  static Observation says(ModuleStatus.State state) { return seen(Map.of(MODULE, GOOD), state, GENERATION); }

  Scene soak(int seconds) {
    var w = watch();
    return with(new Watch(w.moduleId(), w.target(), w.generation(), w.purpose(), w.instructedAt(), w.deadline(), w.clockStopped(),
        w.handedOutAt(), Duration.ofSeconds(seconds), w.standing()));
  }

  Scene handedOut(Double second) {
    var w = watch();
    return with(new Watch(w.moduleId(), w.target(), w.generation(), w.purpose(), w.instructedAt(), w.deadline(), w.clockStopped(),
        second == null ? null : at(second), w.minHealthy(), w.standing()));
  }

  Scene clockStopped(boolean stopped) {
    var w = watch();
    return with(new Watch(w.moduleId(), w.target(), w.generation(), w.purpose(), w.instructedAt(), w.deadline(), stopped, w.handedOutAt(),
        w.minHealthy(), w.standing()));
  }

  /// A pause of which was heard late: its timeout was none.
  Scene takenBack(double deadline) {
    var w = watch();
    return with(new Watch(w.moduleId(), w.target(), w.generation(), w.purpose(), w.instructedAt(), at(deadline), w.clockStopped(),
        w.handedOutAt(), w.minHealthy(), new Standing.Awaited()));
  }

  Scene rollingBack() {
    var w = watch();
    return with(new Watch(w.moduleId(), w.target(), w.generation(), Purpose.ROLLBACK, w.instructedAt(), w.deadline(), w.clockStopped(),
        w.handedOutAt(), w.minHealthy(), w.standing()));
  }

  Scene deaf(double from, double to) {
    var spans = new ArrayList<>(hearing.deaf().spans());
    spans.add(new Deaf.Span(at(from), at(to)));
    hearing = new Hearing(hearing.interval(), new Deaf(spans));
    return this;
  }

  Scene boot(String id, long next) {
    boot = id;
    sequence = next - 1;
    return this;
  }

  Scene hears(double second, Observation seen) { return take(Listening.hear(ear, List.of(heard(second, seen)), hearing)); }

  /// A heartbeat each 30 s, the first at `from`.
  Scene keepsHearing(double from, double to, Observation seen) {
    for (double s = from; s <= to; s += 30)
      hears(s, seen);
    return this;
  }

  Heard heard(double second, Observation seen) { return new Heard(boot, ++sequence, at(second), seen); }

  Scene is(double second) { return take(Listening.elapsed(ear, at(second), hearing)); }

  Scene goes() { return take(Listening.decommissioned(ear)); }

  List<Finding> findings() { return findings; }

  List<String> facts() { return facts; }

  Pulse pulse() { return ear.pulse(); }

  Watch watch() { return ear.watches().getFirst(); }

  Double due() { return Gate.due(watch(), pulse().lastAt(), hearing).map(i -> Duration.between(ZERO, i).toMillis() / 1000.0).orElse(null); }

  private Scene take(Listening.Outcome outcome) {
    ear = outcome.ear();
    outcome.findings().forEach(f -> findings.add(f.finding()));
    if (outcome.fellSilent()) facts.add("silent");
    if (outcome.recovered()) facts.add("recovered");
    outcome.duplicates().forEach(d -> facts.add("duplicate " + d));
    return this;
  }

  private Scene with(Watch watch) {
    ear = new Listening.Ear(ear.pulse(), List.of(watch));
    return this;
  }
}
