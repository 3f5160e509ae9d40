package dev.sluice.planner.api;

import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Digest;
import dev.sluice.contract.Fault;
import dev.sluice.contract.Problem;
import dev.sluice.planner.store.CatalogStore;
import dev.sluice.planner.store.Page;
import dev.sluice.planner.store.TemplateStore;
import dev.sluice.planner.store.TemplateStore.Assignment;
import dev.sluice.planner.store.TemplateStore.Template;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Templates.
public final class TemplateApi {
  private static final Logger log = LoggerFactory.getLogger(TemplateApi.class);

  record NewAssignment(String moduleId, String versionId) {}

  record NewTemplate(String id, String name, List<NewAssignment> modules) {}

  record ShownAssignment(String moduleId, String versionId, String version, Digest digest) {}

  record ShownTemplate(String id, String name, List<ShownAssignment> modules, Instant createdAt, Instant updatedAt) {}

  private final Chassis chassis;
  private final TemplateStore templates;
  private final CatalogStore catalog;

  public TemplateApi(Chassis chassis, TemplateStore templates, CatalogStore catalog) {
    this.chassis = chassis;
    this.templates = templates;
    this.catalog = catalog;
  }

  public void routes(Http http) {
    http.on("listTemplates", this::list).on("createTemplate", this::create).on("editTemplate", this::edit)
        .on("getTemplate", call -> Answer.ok(shown(call.path("id"))));
  }

  private Answer list(Call call) {
    var page = templates.templates(Cursors.after(call), call.limit());
    return Answer.ok(Cursors.page("templates", new Page<>(page.items().stream().map(TemplateApi::shown).toList(), page.nextCursor())));
  }

  private Answer create(Call call) {
    var given = call.body(NewTemplate.class);
    var now = chassis.clock().instant();
    var id = given.id() == null ? call.attempt().ids().next() : given.id();
    if (!call.attempt().done()) add(new Template(id, given.name(), assignments(given.modules()), now, now));
    return Answer.created("/v1/templates/" + id, shown(id));
  }

  private void add(Template template) {
    var id = template.id();
    chassis.db().doInTransaction(tx -> {
      if (!templates.add(tx, template))
        throw new ProblemException(Problem.conflict("there is a template with the id " + id + " already; take another", Map.of("id", id)));
    });
    log.atInfo().addKeyValue("template", id).log("Template made");
  }

  private Answer edit(Call call) {
    var given = call.body(NewTemplate.class);
    var id = call.path("id");
    var modules = given.modules() == null ? null : assignments(given.modules());
    if (!templates.edit(id, given.name(), modules, chassis.clock().instant()))
      throw new ProblemException(Problem.notFound("template", id));
    log.atInfo().addKeyValue("template", id).log("Template edited");
    return Answer.ok(shown(id));
  }

  private List<Assignment> assignments(List<NewAssignment> given) {
    var unknown = new ArrayList<Fault>();
    var wrong = new ArrayList<Fault>();
    var modules = new HashSet<String>();
    var assignments = new ArrayList<Assignment>();
    for (int i = 0; i < given.size(); i++) {
      var one = given.get(i);
      var place = "modules." + i + ".";
      if (!modules.add(one.moduleId())) wrong.add(new Fault(place + "module_id", "must be named once only", one.moduleId()));
      if (catalog.module(one.moduleId()).isEmpty())
        unknown.add(new Fault(place + "module_id", "must name a module that exists", one.moduleId()));
      var version = catalog.version(one.versionId());
      if (version.isEmpty()) unknown.add(new Fault(place + "version_id", "must name a module version that exists", one.versionId()));
      else if (!version.get().moduleId().equals(one.moduleId()))
        wrong.add(new Fault(place + "version_id", "must be a version of the module " + one.moduleId(), one.versionId()));
      version.ifPresent(v -> assignments.add(new Assignment(one.moduleId(), v.ref())));
    }
    Unknown.refuse(unknown);
    if (!wrong.isEmpty()) throw new ProblemException(Problem.invalid(wrong));
    return assignments;
  }

  private ShownTemplate shown(String id) {
    return templates.template(id).map(TemplateApi::shown).orElseThrow(() -> new ProblemException(Problem.notFound("template", id)));
  }

  private static ShownTemplate shown(Template t) {
    return new ShownTemplate(t.id(), t.name(),
        t.modules().stream()
            .map(a -> new ShownAssignment(a.moduleId(), a.version().id().value(), a.version().version(), a.version().digest()))
            .toList(),
        t.createdAt(), t.updatedAt());
  }
}
