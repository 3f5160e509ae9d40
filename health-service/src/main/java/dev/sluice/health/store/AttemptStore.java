package dev.sluice.health.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.HealthReport.MemberReason;
import dev.sluice.contract.Reason;
import dev.sluice.contract.RolloutEvent.Instruction;
import dev.sluice.contract.RolloutEvent.InstancesInstructed;
import dev.sluice.contract.RolloutEvent.Mark;
import dev.sluice.contract.RolloutEvent.Verdict;
import dev.sluice.contract.RolloutEvent.Withdrawal;
import dev.sluice.contract.RolloutEvent.WithdrawalsAsked;
import dev.sluice.contract.VersionRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// What the facts of a rollout do to desired versions and attempts. Locks pulses before assignments, each in the order of instances. Rollouts count generations
/// without the `leap` that a restore adds to those that agents meet.
public final class AttemptStore {
  /// Attempts that one statement changes at most.
  private static final int AT_ONCE = 10_000;
  /// Behind the lock: what it waited for, a decommissioning say, does not show in the query that waited.
  private static final String STATUSES = """
      select i.id, case when i.enrolment > g.began then 'replaced' else i.status end as status
        from instance i, gate g
       where i.id = any($1) and g.rollout_id = $2
      """;
  private static final String INSTRUCT = """
      insert into assignment as a (instance_id, module_id, version_id, version, digest, artifact_url, generation, rollout_id, ordinal, batch_index, purpose,
                                   instructed_at, deadline_at, min_healthy_sec, standing, due_at, leap)
      select instance_id, $1, version_id, version, digest, artifact_url, generation + leap, $2, ordinal, $3, $4, $5::timestamptz + late,
             $6::timestamptz + late, $7, standing, case when standing = 'awaited' then $6::timestamptz + late end, leap
        from (select case when now() - $5::timestamptz > interval '1 second' then now() - $5::timestamptz else interval '0' end as late) as way,
             (select epoch - 1 as leap from journal_epoch) as restored,
             unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::int[], $15::text[])
          as u (instance_id, version_id, version, digest, artifact_url, generation, ordinal, standing)
       where exists (select from assignment has where has.instance_id = u.instance_id and has.module_id = $1)
       order by instance_id
      on conflict (instance_id, module_id) do update
         set version_id = excluded.version_id, version = excluded.version, digest = excluded.digest, artifact_url = excluded.artifact_url,
             generation = excluded.generation, rollout_id = excluded.rollout_id, ordinal = excluded.ordinal, batch_index = excluded.batch_index,
             purpose = excluded.purpose, instructed_at = excluded.instructed_at, deadline_at = excluded.deadline_at,
             min_healthy_sec = excluded.min_healthy_sec, standing = excluded.standing, due_at = excluded.due_at, handed_out_at = null,
             echoed_at = null, reason = null, good_since = null, timed_out = false, verdict_recorded = false, leap = excluded.leap,
             changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
       where a.generation - a.leap < excluded.generation - excluded.leap
      returning a.instance_id
      """;
  private static final String WATCH = "update pulse set watched = true where instance_id = any($1) and not watched";

