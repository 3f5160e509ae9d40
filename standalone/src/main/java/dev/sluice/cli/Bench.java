package dev.sluice.cli;

import java.util.List;

/// The benchmarks, found by `META-INF/services/dev.sluice.cli.Bench`: they live in a module above this one.
public interface Bench {
  /// Runs a benchmark and prints its figures beside their ceilings.
  ///
  /// @param arguments the name of the benchmark, then its own arguments
  /// @return the exit code
  int run(List<String> arguments) throws Exception;
}
