package dev.sluice.planner.api;

import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Fault;
import dev.sluice.contract.Problem;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Ids in a body that name nothing: 404, all at once.
final class Unknown {
  private Unknown() {}

  /// @throws ProblemException if there are any
  static void refuse(List<Fault> unknown) {
    if (unknown.isEmpty()) return;
    var detail = unknown.stream().map(f -> f.field() + " names nothing that exists: " + f.given()).collect(Collectors.joining("; "));
    throw new ProblemException(Problem.notFound(detail, unknown, Map.of()));
  }
}
