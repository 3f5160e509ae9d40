package dev.sluice.approval.store;

import dev.sluice.approval.domain.ApprovalCommand;
import dev.sluice.approval.domain.ApprovalDecider;
import dev.sluice.approval.domain.Request;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Kinds;
import dev.sluice.contract.ApprovalEvent;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.Topics;
import java.time.InstantSource;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where commands meet requests. Blocks; call on virtual threads.
public final class RequestDesk {
  private static final Logger log = LoggerFactory.getLogger(RequestDesk.class);
  private final Desk<Request, ApprovalCommand, ApprovalEvent> desk;
  private final InstantSource clock;

  public RequestDesk(Chassis chassis) {
    clock = chassis.clock();
    desk = new Desk<>(chassis.db(), chassis.journal(), chassis.clock(), new ApprovalDecider(), new Desk.Stream<>(Topics.APPROVAL,
        new Kinds(ApprovalEvent.class), (_, request) -> request.scope().rolloutId().value(), Request::scope, new RequestRows(),
        request -> request));
  }

  public Request load(RequestId id) { return desk.load(id.value()).state(); }

  /// Does a command; a repeated one changes nothing.
  public Desk.Outcome<Request, ApprovalEvent> handle(ApprovalCommand command, String actor) {
    return handle(command.id(), _ -> command, actor);
  }

  /// Does a command that is made when its turn has come. It looks at the clock that it is given after all that it waits for: what has waited may be too late.
  public Desk.Outcome<Request, ApprovalEvent> handle(RequestId id, Function<InstantSource, ApprovalCommand> command, String actor) {
    var outcome = desk.handle(id.value(), _ -> command.apply(clock), actor);
    if (outcome instanceof Desk.Done<Request, ApprovalEvent> done) for (var event : done.events())
      log.atInfo().addKeyValue("request", id).addKeyValue("rollout", done.state().scope().rolloutId()).addKeyValue("actor", actor)
          .log("Request: {}", Kinds.name(event.getClass()));
    return outcome;
  }
}
