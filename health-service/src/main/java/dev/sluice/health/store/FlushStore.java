package dev.sluice.health.store;

import dev.sluice.chassis.Columns;
import dev.sluice.chassis.Db;
import dev.sluice.health.domain.Observation;
import dev.sluice.health.ingest.HeartbeatBuffer.Missed;
import dev.sluice.health.ingest.Waiting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The flush of heartbeats, in one transaction with the time that it reaches to.
///
/// A heartbeat that says what the newest one said, of an instance that nobody waits for and of which nothing waits to be judged, only moves the time of its row;
/// any other becomes evidence, which is judged in the order of receipt when every replica has flushed as far. Which one it is, is decided under the row's lock.
public final class FlushStore {
  private static final int HASHES_KEPT = 10_000;
  private final Db db;
  /// A fleet says few different things.
  private final Map<Observation, Long> hashes = new ConcurrentHashMap<>();

  public FlushStore(Db db) {
    this.db = db;
  }

  /// What is flushed together.
  ///
  /// @param missed times before `through` in which heartbeats could not be heard
  public record Flush(String replicaId, List<Waiting> waiting, Instant through, List<Missed> missed) {}

  private record Beat(String instanceId, long enrolment, Waiting.Run run, long hash) {}

  /// Writes a flush. Writing it again changes nothing.
  ///
  /// @return how many heartbeats now wait to be judged
  public int write(Flush flush) {
    if (flush.waiting().isEmpty() && flush.missed().isEmpty()) {
      db.query(BEAT, flush.replicaId(), Columns.time(flush.through()));
      return 0;
    }
    var moves = new ArrayList<Beat>(flush.waiting().size());
    var evidence = new ArrayList<Beat>();
    var maybe = new ArrayList<Waiting>(flush.waiting().size());
    for (var waiting : flush.waiting())
      if (!waiting.watched() && waiting.alike()) {
        moves.add(beat(waiting, waiting.runs().getLast()));
        maybe.add(waiting);
      } else
        evidence.addAll(beats(waiting, waiting.runs()));
    return db.inTransaction(tx -> {
      var moved = move(tx, moves);
      for (var waiting : maybe)
        if (!moved.contains(waiting.instanceId())) evidence.addAll(beats(waiting, waiting.sparse()));
      keep(tx, evidence);
      for (var missed : flush.missed())
        deaf(tx, missed.from(), missed.to(), missed.why());
      beat(tx, flush.replicaId(), flush.through());
      return evidence.size();
    });
  }

  private List<Beat> beats(Waiting waiting, List<Waiting.Run> runs) { return runs.stream().map(run -> beat(waiting, run)).toList(); }

  private Beat beat(Waiting waiting, Waiting.Run run) {
    if (hashes.size() > HASHES_KEPT) hashes.clear();
    return new Beat(waiting.instanceId(), waiting.enrolment(), run, hashes.computeIfAbsent(run.seen(), Observations::hash));
  }

  /// What is wished stands in the locked rows: a second join of two long lists without an index would be planned as a loop in a loop.
  private static final String MOVE = """
      with beat as (
        select instance_id, boot_id, sequence, at, hash
          from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bigint[]) as b (instance_id, boot_id, sequence, at, hash)
      ), locked as (
        select b.* from beat b join pulse p using (instance_id)
         where not exists (select from evidence e where e.instance_id = b.instance_id)
         order by b.instance_id for update of p
      )
      update pulse p
         set sequence = greatest(p.sequence, b.sequence),
             last_at = case when b.sequence > p.sequence then greatest(p.last_at, b.at) else p.last_at end
        from locked b
       where p.instance_id = b.instance_id and p.boot_id = b.boot_id and p.hash = b.hash
         and not p.watched and not p.silent and (p.rival_boot is null or p.rivals_told)
      returning p.instance_id
      """;

  private static Set<String> move(Db.Tx tx, List<Beat> beats) {
    if (beats.isEmpty()) return Set.of();
    return new HashSet<>(tx.list(MOVE, r -> r.getString("instance_id"), Columns.texts(beats, Beat::instanceId),
        Columns.texts(beats, b -> b.run.bootId()), Columns.longs(beats, b -> b.run.sequence()), Columns.times(beats, b -> b.run.at()),
        Columns.longs(beats, Beat::hash)));
  }

  private static final String KEEP = """
      insert into evidence (instance_id, at, boot_id, sequence, hash, said, agent_version, digests, statuses, enrolment)
      select instance_id, at, boot_id, sequence, hash, said, agent_version, digests::jsonb, statuses::jsonb, enrolment
        from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[])
          as e (instance_id, at, boot_id, sequence, hash, said, agent_version, digests, statuses, enrolment)
      """;

  private static void keep(Db.Tx tx, List<Beat> beats) {
    if (beats.isEmpty()) return;
    tx.send(KEEP, Columns.texts(beats, Beat::instanceId), Columns.times(beats, b -> b.run.at()), Columns.texts(beats, b -> b.run.bootId()),
        Columns.longs(beats, b -> b.run.sequence()), Columns.longs(beats, Beat::hash),
        Columns.texts(beats, b -> Observations.status(b.run.seen().status())), Columns.texts(beats, b -> b.run.seen().agentVersion()),
        Columns.texts(beats, b -> Observations.digests(b.run.seen().digests())),
        Columns.texts(beats, b -> Observations.statuses(b.run.seen().statuses())),
        Columns.longs(beats, Beat::enrolment));
  }

  private static final String DEAF = "insert into deaf (from_at, to_at, why) values ($1, $2, $3)";

  /// Where `to` is not after `from`, nothing was missed.
  static void deaf(Db.Tx tx, Instant from, Instant to, String why) {
    if (from.isBefore(to)) tx.send(DEAF, Columns.time(from), Columns.time(to), why);
  }

  private static final String BEAT = """
      insert into replica (id, beat_at, flushed_through) values ($1, clock_timestamp(), $2)
      on conflict (id) do update set beat_at = excluded.beat_at, flushed_through = greatest(replica.flushed_through, excluded.flushed_through)
      """;

  static void beat(Db.Tx tx, String replicaId, Instant through) { tx.send(BEAT, replicaId, Columns.time(through)); }
}
