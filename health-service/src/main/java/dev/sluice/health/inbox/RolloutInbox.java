package dev.sluice.health.inbox;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.Choice;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.Aborted;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.Cancelled;
import dev.sluice.contract.RolloutEvent.Completed;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.RolloutEvent.Expired;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.MembersSkipped;
import dev.sluice.contract.RolloutEvent.Paused;
import dev.sluice.contract.RolloutEvent.Planned;
import dev.sluice.contract.RolloutEvent.Rejected;
import dev.sluice.contract.RolloutEvent.Resumed;
import dev.sluice.contract.RolloutEvent.RollbackStarted;
import dev.sluice.contract.RolloutEvent.RollbackVerdictsRecorded;
import dev.sluice.contract.RolloutEvent.RolledBack;
import dev.sluice.contract.RolloutEvent.Started;
import dev.sluice.contract.RolloutEvent.VerdictsRecorded;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.health.store.AttemptStore;
import dev.sluice.health.store.GateStore;
import dev.sluice.health.store.GateStore.Gate;
import dev.sluice.health.store.Reports;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;

/// The facts of rollouts: what instances must run, what is delivered now, whose clocks stand still. Each fact in one transaction with its place in the stream; before that
/// of an end, all attempts are closed in bounded parts.
public final class RolloutInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(RolloutEvent.class, ReconcilerEvent.class);
  private final Db db;
  private final Journal journal;
  private final GateStore gates;
  private final AttemptStore attempts;
  private final Runnable changed;

  /// @param changed told when replicas have something to learn
  public RolloutInbox(Db db, Journal journal, GateStore gates, AttemptStore attempts, Runnable changed) {
    this.db = db;
    this.journal = journal;
    this.gates = gates;
    this.attempts = attempts;
    this.changed = changed;
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages)
      if (message.event() instanceof RolloutEvent event && concerns(event)) message.traced(() -> take(message, event));
  }

  private void take(Message message, RolloutEvent event) {
    if (ends(event)) closeInParts(message, event instanceof Completed || event instanceof Aborted);
    if (!db.inTransaction(tx -> take(tx, message, event))) return;
    journal.nudge();
    changed.run();
  }

  private static boolean concerns(RolloutEvent event) {
    return ends(event) || switch (event) {
      case Planned _,Started _,Paused _,Resumed _,BreakerTripped _,ContinuationDecided _,RollbackStarted _ -> true;
      case InstancesInstructed _,WithdrawalsAsked _,MembersSkipped _ -> true;
      case VerdictsRecorded e -> AttemptStore.concern(e.verdicts());
      case RollbackVerdictsRecorded e -> AttemptStore.concern(e.verdicts());
      default -> false;
    };
  }

  private static boolean ends(RolloutEvent event) {
    return event instanceof Aborted || event instanceof Rejected || event instanceof Expired || event instanceof Cancelled
        || event instanceof Completed || event instanceof RolledBack;
  }

  /// Nothing more is handed out, and one bounded part is closed after the other. Only then does the fact get its place in the stream.
  private void closeInParts(Message message, boolean lateToo) {
    var part = OptionalInt.of(-1);
    while (part.isPresent()) {
      int after = part.getAsInt();
      part = db.inTransaction(tx -> {
        gates.lock(tx, message.stream());
        if (!Inbox.isNew(tx, message)) return OptionalInt.empty();
        gates.deliver(tx, message.stream(), message.seq(), null, message.at());
        return attempts.close(tx, message.stream(), lateToo, after);
      });
    }
  }

  private boolean take(Db.Tx tx, Message message, RolloutEvent event) {
    if (!Inbox.fresh(tx, message)) return false;
    var rollout = message.stream();
    var gate = gates.lock(tx, rollout);
    var at = message.at();
    var reports = new Reports();
    if (turns(event)) gates.heardAgain(tx, rollout, gate, at);
    switch (event) {
      case InstancesInstructed e -> attempts.instruct(tx, rollout, e, at).forEach(member -> reports.gone(rollout, null, member));
      case WithdrawalsAsked e -> attempts.withdraw(tx, rollout, e).forEach(answer -> reports.withdrawal(rollout, answer));
      case VerdictsRecorded e -> attempts.record(tx, rollout, e.verdicts());
      case RollbackVerdictsRecorded e -> attempts.record(tx, rollout, e.verdicts());
      case MembersSkipped e -> attempts.skip(tx, rollout, e.marks());
      case Started _ -> {
        gates.begin(tx, rollout);
        turn(tx, message, new Gate(true, false, gate.pausedSince(), null), Purpose.UPGRADE);
      }
      case Paused _ -> turn(tx, message, new Gate(gate.upgrading(), gate.rollingBack(), at, gate.trippedSince()), null);
      case Resumed _ -> {
        moveOn(tx, rollout, gate.pausedSince(), at, true);
        turn(tx, message, new Gate(gate.upgrading(), gate.rollingBack(), null, gate.trippedSince()), purpose(gate));
      }
      case BreakerTripped _ -> {
        moveOn(tx, rollout, gate.pausedSince(), at, true);
        turn(tx, message, new Gate(gate.upgrading(), false, null, at), null);
      }
      case ContinuationDecided e when e.choice() == Choice.CONTINUE_ANYWAY || e.choice() == Choice.RETRY_FAILED -> {
        moveOn(tx, rollout, gate.trippedSince(), at, false);
        turn(tx, message, new Gate(gate.upgrading(), false, null, null), Purpose.UPGRADE);
      }
      case RollbackStarted _ -> {
        moveOn(tx, rollout, gate.pausedSince(), at, true);
        moveOn(tx, rollout, gate.trippedSince(), at, false);
        turn(tx, message, new Gate(gate.upgrading(), true, null, null), Purpose.ROLLBACK);
      }
      case Aborted _,Rejected _,Expired _,Cancelled _,Completed _,RolledBack _ -> {
        gates.deliver(tx, rollout, message.seq(), null, at);
        gates.write(tx, rollout, new Gate(gate.upgrading(), false, null, null), true);
      }
      default -> {
        // a rollout that is planned has a gate from now on
      }
    }
    reports.append(tx, journal, at, null);
    return true;
  }

  /// Whether the fact says what is delivered, before the rollout-service is asked.
  private static boolean turns(RolloutEvent event) {
    return event instanceof Paused || event instanceof BreakerTripped || event instanceof RollbackStarted;
  }

  private void turn(Db.Tx tx, Message message, Gate gate, Purpose purpose) {
    gates.deliver(tx, message.stream(), message.seq(), purpose, message.at());
    gates.write(tx, message.stream(), gate, false);
  }

  private static Purpose purpose(Gate gate) {
    if (gate.trippedSince() != null) return null;
    if (gate.rollingBack()) return Purpose.ROLLBACK;
    return gate.upgrading() ? Purpose.UPGRADE : null;
  }

  private void moveOn(Db.Tx tx, String rollout, Instant since, Instant at, boolean handedOutToo) {
    if (since != null) gates.stoodStill(tx, rollout, since, at, handedOutToo);
  }
}
