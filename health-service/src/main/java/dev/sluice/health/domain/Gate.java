package dev.sluice.health.domain;

import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.health.domain.Standing.Awaited;
import dev.sluice.health.domain.Standing.Closed;
import dev.sluice.health.domain.Standing.Failed;
import dev.sluice.health.domain.Standing.Healthy;
import dev.sluice.health.domain.Standing.LateHealthy;
import dev.sluice.health.domain.Standing.Regressed;
import dev.sluice.health.domain.Standing.Soaking;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The evidence for a verdict: what follows for one attempt from a heartbeat, from time, and from silence. `behaviour.md`, Execution.
///
/// The caller hands in the heartbeats of an instance in the order of their receipt, and asks about a time only when all that was received before it was handed
/// in. Then the findings depend on nothing else: not on how often, nor in which portions, nor by which replica the evidence was read.
public final class Gate {
  private Gate() {}

  /// What a heartbeat says about an attempt.
  enum Word {
    /// The target digest, and `healthy` for this generation where the agent reports a status for the module.
    GOOD,
    /// Something else than that.
    BAD,
    /// Nothing either way.
    NOTHING, APPLY_FAILED, UNHEALTHY
  }

  /// @param findings in order; usually none or one
  public record Outcome(Watch watch, List<Finding> findings) {
    public Outcome {
      findings = List.copyOf(findings);
    }

    Outcome then(Outcome next) {
      var all = new ArrayList<>(findings);
      all.addAll(next.findings);
      return new Outcome(next.watch, all);
    }
  }

  static Word word(Watch watch, Observation seen) {
    var status = seen.statuses().get(watch.moduleId());
    boolean counts = status != null && status.generation() == watch.generation();
    if (counts && status.state() == ModuleStatus.State.APPLY_FAILED) return Word.APPLY_FAILED;
    if (counts && status.state() == ModuleStatus.State.UNHEALTHY) return Word.UNHEALTHY;
    boolean contradicts = status != null && !(counts && status.state() == ModuleStatus.State.HEALTHY);
    if (seen.digests() == null) return counts && contradicts ? Word.BAD : Word.NOTHING;
    return !contradicts && watch.target().equals(seen.digests().get(watch.moduleId())) ? Word.GOOD : Word.BAD;
  }

  /// What follows from a heartbeat that counts.
  ///
  /// @param before when the instance was last heard before it; null: never
  public static Outcome heard(Watch watch, Instant before, Heard heard, Hearing hearing) {
    var outcome = elapsed(watch, before, heard.at(), hearing);
    var now = outcome.watch();
    if (now.handedOutAt() == null || !heard.at().isAfter(now.handedOutAt())) return outcome;
    return outcome.then(said(now, word(now, heard.observation()), heard, hearing));
  }

  private static Outcome said(Watch w, Word word, Heard h, Hearing hearing) {
    return switch (w.standing()) {
      case Awaited _ -> switch (word) {
        case GOOD -> w.minHealthy().isZero() ? healthy(w, h.at()) : unchanged(w.standing(new Soaking(h.at())));
        case APPLY_FAILED, UNHEALTHY -> failed(w, word, h);
        case BAD, NOTHING -> unchanged(w);
      };
      case Soaking(var since) -> switch (word) {
        case GOOD -> h.at().isBefore(hearing.after(since, w.minHealthy())) ? unchanged(w) : healthy(w, h.at());
        case APPLY_FAILED, UNHEALTHY -> failed(w, word, h);
        // rests on the deadline, so a pause that we have not heard of may undo it
        case BAD -> passed(w, h.at(), hearing) ? failed(w, word, h, true) : unchanged(w.standing(new Awaited()));
        case NOTHING -> unchanged(w);
      };
      case Healthy _ -> regressed(w, word, h);
      case Regressed(var reason) -> reason == Reason.SILENT ? regressed(w, word, h) : unchanged(w);
      case Failed(var reason, var since) -> switch (word) {
        case GOOD -> recovering(w, reason, since == null ? h.at() : since, h.at(), hearing);
        case BAD, APPLY_FAILED, UNHEALTHY -> unchanged(w.standing(new Failed(reason, null)));
        case NOTHING -> unchanged(w);
      };
      // for where its timeout is taken back
      case LateHealthy(var reason, var since) -> switch (word) {
        case GOOD -> since == null ? unchanged(w.standing(new LateHealthy(reason, h.at()))) : unchanged(w);
        case BAD, APPLY_FAILED, UNHEALTHY -> unchanged(w.standing(new LateHealthy(reason, null)));
        case NOTHING -> unchanged(w);
      };
      case Closed _ -> unchanged(w);
    };
  }

  /// What follows when it is `now` and all that was received before is known: deadlines pass, soaks end.
  ///
  /// @param lastHeard null: never
  public static Outcome elapsed(Watch w, Instant lastHeard, Instant now, Hearing hearing) {
    return switch (w.standing()) {
      case Awaited _ -> passed(w, now, hearing) ? timedOut(w, absence(w, lastHeard, hearing), deadline(w, hearing)) : unchanged(w);
      case Soaking(var since) -> {
        var end = hearing.after(since, w.minHealthy());
        if (now.isBefore(end)) yield unchanged(w);
        if (!hearing.silent(lastHeard, end)) yield healthy(w, end);
        yield passed(w, now, hearing) ? timedOut(w, Reason.SILENT, later(end, deadline(w, hearing))) : unchanged(w);
      }
      case Failed(var reason, var since) when since != null -> {
        var end = lateSoakEnd(w, since, hearing);
        yield now.isBefore(end) || hearing.silent(lastHeard, end) ? unchanged(w) : lateHealthy(w, reason, since);
      }
      case Failed _,Healthy _,Regressed _,LateHealthy _,Closed _ -> unchanged(w);
    };
  }

