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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
    services.put("a service in a process of its own", Cluster::read);
    services.forEach((service, read) -> {
      var settings = new Settings(Map.of("SLUICE_PG_PASSWORD", "x", "SLUICE_KAFKA", "x"));
      read.accept(settings);
      text.append("\n## ").append(service).append("\n\n| setting | default | range | what |\n|---|---|---|---|\n");
      for (var s : settings.asked())
        text.append("| `").append(s.name()).append("` | ").append(s.initial().isEmpty() ? "(empty)" : "`" + s.initial() + "`").append(" | ")
            .append(s.range()).append(" | ").append(s.doc()).append(" |\n");
    });
    text.append("""

        ## The command line

        | setting | what |
        |---|---|
        | `SLUICE_SERVER` | the gateway's address, where no `--server` is given; else `http://127.0.0.1:8080` |
        | `SLUICE_TOKEN` | the bearer token, where no `--token` and no `--token-file` is given |
        | `XDG_CONFIG_HOME` | where `sluice/tokens` keeps the tokens that `up` and `demo` made; else `~/.config` |
        | `NO_COLOR` | anything: no colours |

        ## ./sluice itself

        | setting | what |
        |---|---|
        | `SLUICE_JAVA_HOME` | the JDK to use; else `JAVA_HOME`, else the first that fits in the usual places |
        | `SLUICE_JAVA_OPTS` | more options for the JVM, separated by spaces |
        | `SLUICE_BUILD` | `never`: run what is there |
        | `SLUICE_CACHE` | the folder where PostgreSQL's programs are unpacked once; else `~/.cache/sluice` |

        ## Tests

        | setting | what |
        |---|---|
        | `SLUICE_TEST_PG_URL` | `postgresql://superuser:password@host:port/database`: a server to test against, together with the next |
        | `SLUICE_TEST_KAFKA` | `host:port[,host:port]`: the brokers to test against |

        What the agent tells its commands (`SLUICE_MODULE` and others) stands in [agent/README.md](../agent/README.md).
        """);
    same(ROOT.resolve("docs/settings.md"), text.toString());
  }

  @Test
  void no_setting_of_the_code_or_the_script_is_left_out() throws IOException {
    var named = Pattern.compile("(?<=[\"{`])SLUICE_[A-Z_]+");
    var used = new TreeSet<String>();
    try (var files = Files.walk(ROOT)) {
      for (var file : files.filter(f -> f.toString().contains("/src/main/java/") || f.equals(ROOT.resolve("sluice")))
          .filter(Files::isRegularFile).toList())
        named.matcher(Files.readString(file)).results().forEach(found -> used.add(found.group()));
    }
    var pages = Files.readString(ROOT.resolve("docs/settings.md")) + Files.readString(ROOT.resolve("agent/README.md"));
    assertThat(used).hasSizeGreaterThan(40).contains("SLUICE_JAVA_HOME")
        .allSatisfy(name -> assertThat(pages).as("docs/settings.md or agent/README.md").contains("`" + name + "`"));
  }

  @Test
  void every_metric_is_documented() throws IOException {
    var meter = Pattern.compile("(?:counter|gauge|timer)\\(\"(sluice\\.[a-z.]+)\"");
    var used = new TreeSet<String>();
    try (var files = Files.walk(ROOT)) {
      for (var file : files.filter(f -> f.toString().contains("/src/main/java/")).filter(Files::isRegularFile).toList())
        meter.matcher(Files.readString(file)).results()
            .forEach(found -> used.add(found.group(1).replace('.', '_').replaceFirst("_seconds$", "")));
    }
    var named = new TreeSet<String>();
    Pattern.compile("(?m)^\\| `(sluice_[a-z_]+?)(_seconds)?(_total)?` ").matcher(Files.readString(ROOT.resolve("docs/metrics.md")))
        .results()
        .forEach(found -> named.add(found.group(1)));
    assertThat(named).hasSizeGreaterThan(12).isEqualTo(used);
  }

  @Test
  void every_problem_type_has_its_page_and_one_title() throws IOException {
    var used = new TreeMap<String, Set<String>>();
    try (var files = Files.walk(ROOT)) {
      var pattern = Pattern.compile("new Problem\\(\\s*\"([a-z-]+)\",\\s*\"([^\"]+)\"");
      for (var file : files.filter(f -> f.toString().endsWith(".java") && f.toString().contains("src/main")).toList())
        pattern.matcher(Files.readString(file)).results()
            .forEach(found -> used.computeIfAbsent(found.group(1), _ -> new TreeSet<>()).add(found.group(2)));
    }
    var pages = new TreeMap<String, Set<String>>();
    try (var files = Files.list(ROOT.resolve("docs/problems"))) {
      var title = Pattern.compile("\\*\\*[0-9, ]+ ([^*]+)\\.\\*\\*");
      for (var file : files.toList())
        pages.put(file.getFileName().toString().replace(".md", ""),
            title.matcher(Files.readString(file)).results().map(found -> found.group(1)).collect(Collectors.toSet()));
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

  /// `SomeTest#a, #b` names two of one class.
  @Test
  void each_test_that_a_page_names_is_there() throws IOException {
    var tests = new HashMap<String, String>();
    try (var files = Files.walk(ROOT)) {
      for (var file : files.filter(f -> f.toString().matches(".*/src/test/java/.*(Test|IT)\\.java")).toList())
        tests.merge(file.getFileName().toString().replace(".java", ""), Files.readString(file), String::concat);
    }
    var missing = new ArrayList<String>();
    int named = 0;
    try (var pages = Files.list(ROOT.resolve("docs"))) {
      for (var page : pages.filter(f -> f.toString().endsWith(".md")).toList()) {
        var of = "";
        for (var word : Pattern.compile("\\b[A-Z]\\w*[a-z](?:Test|IT)\\b|#\\w+(?=[\\s,;|()]|$)", Pattern.MULTILINE)
            .matcher(Files.readString(page)).results()
            .map(MatchResult::group).toList()) {
          boolean method = word.startsWith("#");
          if (method && of.isEmpty()) continue;
          named++;
          if (!method) of = word;
          var source = tests.getOrDefault(of, "");
          boolean there = method ? source.matches("(?s).*[ .]" + word.substring(1) + "(\\(| =).*") : source.contains("class " + of + " ");
          if (!there)
            missing.add(page.getFileName() + ": " + of + (method ? word : ""));
        }
      }
    }
    assertThat(named).isGreaterThan(400);
    assertThat(missing).isEmpty();
  }

  private static void same(Path page, String text) throws IOException {
    if (Boolean.getBoolean("docs.write")) Files.writeString(page, text);
    assertThat(page).content().isEqualTo(text);
  }
}
