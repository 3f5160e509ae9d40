package dev.sluice.rollout.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Http;
import dev.sluice.rollout.domain.DecisionRow.Head;
import dev.sluice.rollout.store.DecisionStore;
import dev.sluice.rollout.store.DecisionView;
import java.util.List;

/// The REST of a rollout's decision record. The cursor is a position.
public final class DecisionsApi {
  private final DecisionStore decisions;

  public DecisionsApi(DecisionStore decisions) {
    this.decisions = decisions;
  }

  public void routes(Http http) { http.on("listRolloutDecisions", this::list); }

  record Page(List<DecisionView> decisions, String nextCursor, Head head) {}

  private Answer list(Call call) {
    var id = RolloutsApi.id(call);
    var page = decisions.page(id, call.cursor().map(Long::valueOf).orElse(0L), call.limit()).orElseThrow(() -> RolloutsApi.missing(id));
    return Answer.ok(new Page(page.rows().stream().map(DecisionView::of).toList(),
        page.more() ? Long.toString(page.rows().getLast().position()) : null, page.head()));
  }
}
