package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import dev.sluice.cli.check.Pages;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.RolloutId;
import dev.sluice.rollout.domain.DecisionChain;
import dev.sluice.rollout.domain.DecisionChain.Broken;
import dev.sluice.rollout.domain.DecisionReplay;
import dev.sluice.rollout.domain.DecisionRow.Head;
import dev.sluice.rollout.domain.Roster;
import dev.sluice.rollout.store.DecisionTexts;
import dev.sluice.rollout.store.DecisionView;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Function;

/// Follows the decision record of a rollout from its first row to its head, and lets the decider decide it once more. Reads page by page; blocks.
public final class DecisionRecord {
  private static final int PAGE = 1000;
  private final RolloutId id;
  private final Function<String, JsonNode> get;

  private DecisionRecord(RolloutId id, Function<String, JsonNode> get) {
    this.id = id;
    this.get = get;
  }

  /// @param head    the newest row; where the chain is broken, what the service calls so
  /// @param broken  the first row that is not as it was written
  /// @param differs the first row that the decider does not come to
  public record Result(Head head, Optional<Broken> broken, Optional<Broken> differs) {
    public boolean holds() { return broken.isEmpty() && differs.isEmpty(); }
  }

  /// @param get  answers a path with its query
  /// @param kept a head that an earlier check printed; null: none
  public static Result check(String rollout, Function<String, JsonNode> get, Head kept) {
    return new DecisionRecord(new RolloutId(rollout), get).check(kept);
  }

  private Result check(Head kept) {
    var chain = kept == null ? DecisionChain.of(id) : DecisionChain.of(id, kept);
    var replay = DecisionReplay.of(new DecisionTexts(), _ -> Optional.of(roster()));
    Head head = null;
    for (var page : Pages.of(get, "/v1/rollouts/" + id + "/decisions?limit=" + PAGE)) {
      for (var item : page.path("decisions")) {
        var row = Json.mapper().convertValue(item, DecisionView.class).row();
        chain = chain.then(row);
        replay = replay.then(row);
      }
      head = Json.mapper().convertValue(page.path("head"), Head.class);
    }
    return new Result(head, chain.endsAt(head) instanceof Broken broken ? Optional.of(broken) : Optional.empty(), replay.differs());
  }

  private Roster roster() {
    var members = new ArrayList<PlanMember>();
    for (var page : Pages.of(get, "/v1/rollouts/" + id + "/instances?limit=" + PAGE))
      for (var m : page.path("instances"))
        members.add(new PlanMember(new InstanceId(m.path("instance_id").asText()), m.path("origin").asInt(),
            m.path("plan_generation").asLong(), false));
    return new Roster(members);
  }
}
