package dev.sluice.planner.store;

import static dev.sluice.chassis.Columns.time;
import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.planner.domain.Lesson;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Learnings as rows, found by PostgreSQL's full-text search. Blocks; call on a virtual thread.
public final class LearningStore {
  /// @param source   `person` or `rollout`
  /// @param rollouts how many rollouts it was learned from; 0 for a person's
  public record Learning(String id, String title, String content, String category, List<String> tags, String moduleId, String templateId,
      String source, int rollouts, String createdBy, Instant createdAt, Instant updatedAt) {
    public Learning {
      tags = List.copyOf(tags);
    }
  }

  private static final String COLUMNS = "id, title, content, category, tags, module_id, template_id, source, rollouts, created_by, created_at, updated_at";
  private final Db db;

  public LearningStore(Db db) {
    this.db = db;
  }

  private static final String ADD = """
      insert into learning (id, title, content, category, tags, module_id, template_id, source, twin, lesson, rollouts, created_by, created_at, updated_at, words)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11, $12, $13, $13,
              to_tsvector('english', $2 || ' ' || $3 || ' ' || array_to_string($5::text[], ' ')))
      on conflict do nothing returning id
      """;

  public void add(Learning l) { db.doInTransaction(tx -> add(tx, l, null)); }

  private static boolean add(Db.Tx tx, Learning l, Lesson lesson) {
    return tx.query(ADD, l.id(), l.title(), l.content(), l.category(), l.tags().toArray(String[]::new), l.moduleId(), l.templateId(),
        l.source(), lesson == null ? null : lesson.twin(), lesson == null ? null : Json.text(lesson), l.rollouts(), l.createdBy(),
        time(l.createdAt())).rowCount() > 0;
  }

  private static final String TWIN = "select lesson::text as lesson, tags from learning where twin = $1 for update";
  private static final String MERGE = """
      update learning
         set title = $2, content = $3, category = $4, tags = $5, lesson = $6::text::jsonb, rollouts = $7, updated_at = $8,
             words = to_tsvector('english', $2 || ' ' || $3 || ' ' || array_to_string($5::text[], ' '))
       where twin = $1
      """;

  /// Writes what a rollout taught, merged with its twin where there is one.
  ///
  /// @param id the id of the learning if it is a new one
  public void teach(Db.Tx tx, Lesson lesson, String id, Instant at) {
    var fresh = new Learning(id, lesson.title(), lesson.content(), lesson.category(), lesson.tags(), lesson.moduleId(), lesson.templateId(),
        "rollout", lesson.rollouts(), "sluice", at, at);
    if (add(tx, fresh, lesson)) return;
    var row = tx.query(TWIN, lesson.twin()).iterator().next();
    var both = Json.read(row.getString("lesson"), Lesson.class).mergedWith(lesson);
    Set<String> tags = new TreeSet<>(List.of(row.getArrayOfStrings("tags")));
    tags.addAll(both.tags());
    tx.query(MERGE, lesson.twin(), both.title(), both.content(), both.category(), tags.toArray(String[]::new), Json.text(both),
        both.rollouts(), time(at));
  }

  private static final String FIND = "select " + COLUMNS + " from learning where id = $1";

  public Optional<Learning> learning(String id) { return db.list(FIND, LearningStore::learning, id).stream().findFirst(); }

  private static final String SEARCH = "select rank, n, " + COLUMNS + " from (select n, " + COLUMNS + """
      , case when $1::text is null then 0 else ts_rank(words, websearch_to_tsquery('english', $1)) end::real as rank
           from learning
          where ($1::text is null or words @@ websearch_to_tsquery('english', $1)) and ($2::text is null or tags @> array[$2])
            and ($3::text is null or module_id = $3)) as found
       where (rank, n) < ($4::text::real, $5::bigint)
       order by rank desc, n desc limit $6
      """;

  /// Where a page begins: behind this one.
  ///
  /// @param rank how well it matches, as the database writes it
  public record Behind(String rank, long n) {
    public static final Behind NOTHING = new Behind("Infinity", Long.MAX_VALUE);
  }

  /// Newest first; with `words`, best match first. Each filter may be null. The cursor of the next page is `rank/n` of the last one.
  public Page<Learning> search(String words, String tag, String moduleId, Behind behind, int limit) {
    var found = db.list(SEARCH, row -> row, words, tag, moduleId, behind.rank(), behind.n(), limit + 1L);
    var page = found.subList(0, Math.min(limit, found.size()));
    var next = found.size() > limit ? page.getLast().getFloat("rank") + "/" + page.getLast().getLong("n") : null;
    return new Page<>(page.stream().map(LearningStore::learning).toList(), next);
  }

  private static final String MATCHING = "select " + COLUMNS + """
       from learning
       where (module_id = $1 or template_id = $2) and coalesce(module_id, $1) = $1 and coalesce(template_id, $2) = $2
       order by (module_id is not null)::int + (template_id is not null)::int desc, updated_at desc, n desc limit $3
      """;

  /// Those about this module, this template or both, and about no other; the closest and newest first.
  public List<Learning> matching(String moduleId, String templateId, int limit) {
    return db.list(MATCHING, LearningStore::learning, moduleId, templateId, limit);
  }

  private static Learning learning(Row row) {
    return new Learning(row.getString("id"), row.getString("title"), row.getString("content"), row.getString("category"),
        List.of(row.getArrayOfStrings("tags")), row.getString("module_id"), row.getString("template_id"), row.getString("source"),
        row.getInteger("rollouts"), row.getString("created_by"), time(row, "created_at"), time(row, "updated_at"));
  }
}
