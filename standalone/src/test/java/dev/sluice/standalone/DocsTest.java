package dev.sluice.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.approval.ApprovalConfig;
import dev.sluice.chassis.Settings;
import dev.sluice.gateway.GatewayConfig;
import dev.sluice.health.HealthConfig;
import dev.sluice.planner.PlannerConfig;
import dev.sluice.rollout.RolloutConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The reference pages are what the code says. A run with `-Ddocs.write=true` writes them.
class DocsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void settings_are_documented() throws IOException {
    var services = new LinkedHashMap<String, Consumer<Settings>>();
    services.put("planner-service", PlannerConfig::read);
    services.put("approval-service", ApprovalConfig::read);
    services.put("rollout-service", RolloutConfig::read);
    services.put("health-service", HealthConfig::read);
    services.put("event-gateway", GatewayConfig::read);
    var text = new StringBuilder("""
        # Settings

        Each service is configured by its environment. `./sluice up` sets the places itself and passes every other one on. Generated from the code.
        """);
    services.forEach((service, read) -> {
      var settings = new Settings(Map.of("SLUICE_PG_PASSWORD", "x", "SLUICE_KAFKA", "x"));
      read.accept(settings);
      text.append("\n## ").append(service).append("\n\n| setting | default | range | what |\n|---|---|---|---|\n");
      for (var s : settings.asked())
        text.append("| `").append(s.name()).append("` | ").append(s.initial().isEmpty() ? "(empty)" : "`" + s.initial() + "`").append(" | ")
            .append(s.range()).append(" | ").append(s.doc()).append(" |\n");
    });
    same(ROOT.resolve("docs/settings.md"), text.toString());
  }

  @Test
  void every_problem_type_has_its_page() throws IOException {
    var used = new TreeSet<String>();
    try (var files = Files.walk(ROOT)) {
      var pattern = Pattern.compile("new Problem\\(\\s*\"([a-z-]+)\"");
      for (var file : files.filter(f -> f.toString().endsWith(".java") && f.toString().contains("src/main")).toList()) {
        var matcher = pattern.matcher(Files.readString(file));
        while (matcher.find())
          used.add(matcher.group(1));
      }
    }
    var pages = new TreeSet<String>();
    try (var files = Files.list(ROOT.resolve("docs/problems"))) {
      files.forEach(f -> pages.add(f.getFileName().toString().replace(".md", "")));
    }
    assertThat(pages).isEqualTo(used);
  }

  @Test
  void every_event_kind_is_documented() throws IOException {
    var told = Files.readString(ROOT.resolve("contract/src/main/java/dev/sluice/contract/Told.java"));
    var kinds = new TreeSet<String>();
    var matcher = Pattern.compile("\"((?:module|fleet|policy|reconciler)\\.[a-z_.]+[a-z])\"").matcher(told);
    while (matcher.find())
      kinds.add(matcher.group(1));
    var decided = Pattern.compile("decided\\(\"([a-z]+)\"").matcher(told);
    while (decided.find())
      kinds.add("module.upgrade." + decided.group(1));
    var page = Files.readString(ROOT.resolve("docs/events.md"));
    for (var kind : kinds)
      assertThat(page).as("docs/events.md").contains("`" + kind + "`");
  }

  private static void same(Path page, String text) throws IOException {
    if (Boolean.getBoolean("docs.write")) Files.writeString(page, text);
    assertThat(page).content().isEqualTo(text);
  }
}
