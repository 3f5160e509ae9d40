package dev.sluice.rollout.domain;

import dev.sluice.contract.MemberState;
import dev.sluice.contract.Reason;

/// What a rollout remembers of one member, packed into 32 bits so that a million of them are four megabytes.
/// A value: each method that changes something returns another one.
///
/// Bits 0-3 the state, 4-7 the reason, 8-16 flags, 17-31 how many generations the rollout has used up for it. Generations are
/// counted from the one that the plan saw: the first instruction has 1, a withdrawal uses up one too.
record Member(int bits) {
  private static final MemberState[] STATES = MemberState.values();
  private static final Reason[] REASONS = Reason.values();
  private static final int STATE = 0xf;
  private static final int REASON = 0xf0;
  /// The current attempt is known to have been handed out.
  private static final int HANDED = 1 << 8;
  /// Some attempt of this rollout was handed out: the machine may run the target.
  private static final int MET = 1 << 9;
  /// A withdrawal of the current attempt was asked for.
  private static final int ASKED = 1 << 10;
  private static final int ANSWERED = 1 << 11;
  private static final int REGRESSED = 1 << 12;
  private static final int LATE = 1 << 13;
  /// The failure or regression counts for the breaker: a continuation takes this away.
  private static final int COUNTED = 1 << 14;
  /// The current attempt is a rollback instruction.
  private static final int BACK = 1 << 15;
  /// It failed before a continuation that set all counts to zero.
  private static final int FORGIVEN = 1 << 16;
  private static final int ONE = 1 << 17;

  static final Member PENDING = new Member(0);

  MemberState state() { return STATES[bits & STATE]; }

  /// Why it failed, was skipped or regressed; null where nothing is to be said.
  Reason reason() {
    int place = (bits & REASON) >>> 4;
    return place == 0 ? null : REASONS[place - 1];
  }

  boolean handedOut() { return has(HANDED); }

  boolean metTarget() { return has(MET); }

  boolean regressed() { return has(REGRESSED); }

  boolean lateHealthy() { return has(LATE); }

  boolean counted() { return has(COUNTED); }

  boolean forgivenBefore() { return has(FORGIVEN); }

  /// Failed because nobody was there.
  boolean absent() { return state() == MemberState.FAILED && reason() == Reason.NEVER_HANDED_OUT; }

  /// Failed, or healthy no more.
  boolean failing() { return state() == MemberState.FAILED || state() == MemberState.HEALTHY && regressed(); }

  /// Whether it counts for the streak and the canary, not for the ratio alone: silence after a healthy verdict is no failed upgrade.
  boolean countedInStreak() { return counted() && !(regressed() && reason() == Reason.SILENT); }

  /// Healthy once and seen to be so no more; silence shows nothing.
  boolean fallen() { return state() == MemberState.HEALTHY && regressed() && reason() != Reason.SILENT; }

  /// Whether it ends a run of failures: a healthy verdict that no loud regression took back.
  boolean endsStreak() { return state() == MemberState.HEALTHY && !fallen(); }

  /// Generations used up, the last one asked for included.
  int generations() { return bits >>> 17; }

  /// The generation of the current attempt, counted from the plan's; 0 before the first instruction.
  int attempt() { return has(ASKED) ? generations() - 1 : generations(); }

  boolean instructed() { return generations() > 0; }

  /// Whether a verdict on this attempt is still to come.
  boolean awaits(long generation) {
    return generation == generations() && !has(ASKED)
        && (state() == MemberState.IN_FLIGHT || sentBack());
  }

  /// On its way to either version, with or without an instruction out.
  boolean underWay() { return state() == MemberState.IN_FLIGHT || state() == MemberState.ROLLING_BACK; }

  /// On its way back or at its end, whether it got there or not.
  boolean back() {
    return switch (state()) {
      case ROLLING_BACK, ROLLED_BACK, ROLLBACK_FAILED -> true;
      case PENDING, IN_FLIGHT, HELD, HEALTHY, FAILED, SKIPPED -> false;
    };
  }

  /// On its way back, with an instruction out.
  boolean sentBack() { return state() == MemberState.ROLLING_BACK && has(BACK); }

  /// Whether it may still be told what it is to run, on the way up or back.
  boolean untold() {
    return state() == MemberState.IN_FLIGHT && !has(HANDED) || state() == MemberState.ROLLING_BACK && !(has(BACK) && has(HANDED));
  }

  boolean unanswered() { return has(ASKED) && !has(ANSWERED); }

  boolean withdrawn() { return has(ASKED) && has(ANSWERED) && !has(HANDED); }

  /// Whether an instruction is out that is not known as handed out and not yet asked back.
  boolean undelivered() { return instructed() && !has(HANDED) && !has(ASKED); }

  /// Whether its way back has still to be begun: neither instructed nor waiting for an answer.
  boolean unsettled() { return state() == MemberState.ROLLING_BACK && !has(BACK) && !unanswered(); }

  /// Whether a rollback touches it: it was instructed, is not back yet and is still there.
  boolean goesBack() {
    return instructed() && state() != MemberState.ROLLED_BACK
        && !(state() == MemberState.SKIPPED && reason() == Reason.DECOMMISSIONED);
  }

  Member told() { return without(HANDED | ASKED | ANSWERED | BACK | FORGIVEN | REASON).as(MemberState.IN_FLIGHT).oneMore(); }

  Member toldBack() { return without(HANDED | ASKED | ANSWERED).with(BACK).oneMore(); }

  Member handed() { return with(HANDED | MET); }

  Member judged(boolean healthy, Reason why, boolean counts) {
    var heard = why == Reason.NEVER_HANDED_OUT ? this : handed();
    return healthy ? heard.as(MemberState.HEALTHY) : heard.as(MemberState.FAILED).because(why).with(counts ? COUNTED : 0);
  }

  Member judgedBack(boolean healthy, Reason why) {
    var heard = !has(BACK) || why == Reason.NEVER_HANDED_OUT ? this : handed();
    return heard.as(healthy ? MemberState.ROLLED_BACK : MemberState.ROLLBACK_FAILED).because(why);
  }

  Member skipped(Reason why) { return as(MemberState.SKIPPED).because(why); }

  Member fell(Reason why) { return with(REGRESSED | COUNTED).because(why); }

  Member late() { return with(LATE); }

  Member asked() { return without(ANSWERED).with(ASKED).oneMore(); }

  Member answered(boolean withdrawn) { return withdrawn ? with(ANSWERED) : with(ANSWERED | HANDED | MET); }

  Member forgiven() { return without(COUNTED).with(FORGIVEN); }

  Member retried() { return without(COUNTED | REGRESSED | LATE | REASON).as(MemberState.PENDING); }

  Member goingBack() { return without(BACK | COUNTED | REASON).as(MemberState.ROLLING_BACK); }

  private boolean has(int flag) { return (bits & flag) != 0; }

  private Member with(int flags) { return new Member(bits | flags); }

  private Member without(int flags) { return new Member(bits & ~flags); }

  private Member as(MemberState state) { return new Member(bits & ~STATE | state.ordinal()); }

  private Member because(Reason why) { return new Member(bits & ~REASON | (why == null ? 0 : why.ordinal() + 1) << 4); }

  private Member oneMore() {
    if (generations() == 0x7fff) throw new IllegalStateException("a member has used up its 32,767 generations");
    return new Member(bits + ONE);
  }
}
