package dev.sluice.planner.store;

import java.util.List;
import java.util.Map;

/// What a revision's reader was shown beside the plan itself; kept with it, so that it can be shown again.
///
/// @param excludedByReason how many instances were left out, by reason in the words of the wire
/// @param note             why a plan is empty; null otherwise
public record Shown(List<LearningStore.Learning> learnings, HistoryStore.History history, int excludedCount,
    Map<String, Integer> excludedByReason, String note) {}
