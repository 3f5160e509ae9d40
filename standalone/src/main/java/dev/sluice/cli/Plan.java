package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Plans a rollout.
@Command(name = "plan", description = "Plan a rollout and show it as a table. Nothing moves before somebody approves it.")
final class Plan implements Callable<Integer> {
  /// A fleet of a million takes a minute or two to plan.
  private static final Duration A_MILLION = Duration.ofMinutes(5);

  @Option(names = "--template", paramLabel = "ID", order = 1, description = "the kind of instances; may be left out where there is only one")
  private String template;

  @Option(names = "--module", paramLabel = "ID", order = 2, required = true, description = "what is upgraded")
  private String module;

  @Option(names = "--target", paramLabel = "VERSION", order = 3, required = true, description = "the version (or its id); it must be blessed or live")
  private String target;

  @Option(names = "--dry-run", order = 4, description = "compute the same and leave nothing behind")
  private boolean dryRun;

  @Mixin
  private Inputs inputs;

  @Mixin
  private Waiting waiting;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    if (dryRun && waiting.asked()) throw new Failure.Usage("a dry run has no end to wait for; leave --dry-run or --wait");
    var names = new Names(remote.api());
    var moduleId = Text.of(names.module(module), "id");
    var body = new LinkedHashMap<String, Object>();
    body.put("template_id", Text.of(names.template(template), "id"));
    body.put("module_id", moduleId);
    body.put("target_version_id", Text.of(names.version(moduleId, target), "id"));
    body.putAll(inputs.given());
    if (dryRun) body.put("dry_run", true);
    var plan = remote.api().post("/v1/plans", body, A_MILLION);
    boolean opened = !dryRun && plan.path("total_instances").asLong() > 0;
    if (!opened || !waiting.asked()) return remote.show(plan, screen -> show(plan, opened, screen));
    if (!remote.json()) show(plan, true, remote.screen());
    var end = waiting.orGoOn(remote, plan, Text.of(plan, "rollout_id"), List.of("completed"), null);
    return remote.show(end, _ -> {});
  }

  private void show(JsonNode plan, boolean opened, Screen screen) {
    new PlanTable(plan, new VersionNames(remote.api()), screen).lines().forEach(screen::line);
    if (!opened) return;
    var rollout = Text.of(plan, "rollout_id");
    if (Text.of(plan, "state").equals("awaiting_approval")) {
      screen.note("");
      screen.note("Approve it by:  " + remote.again("approve " + rollout + " --revision " + Text.of(plan, "revision") + " --wait"));
    } else {
      screen.note("");
      screen.note("It is " + Text.of(plan, "state").replace('_', ' ') + " by policy. Watch it by:  " + remote.again("watch " + rollout));
    }
  }
}
