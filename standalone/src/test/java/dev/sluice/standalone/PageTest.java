package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.cli.Spaced;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;

/// The page in a real Chromium, worked by its buttons. The instances are played here, heartbeat by heartbeat, so that nothing waits for them.
@Execution(CONCURRENT)
@Timeout(600)
@ExtendWith(SharedWorld.Guest.class)
class PageTest {
  private static final String OLD = "sha256:" + "a1".repeat(32);
  private static final String NEW = "sha256:" + "a2".repeat(32);
  private static final String MODULE = "page-module";
  private static final Map<String, String> TOKENS = new ConcurrentHashMap<>();
  private static final Map<String, Integer> SEQUENCES = new ConcurrentHashMap<>();
  private static final ScheduledExecutorService HEARTS = Executors.newSingleThreadScheduledExecutor();
  @TempDir(factory = Spaced.class)
  private static Path folder;
  private static Api api;
  private static Browser browser;

  @BeforeAll
  static void open() throws Exception {
    browser = Browser.start(folder);
    api = SharedWorld.api();
    api.post("/v1/modules", Map.of("id", MODULE, "name", "<i>nginx</i>")).expect(201);
    version("page-1", "1.24.0", OLD);
    version("page-2", "1.26.0", NEW);
    browser.show(1440, 900, false);
    browser.open(api.origin().resolve("/app/"));
    browser.until("document.getElementById('connection')?.textContent === 'Live'");
  }

  @AfterAll
  static void close() throws Exception {
    HEARTS.shutdownNow();
    if (browser != null) browser.close();
  }

