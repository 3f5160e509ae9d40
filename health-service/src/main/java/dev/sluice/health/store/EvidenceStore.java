package dev.sluice.health.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Purpose;
import dev.sluice.contract.Reason;
import dev.sluice.health.domain.Deaf;
import dev.sluice.health.domain.Heard;
import dev.sluice.health.domain.HeartbeatOrder;
import dev.sluice.health.domain.ModuleStatus;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.domain.Pulse;
import dev.sluice.health.domain.Standing;
import dev.sluice.health.domain.Watch;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The rows that evidence is judged with. All within the transaction of one settling, of which only one runs at a time.
public final class EvidenceStore {
  /// @param hash      of what it says
  /// @param enrolment of the machine that sent it; null where that was not written down
  public record EvidenceRow(String instanceId, Heard heard, long hash, Long enrolment) {
    /// Whether it is the instance's own: another machine may have been enrolled under the id meanwhile.
    public boolean of(PulseRow row) { return enrolment == null || enrolment == row.enrolment; }
  }

  /// @param enrolment of the machine that has the id now
  /// @param hash      of the newest heartbeat that counts
  /// @param watched   whether an attempt waits for each heartbeat
  public record PulseRow(String instanceId, long enrolment, String templateId, String status, Pulse pulse, long hash, boolean watched) {}

  /// A desired version with its attempt.
  ///
  /// @param generation as the agent meets it
  /// @param counted as the rollout counts it
  /// @param watch   null where no rollout waits for it
  /// @param stops   how often its clock was stopped; null where that was not counted
  /// @param ended   whether its rollout has: all that may still come is a late success
  /// @param handed  whether it was handed out
  /// @param echoed  whether the agent echoed it or showed its digest
  public record AttemptRow(String instanceId, String moduleId, String digest, long generation, long counted, String rolloutId, int ordinal,
      Watch watch, Integer stops, boolean ended, boolean handed, boolean echoed, boolean timedOut) {}

  /// Which clocks of a rollout stand still.
  ///
  /// @param lapsed the rollout-service was not heard of for longer than its word holds: nothing is handed out
  /// @param pauses how often it was paused; null where that was not counted
  /// @param trips  how often it tripped; the same
  public record Clock(boolean paused, boolean tripped, boolean lapsed, boolean ended, Integer pauses, Integer trips) {
    Integer stops(boolean handed) { return pauses == null || trips == null ? null : handed ? pauses : Integer.valueOf(pauses + trips); }
  }

  private final Duration lease;

  /// @param lease how long the last word of the rollout-service holds
  public EvidenceStore(Duration lease) {
    this.lease = lease;
  }

  private static final String WAITS = """
      select exists (select from evidence where at < horizon) or exists (select from assignment where due_at <= horizon) as waits
        from (select min(flushed_through) as horizon from replica where not stopped) h
      """;

  /// Whether there is something to judge, as far as one look without a lock tells.
  public boolean waits(Db db) { return db.query(WAITS).iterator().next().getBoolean("waits"); }

  private static final String TAKE = """
      with picked as materialized (
        select ctid as place, at from evidence where at < $1 order by at limit $2
      ), taken as (
        delete from evidence where ctid = any (array (select place from picked))
        returning instance_id, at, boot_id, sequence, hash, said, agent_version, digests::text as digests, statuses::text as statuses, enrolment
      )
      select instance_id, at, boot_id, sequence, hash, said, agent_version, digests, statuses, enrolment, through
        from (select case when count(*) = $2 then max(at) end as through from picked) as known left join taken on true
       order by at, instance_id, sequence
      """;

  /// @param rows    the oldest first, in the order of their receipt
  /// @param through the time of the last one that was picked, which, written by an earlier release, a re-enrolment may have taken away meanwhile; null where these are all
  public record Taken(List<EvidenceRow> rows, Instant through) {}

