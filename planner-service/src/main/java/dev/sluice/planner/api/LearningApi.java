package dev.sluice.planner.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Fault;
import dev.sluice.contract.Problem;
import dev.sluice.planner.store.CatalogStore;
import dev.sluice.planner.store.LearningStore;
import dev.sluice.planner.store.LearningStore.Behind;
import dev.sluice.planner.store.LearningStore.Learning;
import dev.sluice.planner.store.TemplateStore;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Learnings.
public final class LearningApi {
  record NewLearning(String title, String content, String category, List<String> tags, String moduleId, String templateId) {}

  private static final Pattern CURSOR = Pattern.compile("(\\d\\.\\d{1,10}(?:E-\\d{1,2})?)/(\\d{1,18})");
  private final Chassis chassis;
  private final LearningStore learnings;
  private final CatalogStore catalog;
  private final TemplateStore templates;

  public LearningApi(Chassis chassis, LearningStore learnings, CatalogStore catalog, TemplateStore templates) {
    this.chassis = chassis;
    this.learnings = learnings;
    this.catalog = catalog;
    this.templates = templates;
  }

  public void routes(Http http) {
    http.on("listLearnings", this::list).on("createLearning", this::create).on("getLearning", call -> Answer.ok(learning(call.path("id"))));
  }

  private Answer list(Call call) {
    return Answer.ok(Cursors.page("learnings", learnings.search(call.query("q").orElse(null), call.query("tag").orElse(null),
        call.query("module_id").orElse(null), behind(call), call.limit())));
  }

  private static Behind behind(Call call) {
    if (call.cursor().isEmpty()) return Behind.NOTHING;
    var cursor = CURSOR.matcher(call.cursor().get());
    if (!cursor.matches())
      throw new ProblemException(Problem.invalid("cursor", "must be the next_cursor of a page before", call.cursor().get()));
    // a rank that is too small for PostgreSQL is none that it gave
    return new Behind(Float.toString(Float.parseFloat(cursor.group(1))), Long.parseLong(cursor.group(2)));
  }

  private Learning learning(String id) {
    return learnings.learning(id).orElseThrow(() -> new ProblemException(Problem.notFound("learning", id)));
  }

  private Answer create(Call call) {
    var given = call.body(NewLearning.class);
    var id = call.attempt().ids().next();
    if (!call.attempt().done()) add(call, id, given);
    return Answer.created("/v1/learnings/" + id, learning(id));
  }

  private void add(Call call, String id, NewLearning given) {
    var unknown = new ArrayList<Fault>();
    if (given.moduleId() != null && catalog.module(given.moduleId()).isEmpty())
      unknown.add(new Fault("module_id", "must name a module that exists", given.moduleId()));
    if (given.templateId() != null && templates.template(given.templateId()).isEmpty())
      unknown.add(new Fault("template_id", "must name a template that exists", given.templateId()));
    Unknown.refuse(unknown);
    var now = chassis.clock().instant();
    learnings.add(new Learning(id, given.title(), given.content(), given.category(),
        given.tags() == null ? List.of() : given.tags(), given.moduleId(), given.templateId(), "person", 0, call.actor(), now, now));
  }
}
