package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;

/// Why a command did not do what was asked. Each kind has its exit code.
abstract sealed class Failure extends RuntimeException {
  static final int DONE = 0;
  static final int REFUSED = 1;
  static final int USAGE = 2;
  static final int UNREACHABLE = 3;
  static final int OTHERWISE = 4;
  private static final long serialVersionUID = 1;

  private Failure(String message) { super(message, null, false, false); }

  abstract int exitCode();

  /// The product said no.
  static final class Refused extends Failure {
    private static final long serialVersionUID = 1;
    private final int status;
    private final String state;

    private Refused(int status, String state, String message) {
      super(message);
      this.status = status;
      this.state = state;
    }

    static Refused because(String message) { return new Refused(0, "", message); }

    /// The same, with one more line that says what to do.
    Refused with(String hint) { return new Refused(status, state, getMessage() + "\n  " + hint); }

    /// What problem+json says: the detail, and each fault on its line.
    static Refused of(int status, JsonNode problem) {
      var text = new StringBuilder(Text.of(problem, "detail"));
      if (text.isEmpty()) text.append(Text.of(problem, "title"));
      if (text.isEmpty()) text.append("the server answered ").append(status);
      var faults = problem.path("errors");
      for (var fault : faults) {
        var words = Text.of(fault, "field") + " " + Text.of(fault, "message");
        if (faults.size() > 1 || !text.toString().equals(words)) text.append("\n  ").append(words);
        if (fault.hasNonNull("given")) text.append(" (given: ").append(fault.get("given")).append(')');
      }
      if (status == 401)
        text.append(
            "\n  give a token by --token, --token-file or SLUICE_TOKEN; `" + Sluice.self()
                + " up` wrote one to its data folder, file admin-token");
      if (status == 500) text.append("\n  request id: ").append(Text.of(problem, "request_id"));
      return new Refused(status, Text.of(problem, "state"), text.toString());
    }

    int status() { return status; }

    /// Where what was asked stands, as the problem says it; empty where it does not.
    String state() { return state; }

    @Override
    int exitCode() { return REFUSED; }
  }

  /// The arguments cannot be meant so.
  static final class Usage extends Failure {
    private static final long serialVersionUID = 1;

    Usage(String message) { super(message); }

    @Override
    int exitCode() { return USAGE; }
  }

  /// Nothing answers, or a part that is needed is away. It may be tried again; whether something was done is not known where the answer was lost.
  static final class Unreachable extends Failure {
    private static final long serialVersionUID = 1;

    Unreachable(String message) { super(message); }

    @Override
    int exitCode() { return UNREACHABLE; }
  }

  /// The reader of the output has gone, as `head` does: he has what he wanted.
  static final class Unread extends Failure {
    private static final long serialVersionUID = 1;

    Unread() { super("the output is closed"); }

    @Override
    int exitCode() { return DONE; }
  }

  /// The result could not be written, to a full disk for example. What was asked may be done.
  static final class Unwritten extends Failure {
    private static final long serialVersionUID = 1;

    Unwritten(String why) {
      super(
          "the result could not be written: " + why + "; where it was to change something, look whether it was done before you try again");
    }

    @Override
    int exitCode() { return REFUSED; }
  }

  /// The rollout that was waited for went another way.
  static final class Otherwise extends Failure {
    private static final long serialVersionUID = 1;

    private final transient JsonNode last;

    Otherwise(String message, JsonNode last) {
      super(message);
      this.last = last;
    }

    /// The rollout as it was seen last; null where it was not.
    JsonNode last() { return last; }

    @Override
    int exitCode() { return OTHERWISE; }
  }
}
