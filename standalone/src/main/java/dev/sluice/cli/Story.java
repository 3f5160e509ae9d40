package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What the demo tells: an upgrade that goes well, then one that does not. It knows the REST interface only, as any user would.
final class Story {
  static final int INSTANCES = 50;
  private static final String MODULE = "nginx";
  private static final String TEMPLATE = "web";
  private static final String BEFORE = "1.24.0";
  private static final String GOOD = "1.26.0";
  private static final String BROKEN = "1.26.0-broken";
  private static final int BATCH_PCT = 20;
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Duration SOON = Duration.ofMinutes(3);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private final Api api;
  private final Screen screen;
  private final Answers answers;
  private final Requests requests;
  private final VersionNames names;
  private String last;

  Story(Api api, Screen screen, Answers answers) {
    this.api = api;
    this.screen = screen;
    this.answers = answers;
    requests = new Requests(api);
    names = new VersionNames(api);
  }

  /// Publishes the versions and brings the fleet up on the old one.
  void fleet(DemoWorld world, Path work, Steps steps) throws IOException {
    heading("A fleet on " + MODULE + " " + BEFORE);
    var old = Modules.publish(api, MODULE, BEFORE, DemoModule.write(work, BEFORE, false), null);
    var module = Text.of(new Names(api).module(MODULE), "id");
    Modules.promote(api, old, "live", true);
    Modules.promote(api, Modules.publish(api, MODULE, GOOD, DemoModule.write(work, GOOD, false), null), "blessed", true);
    var assignment = Map.of("module_id", module, "version_id", Text.of(old, "id"));
    api.post("/v1/templates", Map.of("id", TEMPLATE, "name", TEMPLATE, "modules", List.of(assignment)));
    steps.done("published " + MODULE + " " + BEFORE + " (live) and " + GOOD + " (blessed); template " + TEMPLATE);
    world.startFleet(INSTANCES, TEMPLATE, module);
    eventually("all agents run " + BEFORE,
        () -> Optional.of(drift()).filter(drift -> drift.path("counts").path("converged").asInt() == INSTANCES));
    steps.done(INSTANCES + " agents downloaded " + MODULE + " " + BEFORE + " and proved it");
  }

  /// The upgrade that goes well.
  ///
  /// @return whether it was approved
  boolean upgrade() {
    heading("An upgrade to " + GOOD);
    var plan = plan(GOOD);
    if (!approved(plan)) return false;
    var end = new Follow(api, screen, false).toEnd(Text.of(plan, "rollout_id"), List.of("completed"), null, LIMIT);
    screen.line(outcome(end.path("counts").path("healthy").asInt() + " of " + end.path("counts").path("total").asInt() + " on " + GOOD,
        drift(true)));
    return true;
  }

  /// The upgrade that does not go well, up to its end by a person's decision.
  void breakIt(Path work) throws IOException {
    if (answers.ask("\nPress Enter to break it: " + BROKEN + " has a health command that fails.", "").isEmpty()) return;
    heading("An upgrade to " + BROKEN);
    Modules.promote(api, Modules.publish(api, MODULE, BROKEN, DemoModule.write(work, BROKEN, true), null), "blessed", true);
    var plan = plan(BROKEN);
    if (!approved(plan)) return;
    var rollout = Text.of(plan, "rollout_id");
    var answered = new String[]{""};
    var follow = new Follow(api, screen, false);
    var now = untilItAsks(follow, rollout, answered[0]);
    while (!Follow.ended(now)) {
      var request = eventually("the question", () -> question(rollout, answered[0]));
      screen.line("");
      requests.question(request, now, screen).forEach(screen::line);
      screen.line("");
      var decision = choice(request);
      if (decision.isEmpty()) return;
      requests.decide(request, null, decision.get(), null);
      answered[0] = Text.of(request, "id");
      now = untilItAsks(follow, rollout, answered[0]);
    }
    var state = Text.of(now, "state");
    var drift = drift(state.equals("rolled_back") || state.equals("completed"));
    screen.line(outcome(state.replace('_', ' ') + ", " + drift.path("counts").path("converged").asInt() + " of " + INSTANCES
        + " run what their template says", drift));
  }

  private String outcome(String what, JsonNode drift) {
    boolean drifts = drift.path("drift").asBoolean();
    var line = "  " + what + ", drift " + drifts;
    return drifts ? screen.yellow(line) : screen.green(line);
  }

