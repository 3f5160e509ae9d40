package dev.sluice.approval.domain;

import dev.sluice.contract.PolicyView;
import dev.sluice.contract.TemplateId;

/// What stands at one place where a policy can stand.
///
/// @param action     null before anything was ever set here
/// @param templateId null: the action as a whole
/// @param policy     null: none is set
public record PlacedPolicy(String action, TemplateId templateId, PolicyView policy) {}
