package dev.sluice.chassis;

import dev.sluice.contract.Problem;

/// Carries a refusal to the porch, which answers it.
public final class ProblemException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient Problem problem;

  public ProblemException(Problem problem) {
    super(problem.status() + " " + problem.detail(), null, false, false);
    this.problem = problem;
  }

  public Problem problem() { return problem; }
}
