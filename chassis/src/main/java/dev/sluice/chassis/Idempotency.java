package dev.sluice.chassis;

import dev.sluice.contract.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;

/// Answers a repeated POST as it was answered first. Kept for 24 h for each caller, path and key; another body under the same key is refused.
/// Failures of the service itself are not kept: their repeat is a new try. An answer may hold a secret (an instance's token), so it is kept sealed by the
/// caller's key, and the key only as a hash: who reads the table learns neither.
final class Idempotency {
  private static final Duration KEPT = Duration.ofHours(24);
  private static final Duration UNDER_WAY = Duration.ofMinutes(3);
  /// Entries that wait for the database to be dropped.
  private static final int LATER = 1_000;
  private final Db db;
  private final InstantSource clock;
  private final Semaphore later = new Semaphore(LATER);

  Idempotency(Db db, InstantSource clock) {
    this.db = db;
    this.clock = clock;
  }

  private static final String BEGIN = """
      insert into idempotency (caller, path, key, body_hash, at) values ($1, $2, $3, $4, $5)
      on conflict (caller, path, key) do update set body_hash = excluded.body_hash, at = excluded.at, status = null, location = null, body = null
       where idempotency.at < $6 or (idempotency.status is null and idempotency.at < $7 and idempotency.body_hash = excluded.body_hash)
      returning key
      """;
  private static final String FIND = "select body_hash, status, location, body from idempotency where caller = $1 and path = $2 and key = $3";
  private static final String KEEP = "update idempotency set status = $4, location = $5, body = $6 where caller = $1 and path = $2 and key = $3";
  private static final String DROP = "delete from idempotency where caller = $1 and path = $2 and key = $3 and at = $4";
  private static final String SWEEP = "delete from idempotency where ctid in (select ctid from idempotency where at < $1 limit 100)";

  Answer once(String caller, String path, String given, Buffer body, Callable<Answer> work) throws Exception {
    if (given.isBlank() || given.length() > 128)
      throw new ProblemException(Problem.invalid("Idempotency-Key", "must be a string of 1 to 128 characters", given));
    var key = Ids.hex(Ids.hash(given));
    var hash = Ids.sha256().digest(body.getBytes());
    var now = clock.instant();
    boolean mine = db.query(BEGIN, caller, path, key, Buffer.buffer(hash), at(now), at(now.minus(KEPT)), at(now.minus(UNDER_WAY)))
        .rowCount() > 0;
    var seal = new Seal(caller + "\n" + path + "\n" + given);
    if (!mine) return repeated(db.query(FIND, caller, path, key), given, hash, seal);
    db.query(SWEEP, at(now.minus(KEPT)));
    Answer answer;
    try {
      answer = work.call();
    } catch (Exception e) {
      drop(caller, path, key, now);
      throw e;
    }
    if (answer.status() >= 500) {
      drop(caller, path, key, now);
      return answer;
    }
    // an answer that cannot be kept stays "under way": its repeat is refused for a while rather than done twice at once
    db.query(KEEP, caller, path, key, answer.status(), answer.headers().get("Location"),
        answer.body() == null ? null : seal.close(Json.text(answer.body())));
    return answer;
  }

  /// Where the database is away, as the failure itself may say, the entry is dropped when it is back, so that the repeat need not wait until it lapses.
  private void drop(String caller, String path, String key, Instant begun) {
    if (dropped(caller, path, key, begun) || !later.tryAcquire()) return;
    Thread.startVirtualThread(() -> {
      try {
        for (int i = 0; i < UNDER_WAY.toSeconds() && !dropped(caller, path, key, begun); i++)
          Await.pause(Duration.ofSeconds(1));
      } finally {
        later.release();
      }
    });
  }

  private boolean dropped(String caller, String path, String key, Instant begun) {
    try {
      db.query(DROP, caller, path, key, at(begun));
      return true;
    } catch (Outage e) {
      return false;
    }
  }

  private static Answer repeated(RowSet<Row> found, String key, byte[] hash, Seal seal) {
    if (found.rowCount() == 0) throw underWay(key); // the first has just failed, and its entry is gone
    var row = found.iterator().next();
    if (!Arrays.equals(row.getBuffer("body_hash").getBytes(), hash)) {
      throw new ProblemException(
          Problem.conflict("the Idempotency-Key " + key + " was used with another body; take a new key", Map.of("idempotency_key", key)));
    }
    if (row.getInteger("status") == null) throw underWay(key);
    var location = row.getString("location");
    var body = row.getString("body");
    return new Answer(row.getInteger("status"), body == null ? null : Buffer.buffer(seal.open(body)),
        location == null ? Map.of() : Map.of("Location", location));
  }

  private static ProblemException underWay(String key) {
    return new ProblemException(Problem.conflict("the first request with the Idempotency-Key " + key + " is still under way; try again",
        Map.of("idempotency_key", key)));
  }

  private static OffsetDateTime at(Instant instant) { return instant.atOffset(ZoneOffset.UTC); }
}
