package dev.sluice.approval.inbox;

import dev.sluice.contract.Words;
import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.approval.store.PolicyStore;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Outage;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.PolicyView;

/// Answers what other services ask.
public final class Questions {
  private final Chassis chassis;
  private final PolicyStore policies;

  public Questions(Chassis chassis, PolicyStore policies) {
    this.chassis = chassis;
    this.policies = policies;
  }

  public void answer() {
    chassis.asks().answer(Ask.Service.APPROVAL, Ask.PolicyFor.class, this::policyFor);
    chassis.asks().answer(Ask.Service.APPROVAL, Ask.AreYouReady.class, this::ready);
  }

  private PolicyView policyFor(Ask.PolicyFor question) {
    PolicyPrecedence.unknown(question.action()).ifPresent(problem -> {
      throw new ProblemException(problem);
    });
    return policies.applying(question.action(), question.templateId());
  }

  private Ask.Done ready(Ask.AreYouReady question) {
    var away = chassis.health().away();
    if (!away.isEmpty())
      throw new Outage("the " + Words.of(question.to()) + "-service is not ready: " + away, null);
    return new Ask.Done();
  }
}
