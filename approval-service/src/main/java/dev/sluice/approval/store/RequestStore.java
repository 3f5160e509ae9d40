package dev.sluice.approval.store;

import static dev.sluice.chassis.Columns.time;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.sluice.chassis.Db;
import dev.sluice.chassis.Json;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.RequestId;
import dev.sluice.contract.Trip;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Requests as rows, for reading. Blocks; call on virtual threads.
public final class RequestStore {
  /// One request without its revisions and votes.
  ///
  /// @param place the order of asking
  /// @param trip  null for a plan
  public record RequestRow(long place, RequestId id, String type, String status, String rolloutId, String templateId, String moduleId,
      int revision,
      String requestedBy, int requiredApprovals, Trip trip, Instant createdAt, Instant expiresAt, Instant decidedAt, String decidedBy,
      String decision,
      String comment, String outcome) {}

  /// @param counts false where it fell at an edit, or the person named another option later
  public record VoteRow(String actor, String decision, int revision, String comment, Instant at, boolean counts) {}

  /// A request with all that belongs to it: revisions and votes oldest first.
  public record Dossier(RequestRow request, List<PlanHeader> revisions, List<VoteRow> votes) {}

  /// Which requests; each may be null: any.
  public record Filter(String status, String type, String rolloutId) {}

  private final Db db;

  public RequestStore(Db db) {
    this.db = db;
  }

  private static final String COLUMNS = """
      select place, id, type, status, rollout_id, template_id, module_id, revision, requested_by, required_approvals, trip,
             created_at, expires_at, decided_at, decided_by, decision, comment, outcome
        from approval_request
      """;
  private static final String LIST = COLUMNS + """
       where ($1::text is null or status = $1) and ($2::text is null or type = $2) and ($3::text is null or rollout_id = $3)
         and place < $4
       order by place desc limit $5
      """;

  /// Newest first, those asked before the place `before`.
  public List<Dossier> list(Filter filter, long before, int limit) {
    return dossiers(db.list(LIST, RequestStore::request, filter.status(), filter.type(), filter.rolloutId(), before, limit));
  }

  private static final String FIND = COLUMNS + " where id = $1";

  public Optional<Dossier> find(RequestId id) {
    return dossiers(db.list(FIND, RequestStore::request, id.value())).stream().findFirst();
  }

  private static final String HAS = "select id from approval_request where id = $1";

  public boolean has(RequestId id) { return db.query(HAS, id.value()).rowCount() > 0; }

  private record Of<T>(String request, T value) {}

  private static final String REVISIONS = """
      select request_id, plan from approval_revision where request_id = any($1) order by request_id, revision
      """;
  private static final String VOTES = """
      select request_id, actor, decision, revision, comment, at, counts from approval_vote where request_id = any($1) order by place
      """;

  private List<Dossier> dossiers(List<RequestRow> rows) {
    if (rows.isEmpty()) return List.of();
    Object ids = rows.stream().map(row -> row.id().value()).toArray(String[]::new);
    var revisions = byRequest(
        db.list(REVISIONS, r -> new Of<>(r.getString("request_id"), Json.read(r.getString("plan"), PlanHeader.class)), ids));
    var votes = byRequest(db.list(VOTES, r -> new Of<>(r.getString("request_id"), vote(r)), ids));
    return rows.stream()
        .map(row -> new Dossier(row, revisions.getOrDefault(row.id().value(), List.of()), votes.getOrDefault(row.id().value(), List.of())))
        .toList();
  }

  private static <T> Map<String, List<T>> byRequest(List<Of<T>> all) {
    return all.stream().collect(groupingBy(Of::request, mapping(Of::value, toList())));
  }

  private static final String KEPT = """
      select v.plan from approval_request r join approval_revision v on v.request_id = r.id and v.revision = r.revision where r.id = $1
      """;

  /// The policy that was kept with the revision that counts.
  public Optional<PolicyView> policyKeptWith(RequestId plan) {
    return db.list(KEPT, r -> Json.read(r.getString("plan"), PlanHeader.class).policy(), plan.value()).stream().findFirst();
  }

  private static final String CLAIM = """
      update approval_request set sweep_at = $2
       where id in (select id from approval_request where status = 'pending' and sweep_at <= $1 order by sweep_at limit $3 for update skip locked)
      returning id
      """;

  /// Pending requests past their end, for this replica alone until `again`; then whoever looks gets them once more.
  public List<RequestId> claimDue(Instant now, Instant again, int limit) {
    return db.list(CLAIM, r -> new RequestId(r.getString("id")), time(now), time(again), limit);
  }

  private static RequestRow request(Row r) {
    var trip = r.getString("trip");
    return new RequestRow(r.getLong("place"), new RequestId(r.getString("id")), r.getString("type"), r.getString("status"),
        r.getString("rollout_id"),
        r.getString("template_id"), r.getString("module_id"), r.getInteger("revision"), r.getString("requested_by"),
        r.getInteger("required_approvals"),
        trip == null ? null : Json.read(trip, Trip.class), time(r, "created_at"), time(r, "expires_at"), time(r, "decided_at"),
        r.getString("decided_by"), r.getString("decision"), r.getString("comment"), r.getString("outcome"));
  }

  private static VoteRow vote(Row r) {
    return new VoteRow(r.getString("actor"), r.getString("decision"), r.getInteger("revision"), r.getString("comment"), time(r, "at"),
        r.getBoolean("counts"));
  }
}
