package dev.sluice.contract;

/// What an approval request asks.
public enum RequestType {
  ROLLING_UPGRADE_PLAN, ROLLING_UPGRADE_CONTINUATION
}