  /// What follows when the instance fell silent.
  public static Outcome fellSilent(Watch w) {
    return w.standing() instanceof Healthy && w.purpose() == Purpose.UPGRADE
        ? new Outcome(w.standing(new Regressed(Reason.SILENT)), List.of(new Finding.Regressed(Reason.SILENT)))
        : unchanged(w);
  }

  /// What follows from a heartbeat that says that the instance stops: what runs on it by then is no evidence, but an apply that failed did so before.
  public static Outcome stops(Watch watch, Instant before, Heard heard, Hearing hearing) {
    boolean failed = watch.standing().open() && word(watch, heard.observation()) == Word.APPLY_FAILED;
    var outcome = failed ? heard(watch, before, heard, hearing) : unchanged(watch);
    return outcome.then(gone(outcome.watch(), Reason.STOPPED));
  }

  /// What follows when the instance stopped or was decommissioned.
  public static Outcome gone(Watch w, Reason reason) {
    return w.standing().open() ? new Outcome(w.standing(new Closed()), List.of(new Finding.Gone(reason))) : unchanged(w);
  }

  /// When time may next change something, if no heartbeat comes; empty if it cannot.
  public static Optional<Instant> due(Watch w, Instant lastHeard, Hearing hearing) {
    return switch (w.standing()) {
      case Awaited _ -> w.clockStopped() ? Optional.empty() : Optional.of(deadline(w, hearing));
      case Soaking(var since) -> {
        var end = hearing.after(since, w.minHealthy());
        if (!hearing.silent(lastHeard, end)) yield Optional.of(end);
        yield w.clockStopped() ? Optional.empty() : Optional.of(later(end, deadline(w, hearing)));
      }
      case Failed(_, var since) when since != null -> {
        var end = lateSoakEnd(w, since, hearing);
        yield hearing.silent(lastHeard, end) ? Optional.empty() : Optional.of(end);
      }
      case Failed _,Healthy _,Regressed _,LateHealthy _,Closed _ -> Optional.empty();
    };
  }

  /// The deadline with the times added in which we were deaf.
  static Instant deadline(Watch w, Hearing hearing) {
    return hearing.after(w.instructedAt(), Duration.between(w.instructedAt(), w.deadline()));
  }

  private static boolean passed(Watch w, Instant now, Hearing hearing) {
    return !w.clockStopped() && !now.isBefore(deadline(w, hearing));
  }

  private static Reason absence(Watch w, Instant lastHeard, Hearing hearing) {
    if (w.handedOutAt() == null) return Reason.NEVER_HANDED_OUT;
    return hearing.silent(lastHeard, deadline(w, hearing)) ? Reason.SILENT : Reason.HEALTH_TIMEOUT;
  }

  private static Outcome recovering(Watch w, Reason reason, Instant since, Instant now, Hearing hearing) {
    return now.isBefore(lateSoakEnd(w, since, hearing)) ? unchanged(w.standing(new Failed(reason, since))) : lateHealthy(w, reason, since);
  }

  /// A late success is one after the deadline, even where the failure came before it.
  private static Instant lateSoakEnd(Watch w, Instant since, Hearing hearing) {
    return later(hearing.after(since, w.minHealthy()), deadline(w, hearing));
  }

  private static Outcome healthy(Watch w, Instant at) {
    return new Outcome(w.standing(new Healthy()), List.of(new Finding.Judged(true, false, null, null, at)));
  }

  private static Outcome failed(Watch w, Word word, Heard h) { return failed(w, word, h, false); }

  private static Outcome failed(Watch w, Word word, Heard h, boolean timeout) {
    var reason = word == Word.APPLY_FAILED ? Reason.APPLY_FAILED : Reason.UNHEALTHY;
    var detail = detail(w, h.observation());
    return new Outcome(w.standing(new Failed(reason, null)), List.of(new Finding.Judged(false, timeout, reason, detail, h.at())));
  }

  /// What made it bad: the agent's own words of this generation, else what it shows.
  private static String detail(Watch w, Observation seen) {
    var status = seen.statuses().get(w.moduleId());
    if (status != null && status.generation() == w.generation() && status.state() != ModuleStatus.State.HEALTHY) return status.detail();
    boolean runs = seen.digests() != null && w.target().equals(seen.digests().get(w.moduleId()));
    return status != null && runs
        ? "its status is of generation " + status.generation() + " and not of " + w.generation()
        : "another digest runs than the target";
  }

  private static Outcome timedOut(Watch w, Reason reason, Instant at) {
    return new Outcome(w.standing(new Failed(reason, null)), List.of(new Finding.Judged(false, true, reason, null, at)));
  }

  private static Outcome lateHealthy(Watch w, Reason reason, Instant since) {
    return new Outcome(w.standing(new LateHealthy(reason, since)), List.of(new Finding.LateHealthy()));
  }

  private static Outcome regressed(Watch w, Word word, Heard h) {
    if (w.purpose() != Purpose.UPGRADE) return unchanged(w);
    boolean failing = word == Word.APPLY_FAILED || word == Word.UNHEALTHY;
    boolean other = h.observation().digests() != null && !w.target().equals(h.observation().digests().get(w.moduleId()));
    if (!failing && !other) return unchanged(w);
    var reason = failing ? Reason.UNHEALTHY : Reason.OTHER_DIGEST;
    return new Outcome(w.standing(new Regressed(reason)), List.of(new Finding.Regressed(reason)));
  }

  private static Outcome unchanged(Watch w) { return new Outcome(w, List.of()); }

  private static Instant later(Instant one, Instant other) { return one.isAfter(other) ? one : other; }
}
