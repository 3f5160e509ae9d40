package dev.sluice.approval.domain;

import dev.sluice.contract.PolicyView;
import dev.sluice.contract.TemplateId;

/// What can be wished of the policy at one place: an action, or an action narrowed to a template (`templateId` not null).
public sealed interface PolicyCommand {
  record SetPolicy(String action, TemplateId templateId, PolicyView policy, String actor) implements PolicyCommand {}

  record RemovePolicy(String action, TemplateId templateId, String actor) implements PolicyCommand {}
}