  /// Sets desired versions, with an attempt for each. The time for which the instruction was on its way to us, where it is more than a second, is held
  /// against nobody: nobody could have fetched it.
  ///
  /// @return members that are gone: nobody waits for them. Whoever was decommissioned and enrolled again since the plan is gone too: it is another
  /// machine, whether or not it has the module
  public List<MemberReason> instruct(Db.Tx tx, String rolloutId, InstancesInstructed e, Instant at) {
    var statuses = statuses(tx, rolloutId, e.instructions());
    var known = e.instructions().stream().filter(i -> !statuses.getOrDefault(i.instanceId().value(), "replaced").equals("replaced"))
        .sorted(Comparator.comparing(i -> i.instanceId().value())).toList();
    var gone = new ArrayList<MemberReason>();
    for (var i : e.instructions())
      if (gone(statuses.get(i.instanceId().value())) instanceof Reason reason)
        gone.add(new MemberReason(i.ordinal(), i.generation(), reason));
    versions(tx, e.moduleId().value(), e.versions());
    var written = new HashSet<String>();
    var rows = tx.query(INSTRUCT, e.moduleId().value(), rolloutId, e.batchIndex(), Words.of(e.purpose()), Columns.time(at),
        Columns.time(at.plusSeconds(e.healthTimeoutSec())), e.minHealthySec(), Columns.texts(known, i -> i.instanceId().value()),
        Columns.texts(known, i -> e.versions().get(i.version()).id().value()),
        Columns.texts(known, i -> e.versions().get(i.version()).version()),
        Columns.texts(known, i -> e.versions().get(i.version()).digest().value()),
        Columns.texts(known, i -> e.versions().get(i.version()).artifactUrl()), Columns.longs(known, Instruction::generation),
        Columns.ints(known, Instruction::ordinal),
        Columns.texts(known, i -> gone(statuses.get(i.instanceId().value())) == null ? "awaited" : "closed"));
    for (var row : rows)
      written.add(row.getString("instance_id"));
    for (var i : known)
      if (!written.contains(i.instanceId().value()) && gone(statuses.get(i.instanceId().value())) == null)
        gone.add(new MemberReason(i.ordinal(), i.generation(), Reason.DECOMMISSIONED));
    tx.send(WATCH, (Object) Columns.texts(known, i -> i.instanceId().value()));
    return gone;
  }

  /// `replaced`: another machine was enrolled under the id since the rollout began. What it must run is none of this rollout's business.
  private static Map<String, String> statuses(Db.Tx tx, String rollout, List<Instruction> instructions) {
    var statuses = new HashMap<String, String>();
    var ids = Columns.texts(instructions, i -> i.instanceId().value());
    FleetStore.lock(tx, ids);
    for (var row : tx.query(STATUSES, ids, rollout))
      statuses.put(row.getString("id"), row.getString("status"));
    return statuses;
  }

  /// @param status null: there is no such instance
  private static Reason gone(String status) {
    if (status == null || status.equals("decommissioned") || status.equals("replaced")) return Reason.DECOMMISSIONED;
    return status.equals("stopped") ? Reason.STOPPED : null;
  }

  private static final String VERSIONS = """
      insert into known_version (module_id, digest, version) select $1, digest, version from unnest($2::text[], $3::text[]) as u (digest, version)
      on conflict (module_id, digest) do nothing
      """;

  /// Remembers the names of digests.
  static void versions(Db.Tx tx, String moduleId, List<VersionRef> versions) {
    var sorted = versions.stream().sorted(Comparator.comparing(v -> v.digest().value())).toList();
    tx.send(VERSIONS, moduleId, Columns.texts(sorted, v -> v.digest().value()), Columns.texts(sorted, VersionRef::version));
  }

  private static final String PRESENT = """
      select instance_id, generation - leap as generation, handed_out_at is not null as handed, rollout_id from assignment
       where module_id = $1 and instance_id = any($2) order by instance_id for update
      """;
  private static final String WITHDRAW = """
      update assignment a
         set version_id = u.version_id, version = u.version, digest = u.digest, artifact_url = u.artifact_url,
             generation = u.generation + restored.leap, leap = restored.leap,
             rollout_id = null, ordinal = null, batch_index = null, purpose = null, instructed_at = null, deadline_at = null, min_healthy_sec = null,
             standing = case when a.purpose = 'rollback' and a.version_id <> u.version_id then 'closed' end, reason = null, good_since = null, due_at = null, handed_out_at = null,
             echoed_at = null, timed_out = false, verdict_recorded = false, changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
          as u (instance_id, version_id, version, digest, artifact_url, generation),
             (select epoch - 1 as leap from journal_epoch) as restored
       where a.instance_id = u.instance_id and a.module_id = $1
      """;

  private record Present(long generation, boolean handed, String rollout) {}

