package dev.sluice.cli;

import dev.sluice.contract.PolicyView;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What happens without asking.
@Command(name = "policies", description = "Intervention policies, what happens without asking: list, set, explain, delete.")
final class Policies {
  private static final String PATH = "/v1/intervention-policies";
  private static final String ACTION = PolicyView.ROLLING_UPGRADE;

  /// Which policy is meant.
  static final class Place {
    @Option(names = "--action", paramLabel = "ACTION", defaultValue = ACTION, description = "the action category (default: " + ACTION + ")")
    private String action;

    @Option(names = "--template", paramLabel = "ID", description = "narrowed to this template")
    private String template;

    private String path() { return PATH + "/" + Api.part(action) + (template == null ? "" : "/templates/" + Api.part(template)); }

    private String words() { return action + (template == null ? "" : " on " + template); }
  }

  @Command(name = "list", description = "The policies that are set.")
  int list(@Mixin Remote remote, @Mixin Limit limit) {
    var answer = remote.api().list(PATH, "intervention_policies", Map.of(), limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("ACTION", "TEMPLATE", "POLICY", "APPROVALS", "SEPARATION", "EXPIRES AFTER");
      answer.path("intervention_policies").forEach(p -> row(table, p));
      table.show(screen, "No policy is set: every plan needs one approval.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "set", description = "Set a policy. It counts for revisions made from now on; blocked refuses the approval of older ones too.")
  int set(@Mixin Remote remote, @Mixin Place place,
      @Parameters(paramLabel = "POLICY", description = "auto_approve, notify_and_proceed, require_approval or blocked") String policy,
      @Option(names = "--required-approvals", paramLabel = "N", description = "distinct people who must approve (default: 1)") Integer approvals,
      @Option(names = "--separation-of-duties", description = "who made a plan may not approve it") boolean separation,
      @Option(names = "--expires-after-sec", paramLabel = "SEC", description = "seconds that a request lives (default: 4 h for plans, 24 h for continuations)") Integer expires) {
    var body = new LinkedHashMap<String, Object>();
    body.put("policy", policy);
    if (approvals != null) body.put("required_approvals", approvals);
    if (separation) body.put("separation_of_duties", true);
    if (expires != null) body.put("expires_after_sec", expires);
    var answer = remote.api().put(place.path(), body);
    return remote.show(answer, screen -> screen.line(place.words() + ": " + policy + "."));
  }

  @Command(name = "delete", description = "Remove a policy; the wider one holds again.")
  int delete(@Mixin Remote remote, @Mixin Place place) {
    var answer = remote.api().delete(place.path());
    return remote.show(answer, screen -> screen.line(place.words() + ": removed."));
  }

  @Command(name = "explain", description = "Say which policy applies, and why.")
  int explain(@Mixin Remote remote, @Mixin Place place) {
    var query = new LinkedHashMap<String, Object>();
    query.put("action", place.action);
    query.put("template_id", place.template);
    var answer = remote.api().get(PATH + "/explain", query);
    return remote.show(answer, screen -> {
      screen.line(place.words() + ": " + screen.bold(Text.of(answer.path("applies"), "policy")));
      if (answer.hasNonNull("why")) screen.line("  " + Text.of(answer, "why"));
      for (var looked : answer.path("considered"))
        screen.line("  " + (looked.path("applies").asBoolean() ? screen.green("✓ ") : "  ") + Text.of(looked, "source") + ": "
            + Text.of(looked, "why"));
      answer.path("always").forEach(rule -> screen.line("  always: " + rule.asText()));
    });
  }

  private static void row(Table table, JsonNode p) {
    table.row(Text.of(p, "action"), Text.of(p, "template_id"), Text.of(p, "policy"), Text.of(p, "required_approvals"),
        p.path("separation_of_duties").asBoolean() ? "yes" : "no", Text.duration(p.path("expires_after_sec").asDouble()));
  }
}