  /// Evidence that was received before `horizon`.
  public Taken take(Db.Tx tx, Instant horizon, int limit) {
    var words = new Texts();
    var taken = new ArrayList<EvidenceRow>();
    Instant through = null;
    for (var row : tx.query(TAKE, Columns.time(horizon), limit)) {
      through = Columns.time(row, "through");
      if (row.getString("instance_id") != null)
        taken.add(new EvidenceRow(row.getString("instance_id"),
            new Heard(row.getString("boot_id"), row.getLong("sequence"), Columns.time(row, "at"), words.observation(row)),
            row.getLong("hash"), row.getLong("enrolment")));
    }
    return new Taken(taken, through);
  }

  private static final String DUE = "select instance_id from assignment where due_at <= $1 order by due_at limit $2";

  public List<String> due(Db.Tx tx, Instant now, int limit) {
    return tx.list(DUE, r -> r.getString("instance_id"), Columns.time(now), limit);
  }

  private static final String QUIET = """
      select p.instance_id from pulse p join instance i on i.id = p.instance_id
       where p.last_at < $1 and not p.silent and p.said <> 'stopped' and i.status <> 'decommissioned' limit $2
      """;

  /// Instances that were last heard before then, and are not told as silent.
  public List<String> quiet(Db.Tx tx, Instant before, int limit) {
    return tx.list(QUIET, r -> r.getString("instance_id"), Columns.time(before), limit);
  }

  private static final String DEAF = "select from_at, to_at from deaf where to_at > $1 and from_at < to_at";

  /// Rows of an earlier release may end before they begin: those are passed over.
  public Deaf deaf(Db.Tx tx, Instant since) {
    return new Deaf(tx.list(DEAF, r -> new Deaf.Span(Columns.time(r, "from_at"), Columns.time(r, "to_at")), Columns.time(since)));
  }

  private static final String FORGET_DEAF = "delete from deaf where to_at < $1";

  public void forgetDeaf(Db.Tx tx, Instant before) { tx.send(FORGET_DEAF, Columns.time(before)); }

  private static final String CLOCKS = """
      select rollout_id, paused_since is not null as paused, tripped_since is not null as tripped, heard_at <= $2 as lapsed, ended, pauses, trips
        from gate
       where rollout_id in (
         select rollout_id from assignment where instance_id = any($1) and rollout_id is not null and standing <> 'closed')
       order by rollout_id for share
      """;

  /// The clocks of the rollouts that wait for something of these instances at `now`, held until the end of the transaction.
  public Map<String, Clock> clocks(Db.Tx tx, Collection<String> ids, Instant now) {
    var clocks = new HashMap<String, Clock>();
    GateQueue.readOf(tx, ids);
    for (var row : tx.query(CLOCKS, ids.toArray(String[]::new), Columns.time(now.minus(lease))))
      clocks.put(row.getString("rollout_id"), new Clock(row.getBoolean("paused"), row.getBoolean("tripped"), row.getBoolean("lapsed"),
          row.getBoolean("ended"), row.getInteger("pauses"), row.getInteger("trips")));
    return clocks;
  }

  private static final String PULSES = """
      select instance_id, last_at, boot_id, sequence, hash, silent, watched, rival_boot, rivals_told, said, agent_version, digests::text as digests,
             statuses::text as statuses
        from pulse where instance_id = any($1) order by instance_id for update
      """;
  private static final String BOOTS = "select instance_id, boot_id, sequence from boot where instance_id = any($1) and boot_id = any($2)";

  /// Looked up behind the lock: a decommissioning or an enrolment that was waited for does not show in the query that waited.
  private static final String PRESENT = "select id, enrolment, template_id, status from instance where id = any($1) and status <> 'decommissioned'";

