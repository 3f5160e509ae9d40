package dev.sluice.chassis;

import dev.sluice.contract.Scope;
import dev.sluice.contract.Told;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.Consumer;

/// One service's append-only log: its history, its state and its outbox. `unique (stream, seq)` lets one writer win.
public final class Journal {
  /// The end of a stream.
  ///
  /// @param seq  of its last fact; 0 where there is none
  /// @param told how many public events it has told
  public record Position(long seq, long told) {
    public static final Position START = new Position(0, 0);
  }

  /// A fact to append.
  public record Entry(Object event, Scope scope) {}

  /// Another one was first: load again and decide again.
  public static final class Rival extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Rival(String what, Throwable cause) {
      super(what, cause);
    }
  }

  /// A row that cannot be read: the process must stop, nothing may be built on it.
  public static final class Corrupt extends RuntimeException {
    private static final long serialVersionUID = 1;

    Corrupt(String where, Throwable cause) {
      super("the journal is corrupt at " + where, cause);
    }
  }

  private final Db db;
  private final Runnable nudge;
  private final Consumer<Corrupt> onCorrupt;

  /// @param nudge     told after each append that something waits for the relay
  /// @param onCorrupt told of a row that cannot be read, before it is thrown
  Journal(Db db, Runnable nudge, Consumer<Corrupt> onCorrupt) {
    this.db = db;
    this.nudge = nudge;
    this.onCorrupt = onCorrupt;
  }

  private static final String APPEND = """
      insert into journal (epoch, stream, seq, told_to, topic, key, kind, at, actor, scope, data, traceparent)
      select (select epoch from journal_epoch), $1, seq, told_to, $2, $7, kind, $3, $4, scope, data, $11
        from unnest($5::bigint[], $6::bigint[], $8::text[], $9::text[], $10::text[]) as row (seq, told_to, kind, scope, data)
       where $12::bigint = 0 or exists (select 1 from journal where stream = $1 and seq = $12)
      """;

  /// Appends facts behind `end`, in the caller's transaction.
  ///
  /// @param key always the same one for a stream: readers know a stream's facts by their order, which a topic keeps for one key only
  /// @return the new end
  /// @throws Rival   if the stream has moved on
  /// @throws Corrupt if the database does not know the end; nothing is appended behind a hole
  public Position append(Db.Tx tx, String topic, String stream, String key, Position end, List<Entry> entries, Instant at, String actor) {
    if (entries.isEmpty()) return end;
    int n = entries.size();
    var seqs = new Long[n];
    var told = new Long[n];
    var kinds = new String[n];
    var scopes = new String[n];
    var data = new String[n];
    long toldTo = end.told();
    for (int i = 0; i < n; i++) {
      var entry = entries.get(i);
      toldTo += Told.count(entry.event());
      seqs[i] = end.seq() + 1 + i;
      told[i] = toldTo;
      kinds[i] = Kinds.name(entry.event().getClass());
      scopes[i] = Json.text(entry.scope());
      data[i] = Json.text(entry.event());
    }
    try {
      var rows = tx.query(APPEND, stream, topic, at.atOffset(ZoneOffset.UTC), actor, seqs, told, key, kinds, scopes, data, Trace.current(),
          end.seq());
      if (rows.rowCount() == 0) throw missing(stream, end.seq());
    } catch (PgException e) {
      if (Db.isDuplicate(e)) throw new Rival("another writer appended to " + stream, e);
      throw e;
    }
    return new Position(end.seq() + n, toldTo);
  }

  private static final String END = "select seq, told_to from journal where stream = $1 order by seq desc limit 1";

  /// Appends facts to a stream that has many writers and no decider: takes the stream's lock, then appends at its end.
  public Position appendNext(Db.Tx tx, String topic, String stream, String key, List<Entry> entries, Instant at, String actor) {
    tx.send(Db.Tx.LOCK, stream);
    var end = tx.list(END, r -> new Position(r.getLong("seq"), r.getLong("told_to")), stream);
    return append(tx, topic, stream, key, end.isEmpty() ? Position.START : end.getFirst(), entries, at, actor);
  }

  /// Positions that one statement goes through: each of them is over well before its limit, however long the journal is.
  private static final int RANGE = 20_000;
  /// Positions are in the order of time, but for moments.
  private static final String NEWEST = """
      select max(position) as last, max(at) - interval '7 days' as since
        from (select position, at from journal order by position desc limit 20000) as newest
      """;
  private static final String PUBLISH_AGAIN = """
      update journal set published_at = null
       where position > $1 and position <= $2 and published_at is not null and ($3::text is null or topic = $3) and at > $4
      """;

  /// Gives to the relay what topics would hold that keep a week, as if it had not been published. A relay that is at work on them meanwhile publishes some twice.
  ///
  /// @param topic null: all
  /// @return how many facts
  static long publishAgain(Db db, String topic) {
    var newest = db.query(NEWEST).iterator().next();
    var last = newest.getLong("last");
    var since = newest.getOffsetDateTime("since");
    long all = 0;
    for (long from = 0; last != null && from < last; from += RANGE)
      all += db.query(PUBLISH_AGAIN, from, from + RANGE, topic, since).rowCount();
    return all;
  }

  /// Tells the relay that something was committed. A lost nudge costs only the relay's next tick.
  public void nudge() {
    CrashPoint.AFTER_APPEND.reached();
    nudge.run();
  }

  private static final String AFTER = """
      select position, epoch, stream, seq, told_to, topic, key, kind, at, actor, scope, data
        from journal where stream = $1 and seq > $2 order by seq limit 1000
      """;

  /// Facts of a stream behind a place, at most 1,000, in order.
  ///
  /// @throws Corrupt if one cannot be read or one is missing
  public List<Message> after(String stream, long seq, Kinds kinds) {
    long expected = seq;
    var found = db.list(AFTER, row -> message(row, kinds), stream, seq);
    for (var message : found)
      if (message.seq() != ++expected) throw missing(stream, expected);
    return found;
  }

  Message message(Row row, Kinds kinds) {
    var where = "position " + row.getLong("position") + " (" + row.getString("stream") + "/" + row.getLong("seq") + ")";
    try {
      return new Message(row.getString("topic"), row.getString("key"), row.getString("stream"), row.getInteger("epoch"), row.getLong("seq"),
          row.getLong("told_to"),
          row.get(OffsetDateTime.class, "at").toInstant(), row.getString("actor"), row.getString("kind"),
          Json.read(row.getString("scope"), Scope.class),
          kinds.read(row.getString("kind"), row.getString("data")), null);
    } catch (IllegalArgumentException e) {
      throw corrupt(where, e);
    }
  }

  private Corrupt missing(String stream, long seq) { return corrupt(stream + "/" + seq + " (missing)", null); }

  private Corrupt corrupt(String where, Throwable cause) {
    var corrupt = new Corrupt(where, cause);
    onCorrupt.accept(corrupt);
    return corrupt;
  }
}
