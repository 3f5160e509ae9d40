package dev.sluice.planner.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Db;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanMember;
import dev.sluice.planner.domain.Exclusion;
import io.vertx.sqlclient.Row;
import java.util.ArrayList;
import java.util.List;

/// The members of revisions in plan order, and who was left out in order of id: in chunks of 5,000, one row each. Blocks; call on a virtual thread.
public final class MemberStore {
  /// An instance that was left out; `reason` in the words of the wire.
  public record Excluded(String instanceId, String reason) {}

  private static final int CHUNK = 5_000;
  private final Db db;

  public MemberStore(Db db) {
    this.db = db;
  }

  private static final String ADD_MEMBERS = """
      insert into plan_members (rollout_id, revision, plan_hash, first_ordinal, size, instance_ids) values ($1, $2, $3, $4, $5, $6)
      """;
  private static final String ADD_EXCLUDED = """
      insert into plan_excluded (rollout_id, revision, plan_hash, first_place, size, instance_ids, reasons) values ($1, $2, $3, $4, $5, $6, $7)
      """;

  public void add(Db.Tx tx, PlanHeader of, List<PlanMember> members, List<Exclusion> excluded) {
    for (int from = 0; from < members.size(); from += CHUNK) {
      var chunk = members.subList(from, Math.min(members.size(), from + CHUNK));
      tx.query(ADD_MEMBERS, of.rolloutId().value(), of.revision(), of.planHash(), from, chunk.size(),
          chunk.stream().map(m -> m.instanceId().value()).toArray(String[]::new));
    }
    for (int from = 0; from < excluded.size(); from += CHUNK) {
      var chunk = excluded.subList(from, Math.min(excluded.size(), from + CHUNK));
      tx.query(ADD_EXCLUDED, of.rolloutId().value(), of.revision(), of.planHash(), from, chunk.size(),
          chunk.stream().map(e -> e.instanceId().value()).toArray(String[]::new),
          chunk.stream().map(e -> Words.of(e.reason())).toArray(String[]::new));
    }
  }

  private static final String FORGET_EXCLUDED = "delete from plan_excluded where rollout_id = $1 and revision = $2 and plan_hash = $3";

  /// Who is left out of a revision that is made anew.
  public void exclude(Db.Tx tx, PlanHeader of, List<Exclusion> excluded) {
    tx.query(FORGET_EXCLUDED, of.rolloutId().value(), of.revision(), of.planHash());
    add(tx, of, List.of(), excluded);
  }

  private static final String MEMBERS = """
      select first_ordinal as first, instance_ids from plan_members
       where rollout_id = $1 and revision = $2 and plan_hash = $3 and first_ordinal < $5 and first_ordinal + size > $4 order by first_ordinal
      """;

  /// The members `from` (inclusive) to `to` (exclusive) in plan order.
  public List<String> members(PlanHeader of, int from, int to) {
    var ids = new ArrayList<String>();
    for (var row : db.query(MEMBERS, of.rolloutId().value(), of.revision(), of.planHash(), from, to))
      each(row, from, to, i -> ids.add(row.getArrayOfStrings("instance_ids")[i]));
    return ids;
  }

  private static final String EXCLUDED = """
      select first_place as first, instance_ids, reasons from plan_excluded
       where rollout_id = $1 and revision = $2 and plan_hash = $3 and first_place < $5 and first_place + size > $4 order by first_place
      """;

  /// Those left out, from place `from` (inclusive) to `to` (exclusive) in order of id.
  public List<Excluded> excluded(PlanHeader of, int from, int to) {
    var out = new ArrayList<Excluded>();
    for (var row : db.query(EXCLUDED, of.rolloutId().value(), of.revision(), of.planHash(), from, to)) {
      var ids = row.getArrayOfStrings("instance_ids");
      var reasons = row.getArrayOfStrings("reasons");
      each(row, from, to, i -> out.add(new Excluded(ids[i], reasons[i])));
    }
    return out;
  }

  private static void each(Row row, int from, int to, java.util.function.IntConsumer place) {
    int first = row.getInteger("first");
    int size = row.getArrayOfStrings("instance_ids").length;
    for (int i = Math.max(0, from - first); i < Math.min(size, to - first); i++)
      place.accept(i);
  }
}