  /// What is known of instances, locked; without those that are decommissioned.
  ///
  /// @param boots those that the evidence names
  public List<PulseRow> pulses(Db.Tx tx, Collection<String> ids, Collection<String> boots) {
    var words = new Texts();
    var replaced = new HashMap<String, Map<String, Long>>();
    var names = (Object) ids.toArray(String[]::new);
    var rows = tx.query(PULSES, names);
    var present = new HashMap<String, Row>();
    for (var row : tx.query(PRESENT, names))
      present.put(row.getString("id"), row);
    if (!boots.isEmpty()) for (var row : tx.query(BOOTS, names, boots.toArray(String[]::new)))
      replaced.computeIfAbsent(row.getString("instance_id"), _ -> new HashMap<>()).put(row.getString("boot_id"), row.getLong("sequence"));
    return rows.stream().filter(row -> present.containsKey(row.getString("instance_id"))).map(row -> {
      var id = row.getString("instance_id");
      var instance = present.get(id);
      var order = new HeartbeatOrder(row.getString("boot_id"), row.getLong("sequence"), replaced.getOrDefault(id, Map.of()),
          row.getString("rival_boot"), row.getBoolean("rivals_told"));
      var known = row.getString("said") == null ? null : words.observation(row);
      return new PulseRow(id, instance.getLong("enrolment"), instance.getString("template_id"), instance.getString("status"),
          new Pulse(order, Columns.time(row, "last_at"), row.getBoolean("silent"), known), row.getLong("hash"), row.getBoolean("watched"));
    }).toList();
  }

  private static final String ATTEMPTS = """
      select instance_id, module_id, digest, generation, generation - leap as counted, rollout_id, ordinal, purpose, instructed_at, deadline_at, min_healthy_sec,
             handed_out_at, echoed_at is not null as echoed, standing, reason, good_since, timed_out
        from assignment where instance_id = any($1) order by instance_id, module_id for update
      """;

  /// The desired versions of instances, locked; with a watch where a rollout of `clocks` waits for one.
  public Map<String, List<AttemptRow>> attempts(Db.Tx tx, Collection<String> ids, Map<String, Clock> clocks) {
    var attempts = new HashMap<String, List<AttemptRow>>();
    for (var row : tx.query(ATTEMPTS, (Object) ids.toArray(String[]::new))) {
      var attempt = attempt(row, clocks);
      attempts.computeIfAbsent(attempt.instanceId, _ -> new ArrayList<>(1)).add(attempt);
    }
    return attempts;
  }

  static AttemptRow attempt(Row row, Map<String, Clock> clocks) {
    var rollout = row.getString("rollout_id");
    var clock = rollout == null ? null : clocks.get(rollout);
    var standing = row.getString("standing");
    var handed = Columns.time(row, "handed_out_at");
    Watch watch = clock == null || standing == null || standing.equals("closed")
        ? null
        : new Watch(row.getString("module_id"), row.getString("digest"), row.getLong("generation"),
            Words.read(Purpose.class, row.getString("purpose")), Columns.time(row, "instructed_at"),
            Columns.time(row, "deadline_at"), clock.paused || (clock.tripped || clock.lapsed) && handed == null, handed,
            Duration.ofSeconds(row.getInteger("min_healthy_sec")), standing(standing, row));
    return new AttemptRow(row.getString("instance_id"), row.getString("module_id"), row.getString("digest"), row.getLong("generation"),
        row.getLong("counted"), rollout, rollout == null ? -1 : row.getInteger("ordinal"), watch,
        clock == null ? null : clock.stops(handed != null), clock != null && clock.ended, handed != null, row.getBoolean("echoed"),
        row.getBoolean("timed_out"));
  }

  private static Standing standing(String word, Row row) {
    var reason = row.getString("reason") == null ? null : Words.read(Reason.class, row.getString("reason"));
    return switch (word) {
      case "awaited" -> new Standing.Awaited();
      case "soaking" -> new Standing.Soaking(Columns.time(row, "good_since"));
      case "healthy" -> new Standing.Healthy();
      case "regressed" -> new Standing.Regressed(reason);
      case "failed" -> new Standing.Failed(reason, Columns.time(row, "good_since"));
      case "late_healthy" -> new Standing.LateHealthy(reason, Columns.time(row, "good_since"));
      default -> new Standing.Closed();
    };
  }

