package dev.sluice.contract;

/// Where a module version stands in its life; the legal moves are a rule of the planner.
public enum Lifecycle {
  DRAFT, STAGING, BLESSED, LIVE, ARCHIVED
}