  /// Takes back what was not handed out: the version before is desired again, with the next generation. Where the way back was aborted that is the version that was
  /// rolled out: it is written down, and told to nobody, since its rollout does not offer it any more. Who missed the way back finds its own version before when it
  /// comes again. Where another machine was enrolled under the id meanwhile, nobody has what was offered.
  public List<Withdrawal> withdraw(Db.Tx tx, String rollout, WithdrawalsAsked e) {
    var present = new HashMap<String, Present>();
    for (var row : tx.query(PRESENT, e.moduleId().value(), Columns.texts(e.withdrawals(), i -> i.instanceId().value())))
      present.put(row.getString("instance_id"),
          new Present(row.getLong("generation"), row.getBoolean("handed"), row.getString("rollout_id")));
    var back = new ArrayList<Instruction>();
    var answers = new ArrayList<Withdrawal>();
    for (var i : e.withdrawals()) {
      var now = present.get(i.instanceId().value());
      boolean offered = now != null && rollout.equals(now.rollout);
      boolean late = offered && (now.handed || now.generation >= i.generation());
      if (offered && !late) back.add(i);
      answers.add(new Withdrawal(i.ordinal(), !late, late ? now.generation : i.generation()));
    }
    versions(tx, e.moduleId().value(), e.versions());
    tx.send(WITHDRAW, e.moduleId().value(), Columns.texts(back, i -> i.instanceId().value()),
        Columns.texts(back, i -> e.versions().get(i.version()).id().value()),
        Columns.texts(back, i -> e.versions().get(i.version()).version()),
        Columns.texts(back, i -> e.versions().get(i.version()).digest().value()),
        Columns.texts(back, i -> e.versions().get(i.version()).artifactUrl()), Columns.longs(back, Instruction::generation));
    return answers;
  }

  private static final String LAST = "select max(ordinal) as ordinal from assignment where rollout_id = $1";
  private static final String WATCH_AGAIN = """
      with locked as (
        select p.instance_id from pulse p
         where p.instance_id in (
           select instance_id from assignment
            where rollout_id = $1 and ordinal between $3 and $4 and (handed_out_at is null or $2)
              and standing in ('failed', 'late_healthy') and timed_out and not verdict_recorded)
         order by p.instance_id for update
      )
      update pulse p set watched = true from locked l where p.instance_id = l.instance_id
      """;
  private static final String MOVE_ON = """
      with locked as (
        select instance_id, module_id, standing, good_since, standing in ('failed', 'late_healthy') as again,
               deadline_at + greatest(interval '0', least($2::bigint * interval '1 microsecond', $4::timestamptz - instructed_at)) as until,
               (select i.status = 'stopped' from instance i where i.id = assignment.instance_id) as stopped
          from assignment
         where rollout_id = $1 and ordinal between $5 and $6 and (handed_out_at is null or $3)
           and (standing in ('awaited', 'soaking') or standing in ('failed', 'late_healthy') and timed_out and not verdict_recorded)
         order by instance_id, module_id for update
      )
      update assignment a
         set deadline_at = l.until, due_at = case when l.soaks or l.stopped then $4 else l.until end,
             standing = case when l.soaks then 'soaking' when l.again then 'awaited' else a.standing end,
             reason = case when l.again then null else a.reason end,
             good_since = case when l.again and not l.soaks then null else a.good_since end,
             timed_out = false
        from (select instance_id, module_id, again, until, stopped, standing = 'soaking' or again and coalesce(good_since < until, false) as soaks
                from locked) l
       where a.instance_id = l.instance_id and a.module_id = l.module_id
      """;

  /// Moves deadlines on by the time for which the clocks stood still, each by no more than the time since its member was instructed. A timeout that the
  /// rollout-service did not record is none: the attempt is open again, and what was good before the deadline as it is now counts, unless it has
  /// stopped meanwhile: then it is looked at at once, and gone.
  ///
  /// One transaction, since clocks and gate go on together, in statements that each have a bounded part. Who would lock such rows holds the gate first, which the
  /// caller has.
  ///
  /// @param by           without time in which we were deaf, which is added to every deadline anyhow
  /// @param handedOutToo whether the clocks of those handed out stood still too
  public void moveOn(Db.Tx tx, String rolloutId, Duration by, boolean handedOutToo, Instant at) {
    var last = tx.query(LAST, rolloutId).iterator().next().getInteger("ordinal");
    if (last == null) return;
    for (int from = 0; from <= last; from += AT_ONCE)
      tx.query(WATCH_AGAIN, rolloutId, handedOutToo, from, from + AT_ONCE - 1);
    for (int from = 0; from <= last; from += AT_ONCE)
      tx.query(MOVE_ON, rolloutId, by.toNanos() / 1_000, handedOutToo, Columns.time(at), from, from + AT_ONCE - 1);
  }

