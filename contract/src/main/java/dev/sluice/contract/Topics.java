package dev.sluice.contract;

import java.util.List;

/// The topics, each keyed by its aggregate. Each has a companion `<topic>.dead` for what could not be read.
public final class Topics {
  private Topics() {}

  public static final String CATALOG = "sluice.catalog";
  public static final String INSTANCE = "sluice.instance";
  public static final String PLAN = "sluice.plan";
  public static final String APPROVAL = "sluice.approval";
  public static final String ROLLOUT = "sluice.rollout";
  public static final String VERDICT = "sluice.verdict";

  public static final List<String> ALL = List.of(CATALOG, INSTANCE, PLAN, APPROVAL, ROLLOUT, VERDICT);
}
