package dev.sluice.chassis;

import dev.sluice.contract.Problem;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/// Does a POST once for each caller, path and key, and answers its repeats for 24 h as it was answered first; another body under the same key is refused.
/// Refusals and failures are not kept: their repeat is a new try.
///
/// A process may die in the middle. Whoever gets the repeat tries anew, with the same ids and secrets, and knows whether the try before had committed: each
/// transaction of a try marks its entry. One that was only slow finds itself overtaken when it marks, and rolls back. So a wish is done once, whoever dies.
///
/// An answer may hold a secret (an instance's token), so it is kept sealed by the caller's key, as is what secrets are drawn from, and the key only as a hash: who
/// reads the table learns none of them.
final class Idempotency {
  private static final Duration KEPT = Duration.ofHours(24);
  /// A try of another process that is older than this is overtaken.
  private static final Duration HELD = Duration.ofSeconds(10);
  /// How long a repeat waits for the answer of another try.
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final int DROP_TRIES = 180;
  /// Entries that wait for the database to be dropped.
  private static final int LATER = 1_000;
  private final Db db;
  private final Ids ids;
  private final InstantSource clock;
  /// What this process tries now.
  private final Set<Entry> tried = ConcurrentHashMap.newKeySet();
  private final Semaphore later = new Semaphore(LATER);

  Idempotency(Db db, Ids ids, InstantSource clock) {
    this.db = db;
    this.ids = ids;
    this.clock = clock;
  }

  /// @param key hashed
  private record Entry(String caller, String path, String key) {}

  /// A try that has begun.
  ///
  /// @param holder who tries, and no other
  /// @param at     when the first one began
  /// @param seed   sealed
  private record Begun(Entry entry, String holder, Instant at, String seed, boolean done) {}

  private static final String BEGIN = """
      insert into idempotency (caller, path, key, body_hash, at, seed, holder, held_at) values ($1, $2, $3, $4, $5, $6, $7, $5)
      on conflict (caller, path, key) do update
         set body_hash = excluded.body_hash, status = null, location = null, body = null, holder = excluded.holder, held_at = excluded.held_at,
             at = case when idempotency.at < $8 then excluded.at else idempotency.at end,
             seed = case when idempotency.at < $8 or idempotency.seed is null then excluded.seed else idempotency.seed end,
             done = idempotency.done and idempotency.at >= $8
       where idempotency.at < $8
          or idempotency.status is null and idempotency.body_hash = excluded.body_hash and (idempotency.holder is null or idempotency.held_at < $9)
      returning at, seed, done
      """;
  private static final String MARK = "update idempotency set done = true where caller = $1 and path = $2 and key = $3 and holder = $4";
  private static final String FIND = "select body_hash, status, location, body from idempotency where caller = $1 and path = $2 and key = $3";
  private static final String KEEP = """
      update idempotency set status = $5, location = $6, body = $7, holder = null, seed = null where caller = $1 and path = $2 and key = $3 and holder = $4
      """;
  private static final String DROP = "delete from idempotency where caller = $1 and path = $2 and key = $3 and holder = $4 and (not done or $5)";
  private static final String LEAVE = "update idempotency set holder = null where caller = $1 and path = $2 and key = $3 and holder = $4";
  private static final String SWEEP = "delete from idempotency where ctid in (select ctid from idempotency where at < $1 limit 100)";

  Answer once(String caller, String path, String given, Buffer body, Attempt.Work work) throws Exception {
    if (given.isBlank() || given.length() > 128)
      throw new ProblemException(Problem.invalid("Idempotency-Key", "must be a string of 1 to 128 characters", given));
    var entry = new Entry(caller, path, Ids.hex(Ids.hash(given)));
    var hash = Ids.sha256().digest(body.getBytes());
    var seal = new Seal(caller + "\n" + path + "\n" + given);
    for (long began = System.nanoTime(); System.nanoTime() - began < PATIENCE.toNanos(); Await.pause(LOOK)) {
      if (tried.add(entry)) {
        try {
          var begun = begin(entry, hash, seal);
          if (begun.isPresent()) return tried(begun.get(), seal, work);
        } finally {
          tried.remove(entry);
        }
      }
      var kept = kept(entry, given, hash, seal);
      if (kept.isPresent()) return kept.get();
    }
    throw new ProblemException(Problem.unavailable("the first request with this Idempotency-Key is still under way; try again"));
  }

