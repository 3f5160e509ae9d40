package dev.sluice.health.domain;

import dev.sluice.contract.Reason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// What follows for an instance, and for all attempts on it, from its heartbeats, from time and from silence. The caller's duty is [Gate]'s.
public final class Listening {
  private Listening() {}

  /// One instance with the attempts on it.
  public record Ear(Pulse pulse, List<Watch> watches) {
    public Ear {
      watches = List.copyOf(watches);
    }
  }

  /// @param watch the place in [Ear#watches]
  public record Found(int watch, Finding finding) {}

  /// @param fellSilent   it was told as reporting, and is silent
  /// @param recovered    it was silent, and is heard again
  /// @param counted      heartbeats that counted; the others were late or repeated
  /// @param duplicates   boots that alternate with the present one
  public record Outcome(Ear ear, List<Found> findings, boolean fellSilent, boolean recovered, int counted, List<String> duplicates) {
    public Outcome {
      findings = List.copyOf(findings);
      duplicates = List.copyOf(duplicates);
    }

    static Outcome of(Ear ear) { return new Outcome(ear, List.of(), false, false, 0, List.of()); }

    Outcome then(Outcome next) {
      return new Outcome(next.ear, joined(findings, next.findings), fellSilent || next.fellSilent, recovered || next.recovered,
          counted + next.counted, joined(duplicates, next.duplicates));
    }

    private static <T> List<T> joined(List<T> one, List<T> other) {
      var all = new ArrayList<>(one);
      all.addAll(other);
      return all;
    }
  }

  /// What follows from heartbeats, in the order of their receipt.
  public static Outcome hear(Ear ear, List<Heard> heartbeats, Hearing hearing) {
    var outcome = Outcome.of(ear);
    for (var heard : heartbeats)
      outcome = outcome.then(hear(outcome.ear(), heard, hearing));
    return outcome;
  }

  private static Outcome hear(Ear ear, Heard heard, Hearing hearing) {
    var placed = ear.pulse().order().place(heard.bootId(), heard.sequence());
    if (!placed.counts()) {
      var pulse = ear.pulse();
      return Outcome.of(new Ear(new Pulse(placed.order(), pulse.lastAt(), pulse.silent(), pulse.known()), ear.watches()));
    }
    var until = elapsed(ear, heard.at(), hearing);
    var before = until.ear().pulse();
    var known = before.known() == null ? heard.observation() : heard.observation().after(before.known());
    var watches = until.ear().watches();
    var each = each(watches,
        w -> known.stopped() ? Gate.stops(w, before.lastAt(), heard, hearing) : Gate.heard(w, before.lastAt(), heard, hearing));
    return until.then(new Outcome(new Ear(new Pulse(placed.order(), heard.at(), false, known), each.watches), each.findings, false,
        before.silent(), 1, placed.duplicateBoot().map(List::of).orElse(List.of())));
  }

  /// What follows when it is `now` and all that was received before was handed in.
  public static Outcome elapsed(Ear ear, Instant now, Hearing hearing) {
    var each = each(ear.watches(), w -> elapsed(w, ear.pulse(), now, hearing));
    var outcome = new Outcome(new Ear(ear.pulse(), each.watches), each.findings, false, false, 0, List.of());
    return outcome.then(silence(outcome.ear(), now, hearing));
  }

  /// Who has stopped is waited for only where a timeout was taken back: up to his stop as anybody is.
  private static Gate.Outcome elapsed(Watch w, Pulse pulse, Instant now, Hearing hearing) {
    if (!pulse.stopped()) return Gate.elapsed(w, pulse.lastAt(), now, hearing);
    var until = Gate.elapsed(w, pulse.lastAt(), pulse.lastAt(), hearing);
    return until.then(Gate.gone(until.watch(), Reason.STOPPED));
  }

  private static Outcome silence(Ear ear, Instant now, Hearing hearing) {
    var pulse = ear.pulse();
    if (pulse.silent() || !pulse.expected() || !hearing.silent(pulse.lastAt(), now)) return Outcome.of(ear);
    var each = each(ear.watches(), Gate::fellSilent);
    return new Outcome(new Ear(new Pulse(pulse.order(), pulse.lastAt(), true, pulse.known()), each.watches), each.findings, true, false, 0,
        List.of());
  }

  /// What follows when the instance is decommissioned.
  public static Outcome decommissioned(Ear ear) {
    var each = each(ear.watches(), w -> Gate.gone(w, Reason.DECOMMISSIONED));
    return new Outcome(new Ear(ear.pulse(), each.watches), each.findings, false, false, 0, List.of());
  }

  private record Each(List<Watch> watches, List<Found> findings) {}

  private static Each each(List<Watch> watches, Function<Watch, Gate.Outcome> rule) {
    var after = new ArrayList<Watch>(watches.size());
    var findings = new ArrayList<Found>();
    for (int i = 0; i < watches.size(); i++) {
      var outcome = rule.apply(watches.get(i));
      after.add(outcome.watch());
      for (var finding : outcome.findings())
        findings.add(new Found(i, finding));
    }
    return new Each(after, findings);
  }
}
