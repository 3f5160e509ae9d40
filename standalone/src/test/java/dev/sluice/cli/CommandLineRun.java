package dev.sluice.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/// One command as a user runs it, with what it printed.
///
/// @param code the exit code
record CommandLineRun(int code, String out, String err) {
  /// Runs a command where nothing is a terminal.
  static CommandLineRun of(String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = Sluice.line(Screen.Terminal.NONE, arguments).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = line.execute(arguments);
    return new CommandLineRun(code, out.toString(), err.toString());
  }

  /// Runs a command against a server.
  static CommandLineRun at(TinyServer server, String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--server", server.uri().toString(), "--token", "secret", "--actor", "maria"));
    return of(all.toArray(String[]::new));
  }
}
