package dev.sluice.approval.inbox;

import dev.sluice.approval.domain.ApprovalCommand.Expire;
import dev.sluice.approval.store.RequestDesk;
import dev.sluice.approval.store.RequestStore;
import dev.sluice.chassis.Loop;
import java.time.Duration;
import java.time.InstantSource;

/// Ends requests whose life is over. A round claims at most `cap` of them; what a round could not end is claimed again after a while, by whichever replica.
public final class ExpirySweep implements Loop.Work {
  private static final Duration CLAIM = Duration.ofSeconds(15);
  private final RequestDesk desk;
  private final RequestStore requests;
  private final InstantSource clock;
  private final int cap;

  public ExpirySweep(RequestDesk desk, RequestStore requests, InstantSource clock, int cap) {
    this.desk = desk;
    this.requests = requests;
    this.clock = clock;
    this.cap = cap;
  }

  @Override
  public boolean round() {
    var now = clock.instant();
    var due = requests.claimDue(now, now.plus(CLAIM), cap);
    Loop.each(due, "request", id -> desk.handle(new Expire(id, now), "system"));
    return due.size() == cap;
  }
}
