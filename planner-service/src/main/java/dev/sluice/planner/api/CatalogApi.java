package dev.sluice.planner.api;

import dev.sluice.contract.Words;
import dev.sluice.chassis.Ids;
import dev.sluice.chassis.Answer;
import dev.sluice.chassis.Call;
import dev.sluice.chassis.Chassis;
import dev.sluice.chassis.Http;
import dev.sluice.chassis.Journal;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.Digest;
import dev.sluice.contract.Lifecycle;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.Problem;
import dev.sluice.contract.Scope;
import dev.sluice.contract.Topics;
import dev.sluice.contract.VersionId;
import dev.sluice.planner.domain.LifecycleMoves;
import dev.sluice.planner.store.CatalogStore;
import dev.sluice.planner.store.CatalogStore.Filter;
import dev.sluice.planner.store.CatalogStore.Module;
import dev.sluice.planner.store.CatalogStore.Version;
import dev.sluice.planner.store.ClaimStore;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Modules and versions.
public final class CatalogApi {
  private static final Logger log = LoggerFactory.getLogger(CatalogApi.class);

  record NewModule(String id, String name) {}

  record NewVersion(String id, String version, Digest digest, String artifactUrl, String notes) {}

  record Move(Lifecycle to) {}

  private final Chassis chassis;
  private final CatalogStore catalog;
  private final ClaimStore claims;
  private final Holders holders;

  public CatalogApi(Chassis chassis, CatalogStore catalog, ClaimStore claims, Holders holders) {
    this.chassis = chassis;
    this.catalog = catalog;
    this.claims = claims;
    this.holders = holders;
  }

  public void routes(Http http) {
    http.on("listModules", call -> Answer.ok(Cursors.page("modules", catalog.modules(Cursors.after(call), call.limit()))))
        .on("createModule", this::createModule)
        .on("getModule", call -> Answer.ok(module(call.path("id"))))
        .on("listVersionsOfModule", call -> versions(call, new Filter(module(call.path("module_id")).id(), null, null)))
        .on("createVersion", this::createVersion)
        .on("listVersions", call -> versions(call,
            new Filter(call.query("module_id").orElse(null), call.query("module_name").orElse(null),
                call.query("lifecycle_state").orElse(null))))
        .on("getVersion", call -> Answer.ok(version(call.path("id"))))
        .on("promoteVersion", this::promote);
  }

  private Module module(String id) {
    return catalog.module(id).orElseThrow(() -> new ProblemException(Problem.notFound("module", id)));
  }

  private Version version(String id) {
    return catalog.version(id).orElseThrow(() -> new ProblemException(Problem.notFound("module version", id)));
  }

  private Answer versions(Call call, Filter filter) {
    return Answer.ok(Cursors.page("versions", catalog.versions(filter, Cursors.after(call), call.limit())));
  }

  private Answer createModule(Call call) {
    var given = call.body(NewModule.class);
    if (given.id() == null && !Ids.isId(given.name()))
      throw new ProblemException(
          Problem.invalid("id", "is required where the name is no id of 1 to 128 characters of A-Za-z0-9._:-", null));
    var module = new Module(given.id() == null ? given.name() : given.id(), given.name(), chassis.clock().instant());
    if (!call.attempt().done()) add(module);
    return Answer.created("/v1/modules/" + module.id(), module(module.id()));
  }

  private void add(Module module) {
    chassis.db().doInTransaction(tx -> {
      if (!catalog.add(tx, module))
        throw new ProblemException(Problem.conflict("there is a module with the id " + module.id() + " or the name " + module.name()
            + " already; take another", Map.of("id", module.id(), "name", module.name())));
    });
    log.atInfo().addKeyValue("module", module.id()).log("Module made");
  }

  private Answer createVersion(Call call) {
    var module = module(call.path("module_id"));
    var given = call.body(NewVersion.class);
    var id = given.id() == null ? call.attempt().ids().next() : given.id();
    if (!call.attempt().done())
      add(new Version(id, module.id(), given.version(), given.digest(), Lifecycle.DRAFT, given.artifactUrl(), given.notes(),
          chassis.clock().instant()));
    return Answer.created("/v1/module-versions/" + id, version(id));
  }

  private void add(Version version) {
    chassis.db().doInTransaction(tx -> {
      if (catalog.add(tx, version)) return;
      var taken = catalog.versionForMove(tx, version.id()).isPresent()
          ? "there is a version with the id " + version.id()
          : version.moduleId() + " has a version " + version.version();
      throw new ProblemException(
          Problem.conflict(taken + " already; take another", Map.of("id", version.id(), "version", version.version())));
    });
    log.atInfo().addKeyValue("module", version.moduleId()).addKeyValue("version", version.version()).log("Version registered");
  }

  private Answer promote(Call call) {
    var id = call.path("id");
    if (!call.attempt().done()) {
      if (call.body(Move.class).to() == Lifecycle.ARCHIVED) holders.ofVersion(id);
      promote(call, id);
    }
    return Answer.ok(version(id));
  }

  private void promote(Call call, String id) {
    var to = call.body(Move.class).to();
    var now = chassis.clock().instant();
    chassis.db().doInTransaction(tx -> {
      var version = catalog.versionForMove(tx, id).orElseThrow(() -> new ProblemException(Problem.notFound("module version", id)));
      var from = version.lifecycleState();
      var heldBy = to == Lifecycle.ARCHIVED ? claims.needing(tx, id) : List.<String>of();
      LifecycleMoves.refusal(version.named(), from, to, heldBy).ifPresent(refusal -> {
        throw new ProblemException(refusal);
      });
      catalog.move(tx, id, to);
      var module = new ModuleId(version.moduleId());
      var promoted = new CatalogEvent.VersionPromoted(module, new VersionId(id), version.version(), from, to);
      chassis.journal().appendNext(tx, Topics.CATALOG, "module-" + module, module.value(),
          List.of(new Journal.Entry(promoted, new Scope(null, null, module))), now, call.actor());
      log.atInfo().addKeyValue("module", module).addKeyValue("version", version.version()).addKeyValue("from", Words.of(from))
          .addKeyValue("to", Words.of(to)).log("Version promoted");
    });
    chassis.journal().nudge();
  }
}
