package dev.sluice.rollout.store;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.contract.PlanEvent.MembersPlanned;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanMember;
import dev.sluice.rollout.domain.Roster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The members of plan revisions. Blocks; call on virtual threads.
public final class RosterStore {
  private static final int CACHED = 200;
  private static final TypeReference<List<PlanMember>> MEMBERS = new TypeReference<>() {
  };
  private final Db db;
  private final Map<String, Roster> cache = new LinkedHashMap<>(16, 0.75f, true) {
    private static final long serialVersionUID = 1;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Roster> eldest) { return size() > CACHED; }
  };

  public RosterStore(Db db) {
    this.db = db;
  }

  private static final String KEEP = """
      insert into plan_members (rollout_id, plan_hash, first, size, members) values ($1, $2, $3, $4, $5) on conflict do nothing
      """;

  /// Keeps a chunk; a repeat changes nothing.
  public void keep(MembersPlanned chunk) {
    db.query(KEEP, chunk.rolloutId().value(), chunk.planHash(), chunk.from(), chunk.members().size(), Json.text(chunk.members()));
  }

  private static final String ARRIVED = """
      select coalesce(sum(size), 0) as arrived from plan_members where rollout_id = $1 and plan_hash = $2
      """;
  private static final String CHUNKS = "select first from plan_members where rollout_id = $1 and plan_hash = $2 order by first";
  private static final String CHUNK = "select members from plan_members where rollout_id = $1 and plan_hash = $2 and first = $3";

  /// All members of a revision, in plan order; empty while some have not arrived.
  public Optional<Roster> of(PlanHeader plan) {
    var id = plan.rolloutId().value();
    var key = id + " " + plan.planHash();
    synchronized (cache) {
      if (cache.containsKey(key)) return Optional.of(cache.get(key));
    }
    int total = plan.slices().total();
    if (db.query(ARRIVED, id, plan.planHash()).iterator().next().getLong("arrived") < total) return Optional.empty();
    var members = new ArrayList<PlanMember>(total);
    for (int first : db.list(CHUNKS, r -> r.getInteger("first"), id, plan.planHash()))
      members.addAll(read(db.query(CHUNK, id, plan.planHash(), first).iterator().next().getString("members")));
    var roster = new Roster(members);
    synchronized (cache) {
      cache.put(key, roster);
    }
    return Optional.of(roster);
  }

  private static List<PlanMember> read(String text) {
    try {
      return Json.mapper().readValue(text, MEMBERS);
    } catch (IOException e) {
      throw new UncheckedIOException("the members of a plan cannot be read", e);
    }
  }
}
