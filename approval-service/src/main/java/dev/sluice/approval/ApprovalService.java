package dev.sluice.approval;

import dev.sluice.approval.api.PoliciesApi;
import dev.sluice.approval.api.RequestsApi;
import dev.sluice.approval.inbox.ExpirySweep;
import dev.sluice.approval.inbox.PlanInbox;
import dev.sluice.approval.inbox.Questions;
import dev.sluice.approval.inbox.RolloutInbox;
import dev.sluice.approval.store.PolicyDesk;
import dev.sluice.approval.store.PolicyStore;
import dev.sluice.approval.store.RequestDesk;
import dev.sluice.approval.store.RequestStore;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Node;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Topics;

/// The approval-service: puts plans and trips to people, counts their votes, and keeps the policies that answer without asking.
public final class ApprovalService implements AutoCloseable {
  private final Chassis chassis;
  private final int port;

  private ApprovalService(Chassis chassis, int port) {
    this.chassis = chassis;
    this.port = port;
  }

  /// Brings the schema up to date, opens all rooms, and listens. Blocks.
  public static ApprovalService start(Node node, ApprovalConfig config) {
    var chassis = Chassis.open(node, config.service());
    try {
      return new ApprovalService(chassis, open(chassis, config));
    } catch (RuntimeException e) {
      chassis.close();
      throw e;
    }
  }

  private static int open(Chassis chassis, ApprovalConfig config) {
    var clock = chassis.clock();
    var requests = new RequestStore(chassis.db());
    var policies = new PolicyStore(chassis.db());
    var desk = new RequestDesk(chassis);
    chassis.inbox(Topics.PLAN, PlanInbox.KINDS, new PlanInbox(desk, policies, clock));
    chassis.inbox(Topics.ROLLOUT, RolloutInbox.KINDS, new RolloutInbox(desk, requests, clock));
    chassis.loop("expiry", config.sweepEvery(), new ExpirySweep(desk, requests, clock, config.sweepCap()));
    new Questions(chassis, policies).answer();
    var http = chassis.http("openapi/approval-service.yaml", Ask.Service.PLANNER, Ask.Service.ROLLOUT);
    new RequestsApi(desk, requests, policies, chassis.asks(), config).routes(http);
    new PoliciesApi(new PolicyDesk(chassis), policies, chassis.asks(), config).routes(http);
    return http.listen();
  }

  public int port() { return port; }

  /// Whether all that it stands on works.
  public boolean ready() { return chassis.ready(); }

  @Override
  public void close() { chassis.close(); }
}
