package dev.sluice.cli;

import java.util.LinkedHashMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Rollouts, open and ended.
@Command(name = "rollouts", description = "Rollouts: list, show, instances.")
final class Rollouts {
  @Command(name = "list", description = "Rollouts, open and ended.")
  int list(@Mixin Remote remote, @Mixin Limit limit,
      @Option(names = "--state", paramLabel = "STATE", description = "only in this state") String state,
      @Option(names = "--template", paramLabel = "ID", description = "only of this template") String template,
      @Option(names = "--module", paramLabel = "ID", description = "only of this module") String module) {
    var query = new LinkedHashMap<String, Object>();
    query.put("state", state);
    query.put("template_id", template);
    query.put("module_id", module);
    var answer = remote.api().list("/v1/rollouts", "rollouts", query, limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("ROLLOUT", "TEMPLATE", "MODULE", "TARGET", "STATE", "HEALTHY", "FAILED", "TOTAL", "CREATED");
      answer.path("rollouts")
          .forEach(r -> table.row(Text.of(r, "id"), Text.of(r, "template_id"), Text.of(r, "module_id"), Text.of(r, "target_version"),
              Bars.state(Text.of(r, "state"), screen),
              Text.of(r.path("counts"), "healthy"),
              Text.of(r.path("counts"), "failed"), Text.of(r.path("counts"), "total"), Text.time(r, "created_at")));
      table.show(screen, "There is no such rollout; make one by `" + remote.again("plan --module MODULE --target VERSION") + "`.");
      limit.more(answer, screen);
    });
  }

  @Command(name = "show", description = "One rollout as it stands.")
  int show(@Mixin Remote remote, @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest") String rollout) {
    var answer = remote.api().get("/v1/rollouts/" + Api.part(new Names(remote.api()).rollout(rollout)));
    return remote.show(answer, screen -> {
      screen.line("rollout " + Text.of(answer, "id") + " revision " + Text.of(answer, "revision"));
      Bars.lines(answer, Follow.title(answer), screen).forEach(screen::line);
      Ways.lines(remote.api(), answer, screen).forEach(screen::line);
      for (var field : new String[]{"created_at", "started_at", "ended_at", "estimated_end_at"})
        if (answer.hasNonNull(field)) screen.line("  " + field.replace("_at", "").replace('_', ' ') + " " + Text.time(answer, field));
      if (Text.of(answer, "state").equals("awaiting_decision"))
        screen.note("It asks how to go on; see:  " + remote.again("decide " + Text.of(answer, "id")));
      if (Text.of(answer, "state").equals("awaiting_approval"))
        screen.note("Approve it by:  " + remote.again("approve " + Text.of(answer, "id") + " --revision " + Text.of(answer, "revision")));
    });
  }

  @Command(name = "instances", description = "The instances of a rollout, and why each stands where it stands.")
  int instances(@Mixin Remote remote, @Mixin Limit limit,
      @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest") String rollout,
      @Option(names = "--state", paramLabel = "STATE", description = "only in this state, for example failed") String state,
      @Option(names = "--batch", paramLabel = "N", description = "only of this batch, counted from 1") Integer batch) {
    if (batch != null && batch < 1) throw new Failure.Usage("--batch counts from 1");
    var query = new LinkedHashMap<String, Object>();
    query.put("state", state);
    query.put("batch_index", batch == null ? null : batch - 1);
    var answer = remote.api().list("/v1/rollouts/" + Api.part(new Names(remote.api()).rollout(rollout)) + "/instances", "instances", query,
        limit.items());
    return remote.show(answer, screen -> {
      var table = new Table("INSTANCE", "BATCH", "STATE", "REASON", "FROM", "TO", "VERDICT", "DETAIL");
      answer.path("instances").forEach(i -> table.row(Text.of(i, "instance_id"), String.valueOf(i.path("batch_index").asInt() + 1),
          member(Text.of(i, "state"), screen), Ways.of(Text.of(i, "state"), Text.of(i, "reason"), screen), Text.of(i, "from"),
          Text.of(i, "to"), Text.time(i, "verdict_at"),
          Text.of(i, "detail")));
      table.show(screen, "There is no such instance in this rollout.");
      limit.more(answer, screen);
    });
  }

  private static String member(String state, Screen screen) {
    var words = state.replace('_', ' ');
    return switch (state) {
      case "healthy", "rolled_back" -> screen.green(words);
      case "failed", "rollback_failed" -> screen.red(words);
      case "in_flight", "rolling_back" -> screen.cyan(words);
      case "held" -> screen.yellow(words);
      default -> words;
    };
  }
}
