package dev.sluice.planner.domain;

import dev.sluice.contract.InstanceId;

/// An instance of the template that a plan leaves out, and why.
public record Exclusion(InstanceId instanceId, Reason reason) {
  /// Why an instance is left out. Where several hold, the first one here is told.
  public enum Reason {
    NOT_RUNNING, MODULE_NOT_ASSIGNED, NEVER_REPORTED, NOT_REPORTING, ALREADY_ON_TARGET
  }
}
