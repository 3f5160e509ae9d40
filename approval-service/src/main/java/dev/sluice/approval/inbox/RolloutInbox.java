package dev.sluice.approval.inbox;

import dev.sluice.contract.RequestId;
import dev.sluice.approval.domain.ApprovalCommand;
import dev.sluice.approval.domain.ApprovalCommand.Apply;
import dev.sluice.approval.domain.ApprovalCommand.RequestContinuation;
import dev.sluice.approval.domain.ApprovalCommand.Supersede;
import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.approval.store.RequestDesk;
import dev.sluice.approval.store.RequestStore;
import dev.sluice.chassis.Inbox;
import dev.sluice.chassis.Kinds;
import dev.sluice.chassis.Message;
import dev.sluice.contract.ReconcilerEvent;
import dev.sluice.contract.RolloutEvent;
import dev.sluice.contract.RolloutEvent.Aborted;
import dev.sluice.contract.RolloutEvent.Approved;
import dev.sluice.contract.RolloutEvent.BreakerTripped;
import dev.sluice.contract.RolloutEvent.Cancelled;
import dev.sluice.contract.RolloutEvent.ContinuationDecided;
import dev.sluice.contract.RolloutEvent.Expired;
import dev.sluice.contract.RolloutEvent.Rejected;
import dev.sluice.contract.RolloutEvent.RollbackStarted;
import dev.sluice.contract.RolloutId;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads `sluice.rollout`: a trip is asked of people; what the rollout records of an answer is its outcome; a rollout that went another way needs no answer.
public final class RolloutInbox implements Inbox.Handler {
  public static final Kinds KINDS = new Kinds(RolloutEvent.class, ReconcilerEvent.class);
  /// The reasons of an abort that carries out what this service decided.
  private static final Set<String> ANSWERED = Set.of("decision", "expired");
  private final RequestDesk desk;
  private final RequestStore requests;
  private final InstantSource clock;

  public RolloutInbox(RequestDesk desk, RequestStore requests, InstantSource clock) {
    this.desk = desk;
    this.requests = requests;
    this.clock = clock;
  }

  @Override
  public void handle(List<Message> messages) {
    for (var message : messages)
      if (message.event() instanceof RolloutEvent event)
        message.traced(() -> command(new RolloutId(message.stream()), event)
            .ifPresent(command -> desk.handle(command, message.actor() == null ? "system" : message.actor())));
  }

  private Optional<ApprovalCommand> command(RolloutId rollout, RolloutEvent event) {
    return Optional.ofNullable(switch (event) {
      case BreakerTripped e -> asked(rollout, e);
      case Approved e -> new Apply(e.requestId());
      case Rejected e -> new Apply(e.requestId());
      case Expired e -> new Apply(e.requestId());
      case ContinuationDecided e -> new Apply(e.requestId());
      case Cancelled e -> new Supersede(RequestId.ofPlan(rollout), rollout, e.actor(), e.comment());
      case Aborted e when e.requestId() != null && ANSWERED.contains(e.reason()) -> new Apply(e.requestId());
      case Aborted e when e.requestId() != null -> new Supersede(e.requestId(), rollout, e.actor(), e.comment());
      case RollbackStarted e when e.requestId() != null -> new Supersede(e.requestId(), rollout, e.actor(), e.comment());
      default -> null;
    });
  }

  /// The numbers of the policy that was kept with the plan hold for its continuations too.
  private ApprovalCommand asked(RolloutId rollout, BreakerTripped tripped) {
    var policy = requests.policyKeptWith(RequestId.ofPlan(rollout)).orElseGet(PolicyPrecedence::byDefault);
    return new RequestContinuation(tripped.requestId(), rollout, tripped.trip(), policy, clock.instant());
  }
}
