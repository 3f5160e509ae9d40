package dev.sluice.rollout.domain;

import dev.sluice.contract.Words;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.MemberState;
import dev.sluice.contract.RolloutState;
import dev.sluice.rollout.domain.Stage.*;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// Why a rollout stands where it stands, and what would move it.
///
/// @param blockedOn one of the words of the OpenAPI document
/// @param detail    for people: the fact, and the way out
/// @param checks    what must be so for it to go on, in the order in which it is needed
public record Diagnosis(String blockedOn, String detail, List<Check> checks) {
  public record Check(String name, boolean ok, String detail) {}

  /// What stands around a rollout.
  ///
  /// @param pausedEverywhere    whether the reconciler is paused as a whole
  /// @param pausedForTemplate   whether it is paused for the rollout's template
  /// @param reconcilerAlive     whether it has run lately
  public record Surroundings(boolean pausedEverywhere, boolean pausedForTemplate, boolean reconcilerAlive) {
    boolean paused() { return pausedEverywhere || pausedForTemplate; }
  }

  private static final int NAMED = 20;
  private static final Set<RolloutState> NEVER_APPROVED = Set.of(RolloutState.REJECTED, RolloutState.EXPIRED, RolloutState.CANCELLED);

  public static Diagnosis of(Standing standing, Surroundings around) {
    var checks = checks(standing, around);
    var rollout = standing.rollout();
    var id = rollout.plan().rolloutId();
    return switch (rollout.stage()) {
      case Absent _ -> throw new IllegalArgumentException("there is nothing to diagnose");
      case AwaitingApproval _ -> new Diagnosis("approval", "waiting for approval: revision " + rollout.plan().revision() + " needs "
          + rollout.plan().policy().requiredApprovals() + " approval(s); decide the approval request " + RequestId.ofPlan(id)
          + " before it expires: it says who has voted, and whether a policy forbids it by now",
          checks);
      case Approved _ when rollout.roster() == null -> new Diagnosis("plan_members",
          "approved, but the members of the plan have not all arrived from the planner-service yet; they come by themselves when it and Kafka work",
          checks);
      case Approved _ when around.paused() -> new Diagnosis("reconciler", reconciler(around, "the rollout"), checks);
      case Approved _ -> new Diagnosis("target_check",
          "approved; it starts when the planner-service says that the target version can still be had. It asks at once, then with each tick",
          checks);
      case Paused(var left) -> new Diagnosis("resume", "paused out of " + word(left) + "; " + held(standing)
          + " resume, abort or roll back the rollout", checks);
      case AwaitingDecision s -> new Diagnosis("decision", "the circuit breaker tripped in batch " + (s.trip().batchIndex() + 1) + ": "
          + s.trip().reason() + "; decide the approval request " + s.requestId()
          + ": continue_anyway, retry_failed, rollback_completed_batches or abort", checks);
      case Running s when s.open() -> new Diagnosis("instances", instances(standing), checks);
      case Running s when s.finishing() -> new Diagnosis("template_move",
          "all verdicts are in; waiting for the planner-service to set the template to " + rollout.plan().target().version(), checks);
      case Running _ -> new Diagnosis("reconciler", reconciler(around, "batch " + (rollout.progress().batch() + 2)), checks);
      case RollingBack s when s.finishing() -> new Diagnosis("template_move",
          "all instances are back; waiting for the planner-service to set the template back", checks);
      case RollingBack _ -> new Diagnosis("rollback_instances", back(standing), checks);
      case Ended _ when !standing.released() ->
        new Diagnosis("withdrawals", "it has ended; a new plan for this template and module is possible when the"
            + " health-service has confirmed " + standing.unanswered() + " withdrawal(s)", checks);
      case Ended(var as, _) -> new Diagnosis("nothing", "it has ended: " + Words.of(as), checks);
    };
  }

  private static List<Check> checks(Standing standing, Surroundings around) {
    var rollout = standing.rollout();
    var checks = new ArrayList<Check>();
    checks.add(switch (rollout.stage()) {
      case AwaitingApproval _ -> new Check("approved", false, "the approval request is open");
      case Ended(var as, _) when NEVER_APPROVED.contains(as) -> new Check("approved", false, Words.of(as));
      default -> new Check("approved", true, "decided");
    });
    boolean paused = rollout.stage() instanceof Paused;
    checks.add(new Check("not_paused", !paused, paused ? "an operator paused it" : "no pause"));
    boolean tripped = rollout.stage() instanceof AwaitingDecision;
    checks.add(new Check("breaker_armed", !tripped,
        tripped
            ? "tripped"
            : "the longest run of failures is " + standing.failureStreak() + " of "
                + rollout.plan().inputs().maxConsecutiveFailures()));
    boolean back = rollout.stage() instanceof RollingBack s && s.open();
    boolean open = back || standing.batchOpen();
    checks.add(new Check("batch_ended", !open, back ? back(standing) : open ? instances(standing) : "no batch is open"));
    checks.add(new Check("reconciler_not_paused", !around.paused(), around.paused() ? reconciler(around, "a batch") : "batches may start"));
    checks.add(new Check("reconciler_alive", around.reconcilerAlive(),
        around.reconcilerAlive() ? "it has run lately" : "it has not run for three ticks: is a rollout-service up?"));
    return checks;
  }

  private static String reconciler(Surroundings around, String what) {
    if (!around.paused()) return what + " starts with the next tick of the reconciler";
    return "the reconciler is paused" + (around.pausedEverywhere() ? "" : " for this template") + ", so " + what
        + " does not start; resume the reconciler";
  }

  private static String back(Standing standing) {
    return standing.rollout().stage() instanceof RollingBack s
        ? "batch " + (s.batch() + 1) + " goes back: waiting for " + named(standing.awaited(NAMED), standing.underWay())
            + "; failures do not stop it, each ends at its deadline"
        : "nothing goes back";
  }

  private static String instances(Standing standing) {
    var rollout = standing.rollout();
    var tally = rollout.tally(rollout.progress().batch());
    int waiting = tally.waiting();
    if (waiting == 0)
      return "batch " + (rollout.progress().batch() + 1) + " has all its verdicts; the rollout itself waits";
    var never = tally.undelivered() == 0
        ? ""
        : "; " + tally.undelivered()
            + (standing.holds() ? " instruction(s) are held back" : " did not fetch the instruction yet: are their agents up?");
    var untold = tally.of(MemberState.PENDING) == 0 ? "" : "; " + tally.of(MemberState.PENDING) + " are not told yet (max_in_flight)";
    return "batch " + (rollout.progress().batch() + 1) + " waits for " + named(standing.awaited(NAMED), waiting) + never + untold
        + "; each is judged within " + (rollout.plan().inputs().healthTimeoutSec() + rollout.plan().inputs().minHealthySec())
        + " s of its instruction";
  }

  private static String held(Standing standing) {
    int held = standing.counts().get(MemberState.HELD);
    return held == 0 ? "nothing is handed out;" : held + " instruction(s) are held back;";
  }

  private static String named(List<InstanceId> some, int all) {
    var names = some.stream().map(InstanceId::value).collect(Collectors.joining(", "));
    return all + (all == 1 ? " instance" : " instances") + (names.isEmpty() ? "" : " (" + names + (all > some.size() ? ", ..." : "") + ")");
  }

  private static String word(Stage stage) { return Words.of(stage.seen()); }
}