  private static final String RECORD = """
      with locked as (
        select a.instance_id, a.module_id, u.reason
          from unnest($2::int[], $3::bigint[], $4::text[]) as u (ordinal, generation, reason)
          join assignment a on a.rollout_id = $1 and a.ordinal = u.ordinal and a.generation - a.leap = u.generation
         order by a.instance_id, a.module_id for update of a
      )
      update assignment a
         set verdict_recorded = true, reason = case when a.standing in ('awaited', 'soaking') then l.reason else a.reason end,
             standing = case when a.standing in ('awaited', 'soaking') then 'failed' else a.standing end
        from locked l where a.instance_id = l.instance_id and a.module_id = l.module_id
      """;

  /// Whether any of the verdicts is one that an attempt must remember.
  public static boolean concern(List<Verdict> verdicts) { return verdicts.stream().anyMatch(AttemptStore::stays); }

  private static boolean stays(Verdict verdict) { return !verdict.healthy() && verdict.reason() != null; }

  /// The rollout-service recorded failures: they stay.
  public void record(Db.Tx tx, String rolloutId, List<Verdict> verdicts) {
    var failed = verdicts.stream().filter(AttemptStore::stays).toList();
    if (!failed.isEmpty())
      tx.query(RECORD, rolloutId, Columns.ints(failed, Verdict::ordinal), Columns.longs(failed, Verdict::generation),
          Columns.texts(failed, v -> Words.of(v.reason())));
  }

  private static final String SKIP = """
      with locked as (
        select a.instance_id, a.module_id from assignment a where a.rollout_id = $1 and a.ordinal = any($2) and a.standing <> 'closed'
         order by a.instance_id, a.module_id for update
      )
      update assignment a set standing = 'closed', due_at = null, changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
        from locked l where a.instance_id = l.instance_id and a.module_id = l.module_id
      """;

  /// Members that the rollout passes over: nobody waits for them, and they are handed nothing.
  public void skip(Db.Tx tx, String rolloutId, List<Mark> marks) {
    tx.query(SKIP, rolloutId, Columns.ints(marks, Mark::ordinal));
  }

  private static final String OPEN = """
      select instance_id, ordinal from assignment where rollout_id = $1 and ordinal > $2 and standing <> 'closed' order by ordinal limit $3
      """;
  private static final String RELEASE = """
      with locked as (
        select p.instance_id from pulse p where p.instance_id = any($1) order by p.instance_id for update
      )
      update pulse p set watched = false from locked l where p.instance_id = l.instance_id and p.watched
      """;
  private static final String CLOSE = """
      with locked as (
        select instance_id, module_id from assignment
         where rollout_id = $1 and ordinal = any($2) and standing <> 'closed'
           and not ($3 and standing = 'failed' and purpose = 'upgrade' and handed_out_at is not null)
         order by instance_id, module_id for update
      )
      update assignment a set standing = 'closed', due_at = null from locked l where a.instance_id = l.instance_id and a.module_id = l.module_id
      """;

  /// The rollout ended: nobody waits for its members any more. What they must run stays. One transaction takes a bounded part, since others wait for its locks.
  ///
  /// @param lateToo whether a failed member that comes round is still recorded, until it is told something else
  /// @param after the ordinal behind which this part begins; -1: the first part
  /// @return where the next part begins; empty where this was the last one
  public OptionalInt close(Db.Tx tx, String rolloutId, boolean lateToo, int after) {
    var ids = new ArrayList<String>();
    var ordinals = new ArrayList<Integer>();
    for (var row : tx.query(OPEN, rolloutId, after, AT_ONCE)) {
      ids.add(row.getString("instance_id"));
      ordinals.add(row.getInteger("ordinal"));
    }
    if (ids.isEmpty()) return OptionalInt.empty();
    tx.query(RELEASE, (Object) ids.toArray(String[]::new));
    tx.query(CLOSE, rolloutId, ordinals.toArray(Integer[]::new), lateToo);
    return ids.size() < AT_ONCE ? OptionalInt.empty() : OptionalInt.of(ordinals.getLast());
  }
}
