package dev.sluice.cli;

import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Runs a benchmark.
@Command(name = "bench", description = "Measure, each figure beside its ceiling in the same run.")
final class BenchCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", arity = "1..*", description = "heartbeats or rollout, then its own arguments")
  private List<String> arguments;

  @Override
  public Integer call() throws Exception {
    return ServiceLoader.load(Bench.class).findFirst()
        .orElseThrow(() -> new CannotStart("the benchmarks are not on the class path; start them by ./sluice bench")).run(arguments);
  }
}
