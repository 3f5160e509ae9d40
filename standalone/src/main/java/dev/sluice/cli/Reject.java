package dev.sluice.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Rejects a plan.
@Command(name = "reject", description = "Reject a plan; nothing moves.")
final class Reject implements Callable<Integer> {
  @Parameters(paramLabel = "ROLLOUT", description = "its id (or its request's), or latest")
  private String rollout;

  @Option(names = "--revision", paramLabel = "N", order = 1, description = "the revision that you read; else the present one")
  private Integer revision;

  @Option(names = "--comment", paramLabel = "TEXT", order = 2, description = "why")
  private String comment;

  @Mixin
  private Remote remote;

  @Override
  public Integer call() {
    var requests = new Requests(remote.api());
    var answer = requests.decide(requests.open(rollout, Requests.About.PLAN), revision, "reject", comment);
    return remote.show(answer, screen -> screen.line(Requests.said(answer)));
  }
}
