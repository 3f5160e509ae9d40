package dev.sluice.gateway.store;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Epoch;
import dev.sluice.chassis.Json;
import dev.sluice.gateway.domain.Envelope;
import io.vertx.sqlclient.Row;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The log that the gateway serves. Blocks; call on virtual threads.
///
/// Its promises: an event is there once, whatever is repeated; ids grow in the order of commits, over all replicas, so who has seen id n has seen all up
/// to n. Both rest on one row, [#COUNTER], which each append holds from its first statement to its commit.
public final class EventLog {
  /// The public events of one message.
  ///
  /// @param seq    of the message in its stream
  /// @param events all of the same origin; not empty
  public record Told(long seq, List<Envelope> events) {
    Envelope.Origin origin() { return events.getFirst().origin(); }
  }

  private record Place(int epoch, long seq) {
    boolean before(Told told) {
      return epoch < told.origin().epoch() || epoch == told.origin().epoch() && seq < told.seq();
    }
  }

  private final Db db;

  public EventLog(Db db) {
    this.db = db;
  }

  private static final String COUNTER = "select last from event_counter for update";
  private static final String PLACES = "select stream, epoch, seq from inbox_position where topic = $1 and stream = any($2)";

  /// Appends what is new of a topic's messages, in their order, and remembers it, in one transaction.
  ///
  /// @param messages those that told something, in the order of each stream
  /// @return how many events were new
  public int append(String topic, List<Told> messages) {
    return db.inTransaction(tx -> {
      long last = tx.list(COUNTER, row -> row.getLong("last")).getFirst();
      var places = new HashMap<String, Place>();
      var streams = messages.stream().map(m -> m.origin().stream()).distinct().toArray(String[]::new);
      for (var row : tx.query(PLACES, topic, streams))
        places.put(row.getString("stream"), new Place(row.getInteger("epoch"), row.getLong("seq")));
      var moved = new LinkedHashMap<String, Place>();
      var fresh = messages.stream().filter(m -> {
        var stream = m.origin().stream();
        if (places.containsKey(stream) && !places.get(stream).before(m)) return false;
        var place = new Place(m.origin().epoch(), m.seq());
        places.put(stream, place);
        moved.put(stream, place);
        return true;
      }).flatMap(m -> m.events().stream()).toList();
      if (!fresh.isEmpty()) insert(tx, topic, last, fresh, moved);
      return fresh.size();
    });
  }

  private static final String INSERT = """
      insert into event_log (id, topic, stream, epoch, stream_seq, kind, severity, occurred_at, rollout_id, template_id, module_id, actor, fields)
      select $1 + row.n, $2, row.stream, row.epoch, row.stream_seq, row.kind, row.severity, row.occurred_at, row.rollout_id, row.template_id,
             row.module_id, row.actor, row.fields
        from unnest($3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[],
             $13::text[]) with ordinality
          as row (stream, epoch, stream_seq, kind, severity, occurred_at, rollout_id, template_id, module_id, actor, fields, n)
      """;
  private static final String COUNT = "update event_counter set last = $1";
  private static final String MOVE = """
      insert into inbox_position (topic, stream, epoch, seq) select $1, row.stream, row.epoch, row.seq
        from unnest($2::text[], $3::int[], $4::bigint[]) as row (stream, epoch, seq)
      on conflict (topic, stream) do update set epoch = excluded.epoch, seq = excluded.seq
      """;

  private static void insert(Db.Tx tx, String topic, long last, List<Envelope> events, Map<String, Place> moved) {
    tx.query(INSERT, last, topic, texts(events, e -> e.origin().stream()),
        events.stream().map(e -> e.origin().epoch()).toArray(Integer[]::new),
        events.stream().map(Envelope::streamSeq).toArray(Long[]::new), texts(events, Envelope::kind), texts(events, Envelope::severity),
        events.stream().map(e -> e.occurredAt().atOffset(ZoneOffset.UTC)).toArray(OffsetDateTime[]::new),
        texts(events, e -> e.scope().rolloutId()), texts(events, e -> e.scope().templateId()), texts(events, e -> e.scope().moduleId()),
        texts(events, Envelope::actor), texts(events, e -> Json.text(e.fields())));
    tx.query(COUNT, last + events.size());
    tx.query(MOVE, topic, moved.keySet().toArray(String[]::new), moved.values().stream().map(Place::epoch).toArray(Integer[]::new),
        moved.values().stream().map(Place::seq).toArray(Long[]::new));
  }

  private static String[] texts(List<Envelope> events, Function<Envelope, Object> column) {
    return events.stream().map(column).map(value -> value == null ? null : value.toString()).toArray(String[]::new);
  }

  private static final String LEAP = "update event_counter set last = greatest(last, $1)";

  /// Lets ids go on above all that were given away before a restore; nobody writes a million events in a second.
  public void leap(Epoch epoch) { db.query(LEAP, epoch.leap() * 1_000_000); }

  private static final String LAST = "select last from event_counter";

