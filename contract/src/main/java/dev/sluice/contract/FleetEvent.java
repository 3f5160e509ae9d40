package dev.sluice.contract;

import java.time.Instant;

/// Transitions of instances, told by the health-service on `sluice.instance`, keyed by the instance.
public sealed interface FleetEvent {
  InstanceId instanceId();

  TemplateId templateId();

  record InstanceEnrolled(InstanceId instanceId, TemplateId templateId, String name) implements FleetEvent {}

  record InstanceDecommissioned(InstanceId instanceId, TemplateId templateId) implements FleetEvent {}

  record InstanceSilent(InstanceId instanceId, TemplateId templateId, Instant lastHeartbeatAt) implements FleetEvent {}

  record InstanceRecovered(InstanceId instanceId, TemplateId templateId) implements FleetEvent {}

  /// Two boots that alternate under one identity.
  record DuplicateIdentity(InstanceId instanceId, TemplateId templateId, String bootId, String otherBootId) implements FleetEvent {}
}
