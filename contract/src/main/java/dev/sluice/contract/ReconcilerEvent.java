package dev.sluice.contract;

/// The reconciler was paused or let go on, whole (`templateId` null) or for one template. Told by the rollout-service on `sluice.rollout`, in the stream `reconciler`.
public sealed interface ReconcilerEvent {
  record ReconcilerPaused(TemplateId templateId, String actor) implements ReconcilerEvent {}

  record ReconcilerResumed(TemplateId templateId, String actor) implements ReconcilerEvent {}
}