  /// The id of the newest event; 0 where there is none.
  public long last() { return db.list(LAST, row -> row.getLong("last")).getFirst(); }

  private static final String COLUMNS = "id, topic, stream, stream_seq, kind, severity, occurred_at, rollout_id, template_id, module_id, actor, fields";
  private static final String ANY = "select " + COLUMNS + " from event_log where %3$s id %1$s $1 order by id %2$s limit $2";
  /// One kind after the other from its index, then together: what is read is some pages and not the log, however little the filter takes of it. Rows are compared
  /// whole, since only the index has that order: for `kind = ...` PostgreSQL would rather go through the ids.
  private static final String BY_KIND = """
      with recursive kinds (kind) as (
        (select kind collate "C" from event_log where kind collate "C" >= $3 order by kind collate "C" limit 1)
        union all
        select (select e.kind collate "C" from event_log e where e.kind collate "C" > k.kind order by e.kind collate "C" limit 1)
          from kinds k where starts_with(k.kind, $3)
      )
      select found.* from kinds
       cross join lateral (
         select %3$s from event_log where (kind collate "C", id) %1$s (kinds.kind, $1) order by kind collate "C" %2$s, id %2$s limit $2
       ) found
       where starts_with(kinds.kind, $3) and found.kind = kinds.kind order by id %2$s limit $2
      """;
  private static final String BY_KIND_OF_ROLLOUT = """
      with recursive kinds (kind) as (
        (select case when rollout_id = $4 then kind collate "C" end from event_log
          where rollout_id is not null and (rollout_id, kind collate "C") >= ($4, $3) order by rollout_id, kind collate "C" limit 1)
        union all
        select (select case when e.rollout_id = $4 then e.kind collate "C" end from event_log e
                 where e.rollout_id is not null and (e.rollout_id, e.kind collate "C") > ($4, k.kind) order by e.rollout_id, e.kind collate "C" limit 1)
          from kinds k where starts_with(k.kind, $3)
      )
      select found.* from kinds
       cross join lateral (
         select %3$s from event_log where rollout_id is not null and (rollout_id, kind collate "C", id) %1$s ($4, kinds.kind, $1)
          order by rollout_id %2$s, kind collate "C" %2$s, id %2$s limit $2
       ) found
       where starts_with(kinds.kind, $3) and found.rollout_id = $4 and found.kind = kinds.kind order by id %2$s limit $2
      """;
  private static final Queries AFTER = new Queries(">", "asc");
  private static final Queries BEFORE = new Queries("<", "desc");

  /// The same in one direction, for each kind of filter.
  private record Queries(String any, String ofRollout, String byKind, String byKindOfRollout) {
    Queries(String beyond, String order) {
      this(ANY.formatted(beyond, order, ""), ANY.formatted(beyond, order, "rollout_id = $3 and"), BY_KIND.formatted(beyond, order, COLUMNS),
          BY_KIND_OF_ROLLOUT.formatted(beyond, order, COLUMNS));
    }
  }

  /// Events behind a cursor, oldest first.
  public List<Event> after(long cursor, Event.Filter filter, int limit) { return read(AFTER, cursor, filter, limit); }

  /// The newest events, newest first.
  public List<Event> newest(Event.Filter filter, int limit) { return read(BEFORE, Long.MAX_VALUE, filter, limit); }

  private List<Event> read(Queries queries, long from, Event.Filter filter, int limit) {
    var prefix = filter.kindPrefix() == null ? "" : filter.kindPrefix();
    var rollout = filter.rolloutId();
    if (prefix.isEmpty())
      return rollout == null
          ? db.list(queries.any, EventLog::event, from, limit)
          : db.list(queries.ofRollout, EventLog::event, from, limit, rollout);
    return rollout == null
        ? db.list(queries.byKind, EventLog::event, from, limit, prefix)
        : db.list(queries.byKindOfRollout, EventLog::event, from, limit, prefix, rollout);
  }

  private static Event event(Row row) {
    long id = row.getLong("id");
    var kind = row.getString("kind");
    var rollout = row.getString("rollout_id");
    var json = new StringBuilder(320).append("{\"id\":\"").append(id).append('"');
    member(json, "kind", kind);
    member(json, "severity", row.getString("severity"));
    member(json, "occurred_at", row.get(OffsetDateTime.class, "occurred_at").toInstant().toString());
    member(json, "rollout_id", rollout);
    member(json, "template_id", row.getString("template_id"));
    member(json, "module_id", row.getString("module_id"));
    member(json, "actor", row.getString("actor"));
    if (Envelope.inRolloutsStream(row.getString("topic"), row.getString("stream"), rollout))
      json.append(",\"stream_seq\":").append(row.getLong("stream_seq"));
    var fields = row.getString("fields");
    json.append(fields.length() > 2 ? "," : "").append(fields, 1, fields.length());
    return new Event(id, kind, rollout, json.toString());
  }

  private static void member(StringBuilder json, String name, String value) {
    json.append(",\"").append(name).append("\":").append(value == null ? "null" : Json.text(value));
  }
}