  private JsonNode plan(String version) {
    var module = Text.of(new Names(api).module(MODULE), "id");
    var target = Text.of(new Names(api).version(module, version), "id");
    var plan = eventually("the rollout before has let go", () -> planned(
        Map.of("template_id", TEMPLATE, "module_id", module, "target_version_id", target, "batch_pct", BATCH_PCT)));
    last = Text.of(plan, "rollout_id");
    new PlanTable(plan, new VersionNames(api), screen).lines().forEach(screen::line);
    return plan;
  }

  private Optional<JsonNode> planned(Map<String, ?> inputs) {
    try {
      return Optional.of(api.post("/v1/plans", inputs));
    } catch (Failure.Refused refused) {
      if (refused.status() != 409 || last == null || !refused.getMessage().contains(last)) throw refused;
      return Optional.empty();
    }
  }

  /// Asks until the plan is approved or rejected; edits it on the way.
  private boolean approved(JsonNode plan) {
    var rollout = Text.of(plan, "rollout_id");
    while (true) {
      screen.line("");
      var answer = answers.ask("Approve? [Y/e/n]", "y");
      var request = requests.open(rollout, Requests.About.PLAN);
      if (answer.isEmpty() || answer.get().matches("(?i)no?")) {
        requests.decide(request, null, "reject", null);
        screen.line("  Rejected: nothing moved.");
        return false;
      }
      if (answer.get().matches("(?i)y(es)?")) {
        requests.decide(request, null, "approve", null);
        return true;
      }
      if (answer.get().matches("(?i)e(dit)?")) edit(request);
      else
        screen.line("  y approves it, e changes the batch size, n rejects it.");
    }
  }

  private void edit(JsonNode request) {
    var percent = answers.ask("  Percent of the fleet in one batch, 1 to 100 [" + BATCH_PCT + "]:", String.valueOf(BATCH_PCT)).orElse("");
    if (!percent.matches("\\d{1,9}")) {
      screen.line("  That is no number; the plan stays as it is.");
      return;
    }
    try {
      var edited = requests.edit(request, null, Map.of("batch_pct", Integer.valueOf(percent)));
      var plan = api.get("/v1/plans/" + Api.part(Text.of(edited, "rollout_id")));
      new PlanTable(plan, names, screen).lines().forEach(screen::line);
    } catch (Failure.Refused refused) {
      screen.line(screen.red("  " + refused.getMessage()));
    }
  }

  private Optional<String> choice(JsonNode request) {
    var options = Names.stream(request.path("options")).map(option -> option.isTextual() ? option.asText() : Text.of(option, "option"))
        .toList();
    int rollback = options.indexOf("rollback_completed_batches") + 1;
    while (true) {
      var answer = answers.ask("How shall it go on? [1-" + options.size() + ", Enter is " + rollback + "]", String.valueOf(rollback));
      if (answer.isEmpty()) return answer;
      if (options.contains(answer.get())) return answer;
      if (answer.get().matches("[1-" + options.size() + "]")) return Optional.of(options.get(Integer.parseInt(answer.get()) - 1));
    }
  }

  /// Until nobody is in flight either: then all that is said of the trip is of one moment.
  private static JsonNode untilItAsks(Follow follow, String rollout, String answered) {
    return follow.until(rollout,
        now -> Follow.ended(now) || Follow.asks(now, answered) && now.path("counts").path("in_flight").asInt() == 0, LIMIT);
  }

  private Optional<JsonNode> question(String rollout, String answered) {
    try {
      return Optional.of(requests.open(rollout, Requests.About.CONTINUATION)).filter(request -> !Text.of(request, "id").equals(answered));
    } catch (Failure.Refused notYet) {
      return Optional.empty();
    }
  }

  /// @param none whether nobody should drift: then the report of a fleet that has not settled yet is not taken
  private JsonNode drift(boolean none) {
    return none ? eventually("nobody drifts", () -> Optional.of(drift()).filter(drift -> !drift.path("drift").asBoolean())) : drift();
  }

  private JsonNode drift() { return api.get("/v1/drift-report", Map.of("template_id", TEMPLATE, "limit", 1)); }

  private void heading(String text) {
    screen.line("");
    screen.line(screen.bold(text));
  }

  private static <T> T eventually(String what, Supplier<Optional<T>> look) {
    long end = System.nanoTime() + SOON.toNanos();
    while (System.nanoTime() < end) {
      var seen = look.get();
      if (seen.isPresent()) return seen.get();
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Failure.Unreachable("interrupted");
      }
    }
    throw new Failure.Otherwise("after " + Text.duration(SOON.toSeconds()) + " it is not so that " + what, null);
  }
}