  private static final String WRITE_PULSES = """
      update pulse p set last_at = u.last_at, boot_id = u.boot_id, sequence = u.sequence, hash = u.hash, silent = u.silent, watched = u.watched,
             rival_boot = u.rival_boot, rivals_told = u.rivals_told, said = u.said, agent_version = u.agent_version,
             digests = u.digests::jsonb, statuses = u.statuses::jsonb
        from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::boolean[], $8::text[],
                    $9::boolean[], $10::text[], $11::text[], $12::text[], $13::text[])
          as u (instance_id, last_at, boot_id, sequence, hash, silent, watched, rival_boot, rivals_told, said, agent_version, digests, statuses)
       where p.instance_id = u.instance_id
      """;

  public void writePulses(Db.Tx tx, List<PulseRow> rows) {
    if (rows.isEmpty()) return;
    tx.send(WRITE_PULSES, Columns.texts(rows, PulseRow::instanceId), Columns.times(rows, r -> r.pulse.lastAt()),
        Columns.texts(rows, r -> r.pulse.order().bootId()), Columns.longs(rows, r -> r.pulse.order().sequence()),
        Columns.longs(rows, PulseRow::hash), Columns.flags(rows, r -> r.pulse.silent()), Columns.flags(rows, PulseRow::watched),
        Columns.texts(rows, r -> r.pulse.order().rival()), Columns.flags(rows, r -> r.pulse.order().told()),
        Columns.texts(rows, r -> r.pulse.known() == null ? null : Observations.status(r.pulse.known().status())),
        Columns.texts(rows, r -> r.pulse.known() == null ? null : r.pulse.known().agentVersion()),
        Columns.texts(rows, r -> r.pulse.known() == null ? null : Observations.digests(r.pulse.known().digests())),
        Columns.texts(rows, r -> r.pulse.known() == null ? "{}" : Observations.statuses(r.pulse.known().statuses())));
  }

  /// A boot that was replaced, and the last sequence that it said.
  public record BootRow(String instanceId, String bootId, long sequence) {}

  private static final String WRITE_BOOTS = """
      insert into boot (instance_id, boot_id, sequence)
      select instance_id, boot_id, sequence from unnest($1::text[], $2::text[], $3::bigint[]) as u (instance_id, boot_id, sequence)
      on conflict (instance_id, boot_id) do update set sequence = excluded.sequence, replacement = excluded.replacement
      """;
  private static final String FORGET_BOOTS = """
      delete from boot b
       using (select instance_id, boot_id, row_number() over (partition by instance_id order by replacement desc, boot_id) as place
                from boot where instance_id = any($1)) o
       where b.instance_id = o.instance_id and b.boot_id = o.boot_id and o.place > $2
      """;
  private static final int BOOTS_KEPT = 100;

  /// Of each instance the newest are kept, those that were heard of again among them: an agent that ends at each start would leave thousands a day.
  public void writeBoots(Db.Tx tx, List<BootRow> rows) {
    if (rows.isEmpty()) return;
    tx.send(WRITE_BOOTS, Columns.texts(rows, BootRow::instanceId), Columns.texts(rows, BootRow::bootId),
        Columns.longs(rows, BootRow::sequence));
    tx.send(FORGET_BOOTS, Columns.texts(rows, BootRow::instanceId), BOOTS_KEPT);
  }

  /// What an agent now says of its instance.
  public record StatusRow(String instanceId, String status) {}

  private static final String WRITE_STATUS = """
      update instance i set status = u.status from unnest($1::text[], $2::text[]) as u (id, status)
       where i.id = u.id and i.status <> 'decommissioned'
      """;

  public void writeStatus(Db.Tx tx, List<StatusRow> rows) {
    if (!rows.isEmpty()) tx.send(WRITE_STATUS, Columns.texts(rows, StatusRow::instanceId), Columns.texts(rows, StatusRow::status));
  }

