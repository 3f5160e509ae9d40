package dev.sluice.contract;

/// What happens to a plan without asking.
public enum Policy {
  AUTO_APPROVE, NOTIFY_AND_PROCEED, REQUIRE_APPROVAL, BLOCKED
}