  private Optional<Begun> begin(Entry entry, byte[] hash, Seal seal) {
    var holder = ids.next();
    var now = clock.instant();
    for (var row : db.query(BEGIN, entry.caller, entry.path, entry.key, Buffer.buffer(hash), Columns.time(now), seal.close(ids.secret()),
        holder,
        Columns.time(now.minus(KEPT)), Columns.time(now.minus(HELD))))
      return Optional.of(
          new Begun(entry, holder, row.getOffsetDateTime("at").toInstant(), row.getString("seed"), row.getBoolean("done")));
    return Optional.empty();
  }

  private Answer tried(Begun begun, Seal seal, Attempt.Work work) throws Exception {
    db.query(SWEEP, Columns.time(clock.instant().minus(KEPT)));
    Answer answer;
    try {
      var attempt = new Attempt(Ids.drawnFrom(seal.open(begun.seed), begun.at), begun.done);
      answer = Db.within(tx -> mark(tx, begun), () -> work.by(attempt));
    } catch (ProblemException refused) {
      drop(begun, true);
      throw refused;
    } catch (Exception e) {
      drop(begun, false);
      throw e;
    }
    if (answer.status() >= 500) {
      drop(begun, false);
      return answer;
    }
    var e = begun.entry;
    db.query(KEEP, e.caller, e.path, e.key, begun.holder, answer.status(), answer.headers().get("Location"),
        answer.body() == null ? null : seal.close(Json.text(answer.body())));
    return answer;
  }

  private static void mark(Db.Tx tx, Begun begun) {
    var e = begun.entry;
    if (tx.query(MARK, e.caller, e.path, e.key, begun.holder).rowCount() == 0)
      throw new Outage("a repeat of this request has overtaken it", null);
  }

  /// Where the database is away, as the failure itself may say, the entry is dropped when it is back, so that the repeat need not wait until it lapses.
  ///
  /// @param evenDone whether nothing is left of what was committed; else a try that has committed keeps its entry, for whoever can answer it
  private void drop(Begun begun, boolean evenDone) {
    if (dropped(begun, evenDone) || !later.tryAcquire()) return;
    Thread.startVirtualThread(() -> {
      try {
        for (int i = 0; i < DROP_TRIES && !dropped(begun, evenDone); i++)
          Await.pause(Duration.ofSeconds(1));
      } finally {
        later.release();
      }
    });
  }

  private boolean dropped(Begun begun, boolean evenDone) {
    var e = begun.entry;
    try {
      db.query(DROP, e.caller, e.path, e.key, begun.holder, evenDone);
      db.query(LEAVE, e.caller, e.path, e.key, begun.holder);
      return true;
    } catch (Outage away) {
      return false;
    }
  }

  /// The answer of another try; none while it is under way, or has just failed.
  private Optional<Answer> kept(Entry entry, String given, byte[] hash, Seal seal) {
    for (var row : db.query(FIND, entry.caller, entry.path, entry.key)) {
      if (!Arrays.equals(row.getBuffer("body_hash").getBytes(), hash))
        throw new ProblemException(Problem.conflict("the Idempotency-Key " + given + " was used with another body; take a new key",
            Map.of("idempotency_key", given)));
      if (row.getInteger("status") == null) return Optional.empty();
      var location = row.getString("location");
      var body = row.getString("body");
      return Optional.of(new Answer(row.getInteger("status"), body == null ? null : Buffer.buffer(seal.open(body)),
          location == null ? Map.of() : Map.of("Location", location)));
    }
    return Optional.empty();
  }
}
