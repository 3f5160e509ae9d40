package dev.sluice.rollout;

import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Node;
import dev.sluice.contract.Ask;
import dev.sluice.contract.Topics;
import dev.sluice.rollout.api.CommandsApi;
import dev.sluice.rollout.api.DecisionsApi;
import dev.sluice.rollout.api.MembersApi;
import dev.sluice.rollout.api.ReconcilerApi;
import dev.sluice.rollout.api.RolloutsApi;
import dev.sluice.rollout.inbox.AfterRestore;
import dev.sluice.rollout.inbox.ApprovalInbox;
import dev.sluice.rollout.inbox.PlanInbox;
import dev.sluice.rollout.inbox.Questions;
import dev.sluice.rollout.inbox.Reconciler;
import dev.sluice.rollout.inbox.Starter;
import dev.sluice.rollout.inbox.VerdictInbox;
import dev.sluice.rollout.inbox.Versions;
import dev.sluice.rollout.store.DecisionStore;
import dev.sluice.rollout.store.ReconcilerStore;
import dev.sluice.rollout.store.RolloutDesk;
import dev.sluice.rollout.store.RolloutStore;
import dev.sluice.rollout.store.RosterStore;

/// The rollout-service: the one brain of a rollout. It hears plans, decisions and verdicts, and says what each instance is to run.
public final class RolloutService implements AutoCloseable {
  private final Chassis chassis;
  private final int port;

  private RolloutService(Chassis chassis, int port) {
    this.chassis = chassis;
    this.port = port;
  }

  /// Brings the schema up to date, opens all rooms, and listens. Blocks.
  public static RolloutService start(Node node, RolloutConfig config) {
    var chassis = Chassis.open(node, config.service());
    try {
      return new RolloutService(chassis, open(chassis, config));
    } catch (RuntimeException e) {
      chassis.close();
      throw e;
    }
  }

  private static int open(Chassis chassis, RolloutConfig config) {
    var clock = chassis.clock();
    var rosters = new RosterStore(chassis.db());
    var store = new RolloutStore(chassis.db());
    var pauses = new ReconcilerStore(chassis);
    var desk = new RolloutDesk(chassis, rosters, pauses, config.tick());
    var versions = new Versions(chassis.asks(), config.askLimit());
    var starter = new Starter(desk, versions);
    new AfterRestore(desk, store).pause(chassis.epoch());
    chassis.inbox(Topics.PLAN, PlanInbox.KINDS, new PlanInbox(desk, rosters, starter));
    chassis.inbox(Topics.APPROVAL, ApprovalInbox.KINDS, new ApprovalInbox(desk, starter, versions));
    chassis.inbox(Topics.VERDICT, VerdictInbox.KINDS, new VerdictInbox(desk));
    var reconciler = chassis.loop("reconciler", config.tick(),
        new Reconciler(chassis.ids().next(), desk, store, pauses, starter, clock, config.tick(), config.tickCap()));
    new Questions(chassis, desk, store).answer();
    var http = chassis.http("openapi/rollout-service.yaml", Ask.Service.PLANNER);
    var rollouts = new RolloutsApi(desk, store, pauses, clock, config.tick());
    rollouts.routes(http);
    new MembersApi(desk, store, rosters).routes(http);
    new DecisionsApi(new DecisionStore(chassis.db())).routes(http);
    new CommandsApi(desk, rollouts, starter, versions, chassis.asks(), config.askLimit()).routes(http);
    new ReconcilerApi(pauses, store, reconciler::nudge, chassis, config).routes(http);
    return http.listen();
  }

  public int port() { return port; }

  /// Whether all that it stands on works.
  public boolean ready() { return chassis.ready(); }

  @Override
  public void close() { chassis.close(); }
}
