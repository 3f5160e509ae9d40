package dev.sluice.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Approves a plan.
@Command(name = "approve", description = "Approve a plan; it starts at once.")
final class Approve implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id (or its request's), or latest")
  private String rollout;

  @Option(names = "--revision", paramLabel = "N", order = 1, description = "the revision that you read, refused where the plan has been edited since; else the present one")
  private Integer revision;

  @Option(names = "--comment", paramLabel = "TEXT", order = 2, description = "why")
  private String comment;

  @Mixin
  private Waiting waiting;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var requests = new Requests(remote.api());
    var request = requests.open(rollout, Requests.About.PLAN);
    var answer = requests.decide(request, revision, "approve", comment);
    if (!remote.json()) remote.screen().line(Requests.said(answer));
    var end = waiting.orGoOn(remote, answer, Text.of(request, "rollout_id"), List.of("completed"), null);
    return remote.show(end, screen -> {
      if (!waiting.asked()) screen.note("Watch it by:  " + remote.again("watch " + Text.of(request, "rollout_id")));
    });
  }
}
