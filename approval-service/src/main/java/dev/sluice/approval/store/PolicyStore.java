package dev.sluice.approval.store;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Columns;
import dev.sluice.approval.domain.PolicyPrecedence;
import dev.sluice.chassis.Db;
import dev.sluice.contract.Policy;
import dev.sluice.contract.PolicyView;
import dev.sluice.contract.TemplateId;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Policies as rows, for reading. Blocks; call on virtual threads.
public final class PolicyStore {
  /// @param place      the order of setting
  /// @param templateId null: the action as a whole
  public record PolicyRow(long place, String action, TemplateId templateId, PolicyView policy, String changedBy, Instant changedAt) {}

  private final Db db;

  public PolicyStore(Db db) {
    this.db = db;
  }

  private static final String COLUMNS = """
      select place, action, template_id, policy, required_approvals, separation_of_duties, expires_after_sec, continuation_expires_after_sec,
             changed_by, changed_at
        from intervention_policy
      """;
  private static final String LIST = COLUMNS + " where place > $1 order by place limit $2";

  /// Those that are set, oldest first, behind the place `after`.
  public List<PolicyRow> list(long after, int limit) { return db.list(LIST, PolicyStore::row, after, limit); }

  private static final String FIND = COLUMNS + " where action = $1 and template_id = $2";

  /// @param templateId null: the action as a whole
  public Optional<PolicyRow> find(String action, TemplateId templateId) {
    return db.list(FIND, PolicyStore::row, action, templateId == null ? "" : templateId.value()).stream().findFirst();
  }

  /// Both as of one moment: who reads one after the other may find what never stood side by side.
  private static final String BOTH = COLUMNS + " where action = $1 and template_id in ('', $2)";

  /// The policy that applies now.
  ///
  /// @param templateId null: the action as a whole
  public PolicyView applying(String action, TemplateId templateId) {
    var rows = db.list(BOTH, PolicyStore::row, action, templateId == null ? "" : templateId.value());
    return PolicyPrecedence.applying(rows.stream().filter(r -> r.templateId != null).findFirst().map(PolicyRow::policy),
        rows.stream().filter(r -> r.templateId == null).findFirst().map(PolicyRow::policy));
  }

  private static PolicyRow row(Row r) {
    var template = r.getString("template_id").isEmpty() ? null : new TemplateId(r.getString("template_id"));
    var policy = new PolicyView(Words.read(Policy.class, r.getString("policy")), r.getInteger("required_approvals"),
        r.getBoolean("separation_of_duties"), r.getLong("expires_after_sec"), r.getLong("continuation_expires_after_sec"),
        template == null ? PolicyPrecedence.ACTION : PolicyPrecedence.TEMPLATE);
    return new PolicyRow(r.getLong("place"), r.getString("action"), template, policy, r.getString("changed_by"),
        Columns.time(r, "changed_at"));
  }
}