  /// An attempt as it now stands.
  ///
  /// @param dueAt when time may next change something; null: never
  public record StandingRow(String instanceId, String moduleId, Standing standing, boolean timedOut, Instant dueAt) {}

  private static final String WRITE_STANDINGS = """
      update assignment a set standing = u.standing, reason = u.reason, good_since = u.good_since, timed_out = u.timed_out, due_at = u.due_at
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::timestamptz[])
          as u (instance_id, module_id, standing, reason, good_since, timed_out, due_at)
       where a.instance_id = u.instance_id and a.module_id = u.module_id
      """;

  public void writeStandings(Db.Tx tx, List<StandingRow> rows) {
    if (rows.isEmpty()) return;
    tx.send(WRITE_STANDINGS, Columns.texts(rows, StandingRow::instanceId), Columns.texts(rows, StandingRow::moduleId),
        Columns.texts(rows, r -> word(r.standing)), Columns.texts(rows, r -> reason(r.standing)),
        Columns.times(rows, r -> goodSince(r.standing)),
        Columns.flags(rows, StandingRow::timedOut), Columns.times(rows, StandingRow::dueAt));
  }

  private static String word(Standing standing) {
    return switch (standing) {
      case Standing.Awaited _ -> "awaited";
      case Standing.Soaking _ -> "soaking";
      case Standing.Healthy _ -> "healthy";
      case Standing.Regressed _ -> "regressed";
      case Standing.Failed _ -> "failed";
      case Standing.LateHealthy _ -> "late_healthy";
      case Standing.Closed _ -> "closed";
    };
  }

  private static String reason(Standing standing) {
    return switch (standing) {
      case Standing.Regressed(var reason) -> Words.of(reason);
      case Standing.Failed(var reason, _) -> Words.of(reason);
      case Standing.LateHealthy(var reason, _) -> Words.of(reason);
      case Standing.Awaited _,Standing.Soaking _,Standing.Healthy _,Standing.Closed _ -> null;
    };
  }

  private static Instant goodSince(Standing standing) {
    return switch (standing) {
      case Standing.Soaking(var since) -> since;
      case Standing.Failed(_, var since) -> since;
      case Standing.LateHealthy(_, var since) -> since;
      case Standing.Awaited _,Standing.Healthy _,Standing.Regressed _,Standing.Closed _ -> null;
    };
  }

  /// A desired version that was echoed or shown.
  public record EchoRow(String instanceId, String moduleId) {}

  private static final String WRITE_ECHOES = """
      update assignment a set echoed_at = $3, changed_xid = greatest(pg_current_xact_id(), a.changed_xid)
        from unnest($1::text[], $2::text[]) as u (instance_id, module_id)
       where a.instance_id = u.instance_id and a.module_id = u.module_id
      """;

  public void writeEchoes(Db.Tx tx, List<EchoRow> rows, Instant at) {
    if (!rows.isEmpty())
      tx.send(WRITE_ECHOES, Columns.texts(rows, EchoRow::instanceId), Columns.texts(rows, EchoRow::moduleId), Columns.time(at));
  }

  private static final String SETTLED = "update settled set through = greatest(through, $1)";

  public void settled(Db.Tx tx, Instant through) { tx.send(SETTLED, Columns.time(through)); }

  /// Reads observations; fleets say the same things, so equal texts become one value.
  private static final class Texts {
    private final Map<String, Map<String, String>> digests = new HashMap<>();
    private final Map<String, Map<String, ModuleStatus>> statuses = new HashMap<>();

    Observation observation(Row row) {
      var said = row.getString("digests");
      return new Observation(Observations.status(row.getString("said")), row.getString("agent_version"),
          said == null ? null : digests.computeIfAbsent(said, text -> Map.copyOf(Observations.digests(text))),
          statuses.computeIfAbsent(row.getString("statuses"), text -> Map.copyOf(Observations.statuses(text))));
    }
  }
}
