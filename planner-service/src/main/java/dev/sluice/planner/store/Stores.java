package dev.sluice.planner.store;

import dev.sluice.chassis.Db;

/// The cellar's shelves.
public record Stores(CatalogStore catalog, TemplateStore templates, PlanStore plans, MemberStore members, ClaimStore claims,
    ProgressStore progress, HistoryStore history, LearningStore learnings) {
  public static Stores in(Db db) {
    return new Stores(new CatalogStore(db), new TemplateStore(db), new PlanStore(db), new MemberStore(db), new ClaimStore(db),
        new ProgressStore(db), new HistoryStore(db), new LearningStore(db));
  }
}
