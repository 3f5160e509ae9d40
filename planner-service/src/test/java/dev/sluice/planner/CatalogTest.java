package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Ask;
import dev.sluice.contract.CatalogEvent;
import dev.sluice.contract.Lifecycle;
import dev.sluice.contract.ModuleId;
import dev.sluice.contract.TemplateId;
import dev.sluice.contract.VersionId;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(OneWorld.NAME)
@ExtendWith(OneWorld.class)
class CatalogTest {
  private static World world;

  @BeforeAll
  static void start(World one) { world = one; }

  private static Map<String, Object> version(String version) { return Map.of("version", version, "digest", World.NEW); }

  @Test
  void a_module_without_an_id_gets_its_name_as_id() {
    var made = world.post("/v1/modules", Map.of("name", "redis"));
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.header("Location")).isEqualTo("/v1/modules/redis");
    assertThat(world.get("/v1/modules/redis").body()).isEqualTo(made.body()).containsEntry("name", "redis").containsKeys("id",
        "created_at");
    assertThat(world.post("/v1/modules", Map.of("name", "a name with spaces")).faults()).containsExactly("id");
    assertThat(world.post("/v1/modules", Map.of("id", "spaced", "name", "a name with spaces")).status()).isEqualTo(201);
  }

  @Test
  void names_and_ids_of_modules_are_unique() {
    assertThat(world.post("/v1/modules", Map.of("id", "other", "name", "nginx")).status()).isEqualTo(409);
    assertThat(world.post("/v1/modules", Map.of("id", "nginx", "name", "other")).status()).isEqualTo(409);
  }

  @Test
  void refuses_what_does_not_fit_naming_every_fault() {
    assertThat(world.post("/v1/modules", Map.of("id", "a b", "colour", 1)).faults()).containsExactlyInAnyOrder("id", "colour", "name");
    var wrong = world.post("/v1/modules/nginx/versions", Map.of("version", "", "digest", "sha256:12"));
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.faults()).containsExactlyInAnyOrder("version", "digest");
    assertThat(world.get("/v1/modules?cursor=abc").faults()).containsExactly("cursor");
    assertThat(world.get("/v1/modules/nope").status()).isEqualTo(404);
    assertThat(world.get("/v1/modules/nope/versions").status()).isEqualTo(404);
    assertThat(world.post("/v1/modules/nope/versions", version("1")).status()).isEqualTo(404);
    assertThat(world.post("/v1/module-versions/nope/promote", Map.of("to", "live")).status()).isEqualTo(404);
    assertThat(world.post("/v1/module-versions/v1/promote", Map.of("to", "gold")).faults()).containsExactly("to");
  }

  @Test
  void a_name_that_is_blank_is_refused_at_its_field() {
    for (var blank : List.of("   ", "\t", "\u00a0\u2003", "\u200b")) {
      var module = world.post("/v1/modules", Map.of("id", "blank", "name", blank));
      assertThat(module.status()).isEqualTo(400);
      assertThat(module.objects("errors"))
          .containsExactly(Map.of("field", "name", "message", "must be a string of 1 to 128 characters that is not blank", "given", blank));
      var version = world.post("/v1/modules/nginx/versions", Map.of("version", blank, "digest", World.NEW, "artifact_url", blank));
      assertThat(version.status()).isEqualTo(400);
      assertThat(version.faults()).containsExactlyInAnyOrder("version", "artifact_url");
      assertThat(world.post("/v1/templates", Map.of("name", blank, "modules", List.of())).faults()).containsExactly("name");
      assertThat(world.send("PATCH", "/v1/templates/web", Map.of("name", blank)).faults()).containsExactly("name");
      assertThat(world.plan("order_by_label", blank).faults()).containsExactly("order_by_label");
    }
  }

  @Test
  void lists_come_in_pages() {
    world.post("/v1/modules", Map.of("name", "paged"));
    for (int i = 0; i < 5; i++)
      assertThat(world.post("/v1/modules/paged/versions", version("1." + i)).status()).isEqualTo(201);
    var seen = new ArrayList<Object>();
    var path = "/v1/module-versions?module_name=paged&limit=2";
    for (String cursor = ""; cursor != null;) {
      var page = world.get(path + cursor);
      page.objects("versions").forEach(v -> seen.add(v.get("version")));
      cursor = page.get("next_cursor") == null ? null : "&cursor=" + page.get("next_cursor");
    }
    assertThat(seen).containsExactly("1.0", "1.1", "1.2", "1.3", "1.4");
    assertThat(world.get("/v1/modules/paged/versions").objects("versions")).hasSize(5).first()
        .satisfies(
            v -> assertThat(v).containsKeys("id", "module_id", "version", "digest", "lifecycle_state", "artifact_url", "created_at"));
    assertThat(world.get("/v1/module-versions?module_name=nobody").objects("versions")).isEmpty();
    assertThat(world.get("/v1/module-versions?module_id=paged&lifecycle_state=live").objects("versions")).isEmpty();
  }

  @Test
  void a_version_begins_as_draft_and_moves_by_the_table_and_each_move_is_told() {
    world.post("/v1/modules", Map.of("name", "moving"));
    var id = world.post("/v1/modules/moving/versions", version("1")).text("id");
    assertThat(world.get("/v1/module-versions/" + id).get("lifecycle_state")).isEqualTo("draft");
    var illegal = world.promote(id, "live");
    assertThat(illegal.status()).isEqualTo(409);
    assertThat(illegal.body()).containsEntry("from", "draft").containsEntry("to", "live").containsEntry("legal",
        List.of("staging", "archived"));
    assertThat(illegal.text("detail")).startsWith("moving 1 (" + id + ") is draft and cannot become live");
    for (var to : List.of("staging", "draft", "staging", "blessed", "live", "archived"))
      assertThat(world.promote(id, to).get("lifecycle_state")).isEqualTo(to);
    assertThat(world.promote(id, "draft").status()).isEqualTo(409);
    assertThat(world.post("/v1/modules/moving/versions", version("1")).text("detail")).startsWith("moving has a version 1 already");
    await().atMost(World.LIMIT).until(() -> moves().size() == 6);
    assertThat(moves().getFirst()).isEqualTo(
        new CatalogEvent.VersionPromoted(new ModuleId("moving"), new VersionId(id), "1", Lifecycle.DRAFT, Lifecycle.STAGING));
  }

  private static List<Object> moves() {
    return world.told.stream().filter(m -> m.stream().equals("module-moving")).map(m -> m.event()).toList();
  }

  @Test
  void a_template_names_versions_of_its_modules() {
    world.post("/v1/modules", Map.of("name", "php"));
    world.post("/v1/modules/php/versions", Map.of("id", "php-8", "version", "8", "digest", World.OLD));
    var both = List.of(Map.of("module_id", "nginx", "version_id", "v1"), Map.of("module_id", "php", "version_id", "php-8"));
    var made = world.post("/v1/templates", Map.of("name", "both", "modules", both));
    assertThat(made.status()).isEqualTo(201);
    assertThat(made.objects("modules")).extracting(m -> m.get("version_id")).containsExactly("v1", "php-8");
    var path = made.header("Location");
    var edited = world.send("PATCH", path, Map.of("name", "renamed"));
    assertThat(edited.body()).containsEntry("name", "renamed").containsEntry("modules", made.get("modules"));
    assertThat(world.send("PATCH", path, Map.of("modules", both.subList(0, 1))).objects("modules")).hasSize(1);
    assertThat(world.get(path).objects("modules")).hasSize(1);
    assertThat(world.get("/v1/templates").objects("templates")).extracting(t -> t.get("id")).contains("web");
    assertThat(world.send("PATCH", "/v1/templates/nope", Map.of("name", "x")).status()).isEqualTo(404);
    assertThat(world.get("/v1/templates/nope").status()).isEqualTo(404);
  }

  @Test
  void a_template_with_wrong_ids_names_each() {
    var unknown = world.post("/v1/templates", Map.of("name", "x", "modules",
        List.of(Map.of("module_id", "nope", "version_id", "v1"), Map.of("module_id", "nginx", "version_id", "none"))));
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.faults()).containsExactly("modules.0.module_id", "modules.1.version_id");
    world.post("/v1/modules", Map.of("name", "else"));
    var wrong = world.post("/v1/templates", Map.of("name", "x", "modules",
        List.of(Map.of("module_id", "else", "version_id", "v1"), Map.of("module_id", "else", "version_id", "v2"))));
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.faults()).containsExactly("modules.0.version_id", "modules.1.module_id", "modules.1.version_id");
  }

  @Test
  void answers_what_others_ask_of_the_catalog() {
    var web = world.ask(new Ask.TemplateOf(new TemplateId("web")));
    assertThat(web.modules()).containsExactly(new Ask.Assignment(new ModuleId("nginx"), Played.V1));
    assertThatThrownBy(() -> world.ask(new Ask.TemplateOf(new TemplateId("nope")))).isInstanceOf(ProblemException.class)
        .hasMessageContaining("404");
    world.version("old", "0.1", World.OLD);
    world.promote("old", "archived");
    assertThat(world.ask(new Ask.VersionsAvailable(List.of(new VersionId("v1"), new VersionId("old"), new VersionId("nope")))).available())
        .containsExactly(new VersionId("v1"));
    assertThat(world.ask(new Ask.AreYouReady(Ask.Service.PLANNER))).isEqualTo(new Ask.Done());
  }

  @Test
  void says_its_document_and_its_readiness_without_credentials() {
    assertThat(world.get("/readyz").status()).isEqualTo(200);
    assertThat(new String(world.raw("GET", "/openapi.yaml", HttpRequest.BodyPublishers.noBody(), Map.of()).body(), StandardCharsets.UTF_8))
        .contains("operationId: createPlan");
  }

  /// The planner tells the others of a desired version by its facts alone, and here is none.
  @Test
  void publishing_and_promoting_and_editing_a_template_tell_of_no_desired_version() {
    world.post("/v1/modules", Map.of("name", "quiet"));
    world.post("/v1/modules/quiet/versions", Map.of("id", "quiet-1", "version", "1", "digest", World.OLD));
    var template = world.post("/v1/templates",
        Map.of("name", "quiet", "modules", List.of(Map.of("module_id", "quiet", "version_id", "quiet-1")))).header("Location");
    int before = world.told.size();
    world.post("/v1/modules/quiet/versions", Map.of("id", "quiet-2", "version", "2", "digest", World.NEW));
    world.send("PATCH", template, Map.of("modules", List.of(Map.of("module_id", "quiet", "version_id", "quiet-2"))));
    for (var to : List.of("staging", "blessed", "live"))
      world.promote("quiet-2", to);
    await().atMost(World.LIMIT).until(() -> world.told.stream().filter(m -> m.stream().equals("module-quiet")).count() == 3);
    assertThat(world.told.stream().skip(before)).allSatisfy(m -> assertThat(m.event()).isInstanceOf(CatalogEvent.VersionPromoted.class));
    assertThat(world.get(template).objects("modules")).extracting(m -> m.get("version_id")).containsExactly("quiet-2");
  }
}
