package dev.sluice.approval.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.approval.domain.PlacedPolicy;
import dev.sluice.approval.domain.PolicyCommand;
import dev.sluice.approval.domain.PolicyDecider;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Desk;
import dev.sluice.chassis.Kinds;
import dev.sluice.contract.ApprovalEvent.PolicyChanged;
import dev.sluice.contract.Scope;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.Topics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where commands meet policies: one stream for each place where a policy can stand. Blocks; call on virtual threads.
public final class PolicyDesk {
  private static final Logger log = LoggerFactory.getLogger(PolicyDesk.class);
  private final Desk<PlacedPolicy, PolicyCommand, PolicyChanged> desk;

  public PolicyDesk(Chassis chassis) {
    desk = new Desk<>(chassis.db(), chassis.journal(), chassis.clock(), new PolicyDecider(), new Desk.Stream<>(Topics.APPROVAL,
        new Kinds(PolicyChanged.class), (_, placed) -> placed.action(), placed -> new Scope(null, placed.templateId(), null),
        PolicyDesk::keep,
        placed -> placed));
  }

  public Desk.Outcome<PlacedPolicy, PolicyChanged> handle(PolicyCommand command) {
    return switch (command) {
      case PolicyCommand.SetPolicy c -> handle(c.action(), c.templateId(), c, c.actor());
      case PolicyCommand.RemovePolicy c -> handle(c.action(), c.templateId(), c, c.actor());
    };
  }

  private Desk.Outcome<PlacedPolicy, PolicyChanged> handle(String action, TemplateId templateId, PolicyCommand command, String actor) {
    var outcome = desk.handle("policy-" + action + (templateId == null ? "" : "-" + templateId), command, actor);
    if (outcome instanceof Desk.Done<PlacedPolicy, PolicyChanged> done && !done.events().isEmpty()) {
      log.atInfo().addKeyValue("action", action).addKeyValue("template", templateId).addKeyValue("actor", actor)
          .log("Policy: {}", done.state().policy() == null ? "removed" : Words.of(done.state().policy().policy()));
    }
    return outcome;
  }

  private static final String SET = """
      insert into intervention_policy (action, template_id, policy, required_approvals, separation_of_duties, expires_after_sec,
                                       continuation_expires_after_sec, changed_by, changed_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
      on conflict (action, template_id) do update
         set policy = excluded.policy, required_approvals = excluded.required_approvals, separation_of_duties = excluded.separation_of_duties,
             expires_after_sec = excluded.expires_after_sec, continuation_expires_after_sec = excluded.continuation_expires_after_sec,
             changed_by = excluded.changed_by, changed_at = excluded.changed_at
      """;
  private static final String REMOVE = "delete from intervention_policy where action = $1 and template_id = $2";

  private static void keep(Db.Tx tx, Desk.Change<PlacedPolicy, PolicyCommand, PolicyChanged> change) {
    for (var event : change.events()) {
      var template = event.templateId() == null ? "" : event.templateId().value();
      var policy = event.policy();
      if (policy == null) tx.query(REMOVE, event.action(), template);
      else
        tx.query(SET, event.action(), template, Words.of(policy.policy()), policy.requiredApprovals(), policy.separationOfDuties(),
            policy.expiresAfterSec(), policy.continuationExpiresAfterSec(), event.actor(), Columns.time(change.at()));
    }
  }
}
