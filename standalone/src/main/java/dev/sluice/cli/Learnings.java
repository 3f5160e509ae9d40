package dev.sluice.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What earlier rollouts taught.
@Command(name = "learnings", description = "What earlier rollouts taught: list, search, add.")
final class Learnings {
  private static final String PATH = "/v1/learnings";

  @Command(name = "list", description = "All learnings.")
  int list(@Mixin Remote remote, @Mixin Limit limit,
      @Option(names = "--tag", paramLabel = "TAG", description = "only with this tag") String tag,
      @Option(names = "--module", paramLabel = "ID", description = "only of this module") String module) {
    var query = new LinkedHashMap<String, Object>();
    query.put("tag", tag);
    query.put("module_id", module);
    return show(remote, limit, query);
  }

  @Command(name = "search", description = "Search the text of all learnings.")
  int search(@Mixin Remote remote, @Mixin Limit limit,
      @Parameters(paramLabel = "WORDS", arity = "1..*", description = "what to look for") List<String> words) {
    return show(remote, limit, Map.of("q", String.join(" ", words)));
  }

  @Command(name = "add", description = "Write down what was learned.")
  int add(@Mixin Remote remote, @Option(names = "--title", paramLabel = "TEXT", required = true, description = "one line") String title,
      @Option(names = "--content", paramLabel = "TEXT", required = true, description = "what to know") String content,
      @Option(names = "--category", paramLabel = "CATEGORY", required = true, description = "best_practice, anti_pattern, failure_mode, performance_insight or discovery") String category,
      @Option(names = "--tag", paramLabel = "TAG", description = "may be repeated") List<String> tags,
      @Option(names = "--module", paramLabel = "ID", description = "what it is about") String module,
      @Option(names = "--template", paramLabel = "ID", description = "what it is about") String template) {
    var body = new LinkedHashMap<String, Object>();
    body.put("title", title);
    body.put("content", content);
    body.put("category", category);
    if (tags != null) body.put("tags", tags);
    if (module != null) body.put("module_id", module);
    if (template != null) body.put("template_id", template);
    var answer = remote.api().post(PATH, body);
    return remote.show(answer, screen -> screen.line("Learning " + Text.of(answer, "id") + " is kept."));
  }

  private static int show(Remote remote, Limit limit, Map<String, ?> query) {
    var answer = remote.api().list(PATH, "learnings", query, limit.items());
    return remote.show(answer, screen -> {
      for (var learning : answer.path("learnings")) {
        screen.line(
            screen.bold(Text.of(learning, "title")) + screen.dim("  " + Text.of(learning, "category") + "  " + Text.of(learning, "tags")));
        learning.path("content").asText().lines().forEach(line -> screen.line("  " + Text.plain(line)));
      }
      if (answer.path("learnings").isEmpty()) screen.note("There is no such learning.");
      limit.more(answer, screen);
    });
  }
}
