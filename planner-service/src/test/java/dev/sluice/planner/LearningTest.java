package dev.sluice.planner;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(OneWorld.NAME)
@ExtendWith(OneWorld.class)
class LearningTest {
  private static World world;

  @BeforeAll
  static void start(World one) { world = one; }

  private static String learn(String title, String content, Object... more) {
    var body = new java.util.HashMap<String, Object>(Map.of("title", title, "content", content, "category", "discovery"));
    for (int i = 0; i < more.length; i += 2)
      body.put((String) more[i], more[i + 1]);
    var made = world.post("/v1/learnings", body);
    assertThat(made.status()).as(made.body().toString()).isEqualTo(201);
    assertThat(world.get(made.header("Location")).body()).isEqualTo(made.body()).containsEntry("created_by", "ann");
    return made.text("id");
  }

  private static List<Object> found(String query) {
    return world.get("/v1/learnings?" + query).objects("learnings").stream().map(l -> l.get("id")).toList();
  }

  @Test
  void are_found_by_words_tag_and_module() {
    var cache = learn("Warm the cache", "Instances that start with cold caches time out.", "tags", List.of("cache", "slow"), "module_id",
        "nginx");
    var disk = learn("Mind the disk", "A full disk makes the apply fail; caching does not help.");
    assertThat(found("q=cold")).containsExactly(cache);
    assertThat(found("q=caches")).containsExactlyInAnyOrder(cache, disk).first().isEqualTo(cache);
    assertThat(found("q=disk%20-cold")).containsExactly(disk);
    assertThat(found("module_id=nginx&q=disk")).isEmpty();
    assertThat(found("tag=slow")).containsExactly(cache);
    assertThat(found("module_id=nginx&q=cold")).containsExactly(cache);
    assertThat(found("q=nothing%20like%20it")).isEmpty();
    assertThat(found("q=%27%22%28%26%21%3A")).isEmpty();
    var page = world.get("/v1/learnings?limit=1");
    assertThat(page.objects("learnings")).hasSize(1);
    assertThat(found("limit=1&cursor=" + page.get("next_cursor"))).doesNotContain(page.objects("learnings").getFirst().get("id"));
    world.anotherTemplate();
    world.fleet.none();
    assertThat(world.plan().objects("learnings")).extracting(l -> l.get("id")).contains(cache).doesNotContain(disk);
  }

  @Test
  void a_page_goes_on_behind_the_last_one_whatever_came_meanwhile() {
    var learned = new ArrayList<Object>();
    for (int i = 0; i < 7; i++)
      learned.addFirst(learn("Paged " + i, "zebra ".repeat(1 + i % 3), "tags", List.of("paged")));
    for (var query : List.of("tag=paged", "q=zebra")) {
      var all = found(query);
      var seen = new ArrayList<Object>();
      Object cursor = null;
      do {
        var page = world.get("/v1/learnings?limit=2&" + query + (cursor == null ? "" : "&cursor=" + cursor));
        page.objects("learnings").forEach(l -> seen.add(l.get("id")));
        cursor = page.get("next_cursor");
        learned.addFirst(learn("Meanwhile", "zebra ".repeat(9), "tags", List.of("paged")));
      } while (cursor != null);
      assertThat(seen).as(query).isEqualTo(all);
    }
    assertThat(found("tag=paged")).isEqualTo(learned);
    assertThat(world.get("/v1/learnings?cursor=7").faults()).containsExactly("cursor");
    assertThat(world.get("/v1/learnings?cursor=1.0E-99/5").status()).as("smaller than any rank").isEqualTo(200);
  }

  @Test
  void a_blank_content_or_an_unknown_category_is_refused_naming_the_valid_ones() {
    var wrong = world.post("/v1/learnings", Map.of("title", "x", "content", " \n ", "category", "gossip"));
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.faults()).containsExactly("category", "content");
    assertThat(wrong.objects("errors").getFirst().get("message").toString()).contains("best_practice", "anti_pattern", "failure_mode",
        "performance_insight", "discovery");
    var unknown = world.post("/v1/learnings",
        Map.of("title", "x", "content", "x", "category", "discovery", "module_id", "nope", "template_id", "nope"));
    assertThat(unknown.status()).isEqualTo(404);
    assertThat(unknown.faults()).containsExactly("module_id", "template_id");
    assertThat(world.get("/v1/learnings/nope").status()).isEqualTo(404);
  }
}
