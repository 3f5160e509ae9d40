package dev.sluice.cli.check;

import java.util.Locale;
import java.util.function.Function;

/// What must hold of every rollout, in the order of `docs/invariants.md`.
public enum Invariant {
  BATCH_GATE("No batch opens before the gate of the one before it.", "gate", "a pause of the reconciler is no event of the rollout",
      BatchGate::new), //
  IN_FLIGHT("Never more are in flight than allowed.", "instruction", "", InFlight::new), //
  MEMBERS_ONLY("Only members of an opened batch are instructed.", "instruction", "", MembersOnly::new), //
  ONE_CLAIM("There is one claim for each instance and module.", "claim", "", OneClaim::new), //
  EVIDENCE_AFTER("Evidence is newer than its instruction.", "verdict",
      "the heartbeats themselves: only the time of each one that decided", EvidenceAfter::new), //
  VERDICT_ONCE("A verdict is recorded once for each attempt.", "verdict", "", VerdictOnce::new), //
  BREAKER_RULE("The breaker trips exactly by its rule.", "failure", "", BreakerRule::new), //
  ONE_QUESTION("One trip, one event, one question.", "trip", "", OneQuestion::new), //
  WITHHELD("Nothing is handed out after the withholding is committed.", "withholding",
      "when the health-service committed it: it is granted the default delivery lease of 10 s; hand-outs of earlier attempts",
      Withheld::new), //
  AFTER_ABORT("Nothing is instructed after an abort, or another end.", "end", "", AfterAbort::new), //
  REVISION_APPROVED("What runs is exactly the revision that was approved.", "approval", "", RevisionApproved::new), //
  ROLLBACK_OWN("A rollback returns each instructed instance to its own version before.", "return", "", RollbackOwn::new), //
  OFFER_ENDED("Nobody meets a version after its rollout stopped offering it.", "withdrawn offer",
      "when the withdrawal was committed: it is granted the default delivery lease of 10 s; hand-outs of earlier attempts",
      OfferEnded::new), //
  OWN_ABSENCE("Our own absence fails no instance.", "timeout",
      "when ingest did not work: only that no deadline was judged before its whole time", OwnAbsence::new), //
  EVENT_CHANGE("Every change has its event and every event its change.", "change",
      "what is told to nobody: hand-outs, withdrawals and late_healthy have no event", EventChange::new), //
  STREAM_WHOLE("The stream has no gap and no repeat at any cursor.", "event", "cursors other than those that were tried", StreamWhole::new), //
  COUNTS_ADD_UP("The counts add up.", "sum", "", CountsAddUp::new);

  private final String sentence;
  private final String unit;
  private final String unseen;
  private final Function<History, Check> check;

  Invariant(String sentence, String unit, String unseen, Function<History, Check> check) {
    this.sentence = sentence;
    this.unit = unit;
    this.unseen = unseen;
    this.check = check;
  }

  /// Its name for people and scripts, for example `batch-gate`.
  public String word() { return name().toLowerCase(Locale.ROOT).replace('_', '-'); }

  public String sentence() { return sentence; }

  /// What its premise is, in the singular.
  public String unit() { return unit; }

  /// What of it the public surface does not show; empty where it shows all.
  public String unseen() { return unseen; }

  Check check(History history) { return check.apply(history); }
}
