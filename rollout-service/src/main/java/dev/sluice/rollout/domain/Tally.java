package dev.sluice.rollout.domain;

import dev.sluice.contract.MemberState;

/// Counts over members that follow one another in plan order, with their runs of failures. Adding the tallies of two neighbours gives
/// the tally of both, so that chunks keep theirs and a rollout of a million is counted in a thousand steps.
///
/// Mutable while it is added up; who holds one from [Members] only reads it.
final class Tally {
  private static final int STATES = MemberState.values().length;

  private final int[] byState = new int[STATES];
  private int undelivered;
  private int untold;
  private int untouched;
  private int regressed;
  private int fallen;
  private int late;
  private int unanswered;
  private int unsettled;
  private int counted;
  private int goingBack;
  // A run of failures that count: the one at the start, the longest, the one at the end; nothing has ended a run yet where !ended.
  private boolean ended;
  private int first;
  private int longest;
  private int last;

  void add(Member member) {
    byState[member.state().ordinal()]++;
    if (member.state() == MemberState.IN_FLIGHT && !member.handedOut()) undelivered++;
    if (member.untold()) untold++;
    if (member.state() == MemberState.PENDING && !member.instructed()) untouched++;
    if (member.regressed()) regressed++;
    if (member.fallen()) fallen++;
    if (member.lateHealthy()) late++;
    if (member.unanswered()) unanswered++;
    if (member.unsettled()) unsettled++;
    if (member.counted()) counted++;
    if (member.goesBack()) goingBack++;
    if (member.countedInStreak()) last++;
    else if (member.endsStreak()) endRun();
  }

  void add(Tally next) {
    for (int i = 0; i < STATES; i++)
      byState[i] += next.byState[i];
    undelivered += next.undelivered;
    untold += next.untold;
    untouched += next.untouched;
    regressed += next.regressed;
    fallen += next.fallen;
    late += next.late;
    unanswered += next.unanswered;
    unsettled += next.unsettled;
    counted += next.counted;
    goingBack += next.goingBack;
    if (next.ended) {
      last += next.first;
      endRun();
      longest = Math.max(longest, next.longest);
      last = next.last;
    } else
      last += next.last;
  }

  private void endRun() {
    if (!ended) first = last;
    ended = true;
    longest = Math.max(longest, last);
    last = 0;
  }

  int of(MemberState state) { return byState[state.ordinal()]; }

  /// Members without an end: those that keep a batch from ending.
  int waiting() { return of(MemberState.PENDING) + of(MemberState.IN_FLIGHT); }

  /// In flight, and not known as handed out.
  int undelivered() { return undelivered; }

  /// The same, and those on their way back that were not handed where to.
  int untold() { return untold; }

  /// Pending, and never told: who is to be tried again was.
  int untouched() { return untouched; }

  int regressed() { return regressed; }

  /// Regressed, and not by silence alone.
  int fallen() { return fallen; }

  /// Failed, or healthy no more.
  int failing() { return of(MemberState.FAILED) + regressed; }

  int lateHealthy() { return late; }

  int unanswered() { return unanswered; }

  int unsettled() { return unsettled; }

  /// Failed or regressed, and counting for the breaker.
  int counted() { return counted; }

  /// Members that a rollback would touch.
  int goingBack() { return goingBack; }

  /// The longest run of failures that count.
  int longestStreak() { return Math.max(longest, last); }
}
