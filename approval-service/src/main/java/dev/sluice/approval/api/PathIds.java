package dev.sluice.approval.api;

import dev.sluice.chassis.Ids;
import dev.sluice.chassis.ProblemException;
import dev.sluice.contract.Problem;

/// Ids in paths, which the OpenAPI document does not check.
final class PathIds {
  private PathIds() {}

  /// The id, or a 404: what has not the shape of an id names nothing.
  static String checked(String id, String what) {
    if (id == null || !Ids.isId(id)) throw new ProblemException(Problem.notFound(what, String.valueOf(id)));
    return id;
  }
}