  @Test
  void a_plan_is_approved_and_each_of_the_four_decisions_is_taken_by_its_button() {
    var ends = Map.of("Continue anyway", "completed with failures", "Retry the failed", "completed", "Roll back", "rolled back", "Abort",
        "aborted");
    ends.forEach((label, end) -> {
      var template = "page-" + label.toLowerCase(java.util.Locale.ROOT).replace(' ', '-');
      var first = template + "-1";
      var second = template + "-2";
      var plan = plan(template, List.of(first, second), Map.of("batch_pct", 50, "max_consecutive_failures", 1));
      var rollout = plan.path("rollout_id").asText();
      var approve = button(asked(plan.path("approval_request_id").asText()), "Approve");
      browser.until(approve);
      fits();
      browser.click(approve);
      say(first, NEW, "unhealthy", told(first, rollout));

      var question = asked(api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.hasNonNull("continuation_request_id"))
          .path("continuation_request_id").asText());
      browser.until(question + "?.textContent.includes('unhealthy 1')");
      browser.until(card(rollout) + "?.textContent.includes('<i>nginx</i> to 1.26.0 on <b>" + template + "</b>')");
      fits();
      browser.click(button(question, label));
      browser.until("document.getElementById('confirm').open");
      browser.eval("document.getElementById('confirm-input').value = 'by the page'");
      browser.click("document.getElementById('confirm-yes')");

      switch (label) {
        case "Continue anyway" -> healthy(second, rollout);
        case "Retry the failed" -> {
          healthy(first, rollout);
          healthy(second, rollout);
        }
        case "Roll back" -> say(first, OLD, "healthy", told(first, rollout));
        default -> {
        }
      }
      api.until("/v1/rollouts/" + rollout, Fixture.SOON, r -> r.hasNonNull("ended_at"));
      // one that has ended leaves the page where twenty others are open or newer
      browser.until("['" + end + "', undefined].includes(" + card(rollout) + "?.querySelector('.state').textContent)");
      browser.until("!" + question);
      api.until("/v1/events?kind_prefix=module.upgrade.continuation_decided&limit=1&rollout_id=" + rollout, Fixture.SOON,
          r -> r.at("/events/0/comment").asText().equals("by the page"));
    });
    assertThat(browser.eval("document.querySelectorAll('main i, main b').length").asInt()).as("markup of foreign names").isZero();
  }

  /// One whose version is broken, one that is not there, one that takes it and is not heard again.
  @Test
  void an_absent_a_silent_and_a_broken_one_look_different() {
    // the next batch keeps it open meanwhile: one that has ended leaves the page where many are newer
    var plan = plan("page-ways", List.of("page-broken", "page-absent", "page-silent", "page-waits"),
        Map.of("batch_pct", 75, "max_consecutive_failures", 9, "max_failed_pct", 100, "health_timeout_sec", 20));
    var rollout = plan.path("rollout_id").asText();
    browser.click(button(asked(plan.path("approval_request_id").asText()), "Approve"));
    told("page-silent", rollout);
    say("page-broken", NEW, "unhealthy", told("page-broken", rollout));
    var failures = card(rollout) + ".querySelector('.failures')";
    browser.until(card(rollout) + "?.querySelectorAll('.failures li').length === 3");
    assertThat(browser.eval("[..." + failures + ".children].map(li => li.className + ' ' + li.textContent)")).extracting(JsonNode::asText)
        .containsExactly("broken 1 unhealthy: the health command failed (page-broken)",
            "silent 1 silent: took the instruction, then was heard no more (page-silent)",
            "absent 1 absent: never came for the instruction (page-absent)");
    assertThat(browser.eval("new Set([..." + failures + ".children].map(li => getComputedStyle(li).color)).size").asInt()).isEqualTo(3);
  }

  /// On a screen and on a phone, in light and dark, nothing stands out of the page.
  private static synchronized void fits() {
    for (int width : List.of(390, 1440)) {
      browser.show(width, 900, width == 390);
      browser.until("innerWidth === %1$d && document.documentElement.scrollWidth <= %1$d".formatted(width));
    }
  }

  private static String asked(String request) { return "document.getElementById('asked-" + request + "')?.closest('.card')"; }

  private static String card(String rollout) { return "document.getElementById('rollout-" + rollout + "')?.closest('.card')"; }

  private static String button(String card, String label) {
    return "[...(" + card + "?.querySelectorAll('button') || [])].find(b => b.textContent === '" + label + "')";
  }

  private static void version(String id, String version, String digest) {
    api.post("/v1/modules/" + MODULE + "/versions", Map.of("id", id, "version", version, "digest", digest)).expect(201);
    for (var to : List.of("staging", "blessed", "live"))
      api.post("/v1/module-versions/" + id + "/promote", Map.of("to", to)).expect(200);
  }

  /// Plans for a template whose instances run the old version, and are heard until the plan stands: it leaves out whoever is silent.
  private static JsonNode plan(String id, List<String> instances, Map<String, Object> inputs) {
    api.post("/v1/templates", Map.of("id", id, "name", "<b>" + id + "</b>", "modules",
        List.of(Map.of("module_id", MODULE, "version_id", "page-1")))).expect(201);
    for (var instance : instances)
      TOKENS.put(instance, api.post("/v1/instances", Map.of("id", instance, "template_id", id)).expect(201).text("token"));
    var body = new HashMap<>(inputs);
    body.putAll(Map.of("template_id", id, "module_id", MODULE, "target_version_id", "page-2"));
    try (var hearts = Executors.newSingleThreadScheduledExecutor()) {
      var beating = hearts.scheduleWithFixedDelay(() -> instances.forEach(one -> say(one, OLD, null, 0)), 0, 300, TimeUnit.MILLISECONDS);
      api.until("/v1/fleet-summary?template_id=" + id, Fixture.SOON, f -> f.path("reporting").asInt() == instances.size());
      var plan = api.post("/v1/plans", body).expect(201).body();
      beating.cancel(false);
      return plan;
    }
  }

  /// Runs what it is told, and is heard from then on: whoever falls silent has regressed.
  private static void healthy(String instance, String rollout) {
    say(instance, NEW, "healthy", told(instance, rollout));
    HEARTS.scheduleWithFixedDelay(() -> {
      try {
        say(instance, null, null, 0);
      } catch (AssertionError refused) {
        // the next one comes in a moment
      }
    }, 300, 300, TimeUnit.MILLISECONDS);
  }

  /// Fetches what an instance is told by a rollout, as an agent does.
  ///
  /// @return the generation
  private static int told(String instance, String rollout) {
    api.until("/v1/rollouts/" + rollout + "/instances", Fixture.SOON, answer -> {
      for (var one : answer.path("instances"))
        if (one.path("instance_id").asText().equals(instance))
          return List.of("in_flight", "rolling_back").contains(one.path("state").asText());
      return false;
    });
    long end = System.nanoTime() + Fixture.SOON.toNanos();
    while (System.nanoTime() < end) {
      var desired = say(instance, null, null, 0).at("/desired/" + MODULE);
      if (!desired.isMissingNode()) return desired.path("generation").asInt();
      LockSupport.parkNanos(100_000_000);
    }
    throw new AssertionError(instance + " is told nothing");
  }

  /// A heartbeat.
  ///
  /// @param digest what runs; null says nothing of it
  /// @param state  of the module; null: none
  private static JsonNode say(String instance, String digest, String state, int generation) {
    var body = new HashMap<String, Object>(Map.of("boot_id", "by-hand", "sequence", SEQUENCES.merge(instance, 1, Integer::sum)));
    if (digest != null) body.put("running_module_digests", Map.of(MODULE, digest));
    if (state != null) body.put("module_status", Map.of(MODULE, Map.of("state", state, "generation", generation)));
    return api.send("POST", "/v1/instances/" + instance + "/heartbeats", body, Map.of("Authorization", "Bearer " + TOKENS.get(instance)))
        .expect(200).body();
  }
}
