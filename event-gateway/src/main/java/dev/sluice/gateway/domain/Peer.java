package dev.sluice.gateway.domain;

import java.util.List;

/// The services behind the gateway, and what each owns: `/v1/<name>` and all below it.
public enum Peer {
  PLANNER("planner-service", "modules", "module-versions", "templates", "plans", "skills", "artifacts", "learnings"), APPROVAL(
      "approval-service", "approval-requests",
      "intervention-policies"), ROLLOUT("rollout-service", "rollouts",
          "reconciler"), HEALTH("health-service", "instances", "fleet-summary", "agents", "drift-report");

  private final String service;
  private final List<String> owned;

  Peer(String service, String... owned) {
    this.service = service;
    this.owned = List.of(owned);
  }

  /// The name of the service.
  public String service() { return service; }

  /// The names under `/v1/` that it owns.
  public List<String> owned() { return owned; }
}
