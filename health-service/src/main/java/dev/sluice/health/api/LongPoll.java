package dev.sluice.health.api;

import dev.sluice.chassis.Http;
import dev.sluice.contract.Problem;
import dev.sluice.health.ingest.Assigned;
import dev.sluice.health.ingest.Cell;
import dev.sluice.health.ingest.Teller;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.util.List;

/// Waits for an instruction: answers as soon as there is one, else empty when the time is over or the instance asks again and again. What this replica told a moment ago it does not tell again at once,
/// so that an agent that is slow to echo does not spin.
final class LongPoll {
  private static final long AGAIN_MS = 1_000;
  private static final long RETRY_MS = 500;
  /// Of one instance, here: some may be left over from connections that broke.
  private static final int POLLS = 4;
  private final Vertx vertx;
  private final AgentDoor door;
  private final Teller teller;
  private final AgentAnswers answers;

  LongPoll(Vertx vertx, AgentDoor door, Teller teller, AgentAnswers answers) {
    this.vertx = vertx;
    this.door = door;
    this.teller = teller;
    this.answers = answers;
  }

  void handle(RoutingContext context) {
    int waitSec = Http.query(context, "wait_sec").map(Integer.class::cast).orElse(0);
    var loop = Vertx.currentContext();
    door.enter(context.request(), context.pathParam("id")).onSuccess(entry -> loop.runOnContext(_ -> {
      if (entry.refusal() != null) refuse(context, entry.refusal());
      else
        new Poll(context, loop, entry).begin(waitSec);
    }));
  }

  private static void refuse(RoutingContext context, Problem problem) {
    if (problem.status() == 401) context.response().putHeader("WWW-Authenticate", "Bearer");
    Http.problem(context, problem);
  }

  /// One call. Lives on its event loop.
  private final class Poll implements Cell.Listener {
    private final RoutingContext context;
    private final Context loop;
    private final AgentDoor.Entry entry;
    private final Cell cell;
    private long timer = -1;
    private long retry = -1;
    private boolean asking;
    private boolean done;

    Poll(RoutingContext context, Context loop, AgentDoor.Entry entry) {
      this.context = context;
      this.loop = loop;
      this.entry = entry;
      this.cell = entry.cell();
    }

    void begin(int waitSec) {
      context.response().closeHandler(_ -> end());
      cell.listen(this, POLLS);
      if (waitSec == 0) {
        teller.tell(cell).onSuccess(told -> loop.runOnContext(_ -> answer(told)));
        return;
      }
      timer = vertx.setTimer(waitSec * 1_000L, _ -> answer(List.of()));
      look();
    }

    @Override
    public void mayHaveChanged() { loop.runOnContext(_ -> look()); }

    @Override
    public void leave() { loop.runOnContext(_ -> answer(List.of())); }

    private void look() {
      if (done || asking) return;
      if (!entry.holds()) {
        answer(List.of());
        return;
      }
      if (!teller.mayTell(cell)) return;
      if (toldAMomentAgo()) {
        again(AGAIN_MS);
        return;
      }
      asking = true;
      teller.tell(cell).onSuccess(told -> loop.runOnContext(_ -> {
        asking = false;
        if (!told.isEmpty()) answer(told);
        else
          again(RETRY_MS);
      }));
    }

    private boolean toldAMomentAgo() {
      return cell.toldWithin(AGAIN_MS * 1_000_000) && cell.assigned().stream().allMatch(Assigned::handedOut);
    }

    private void again(long millis) {
      if (retry < 0 && !done) retry = vertx.setTimer(millis, _ -> {
        retry = -1;
        look();
      });
    }

    private void answer(List<Assigned> told) {
      if (done) return;
      end();
      if (!entry.holds()) {
        refuse(context, AgentDoor.voidToken(cell));
        return;
      }
      if (!told.isEmpty()) cell.told();
      var response = context.response();
      if (!response.ended() && !response.closed())
        response.putHeader("Content-Type", "application/json").end(answers.desired(told));
    }

    private void end() {
      done = true;
      cell.ignore(this);
      if (timer >= 0) vertx.cancelTimer(timer);
      if (retry >= 0) vertx.cancelTimer(retry);
    }
  }
}
