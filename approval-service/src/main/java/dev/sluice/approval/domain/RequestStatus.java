package dev.sluice.approval.domain;

/// The status of an approval request, as people see it. A continuation that was answered is `approved`, whichever option was chosen.
public enum RequestStatus {
  PENDING, APPROVED, REJECTED, EXPIRED, CANCELLED
}
