package dev.sluice.approval.domain;

import static dev.sluice.contract.Decision.accepted;
import static dev.sluice.contract.Decision.nothing;
import static dev.sluice.contract.Decision.refused;

import dev.sluice.approval.domain.PolicyCommand.RemovePolicy;
import dev.sluice.approval.domain.PolicyCommand.SetPolicy;
import dev.sluice.contract.ApprovalEvent.PolicyChanged;
import dev.sluice.contract.Decider;
import dev.sluice.contract.Decision;
import dev.sluice.contract.Problem;
import dev.sluice.contract.TemplateId;
import java.util.List;

/// The rules of the policy at one place: set or not. Setting what stands changes nothing.
public final class PolicyDecider implements Decider<PlacedPolicy, PolicyCommand, PolicyChanged> {
  @Override
  public PlacedPolicy initial() { return new PlacedPolicy(null, null, null); }

  @Override
  public Decision<PolicyChanged> decide(PlacedPolicy placed, PolicyCommand command) {
    return switch (command) {
      case SetPolicy c when c.policy().equals(placed.policy()) -> nothing();
      case SetPolicy c -> accepted(List.of(new PolicyChanged(c.action(), c.templateId(), c.policy(), c.actor())));
      case RemovePolicy c when placed.policy() == null -> refused(notSet(c.action(), c.templateId()));
      case RemovePolicy c -> accepted(List.of(new PolicyChanged(c.action(), c.templateId(), null, c.actor())));
    };
  }

  @Override
  public PlacedPolicy evolve(PlacedPolicy placed, PolicyChanged event) {
    return new PlacedPolicy(event.action(), event.templateId(), event.policy());
  }

  /// @param templateId null: the action as a whole
  public static Problem notSet(String action, TemplateId templateId) {
    return Problem.notFound("intervention policy of its own for", templateId == null ? action : action + " and the template " + templateId);
  }
}
