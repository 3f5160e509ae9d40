package dev.sluice.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Changes a plan that waits for approval.
@Command(name = "edit", description = "Change the inputs of a plan that waits for approval: it is planned again as its next revision, and votes fall. What is left out stays as it is.")
final class Edit implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id, or latest")
  private String rollout;

  @Option(names = "--revision", paramLabel = "N", order = 1, description = "the revision that you read; else the present one")
  private Integer revision;

  @Mixin
  private Inputs inputs;

  @Mixin
  private Remote remote;

  /// The defaults are those of a new plan; an edit has none.
  static void sayNoDefaults(CommandSpec edit) {
    for (var option : List.copyOf(edit.options()))
      edit.remove(option)
          .addOption(option.toBuilder().description(option.description()[0].replaceFirst(" \\(default: .*\\)", "")).build());
  }

  @Override
  public Integer call() {
    if (inputs.given().isEmpty()) throw new Failure.Usage("nothing to change; name at least one input, for example --batch-pct 10");
    var requests = new Requests(remote.api());
    var answer = requests.edit(requests.open(rollout, Requests.About.PLAN), revision, inputs.given());
    return remote.show(answer, screen -> {
      var plan = remote.api().get("/v1/plans/" + Api.part(Text.of(answer, "rollout_id")));
      new PlanTable(plan, new VersionNames(remote.api()), screen).lines().forEach(screen::line);
      screen.note("");
      screen.note("Approve it by:  "
          + remote.again("approve " + Text.of(answer, "rollout_id") + " --revision " + Text.of(answer, "revision") + " --wait"));
    });
  }
}
