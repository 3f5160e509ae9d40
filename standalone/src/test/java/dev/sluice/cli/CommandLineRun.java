package dev.sluice.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.util.stream.Stream;

/// One command as a user runs it, with what it printed.
///
/// @param code the exit code
record CommandLineRun(int code, String out, String err) {
  /// Runs a command where nothing is a terminal.
  static CommandLineRun of(String... arguments) {
    return to(new StringWriter(), arguments);
  }

  /// Runs a command that writes its result to `out`.
  static CommandLineRun to(Writer out, String... arguments) {
    var err = new StringWriter();
    var line = Sluice.line(Screen.Terminal.NONE, arguments).setOut(new Output(out)).setErr(new PrintWriter(err));
    int code = line.execute(arguments);
    return new CommandLineRun(code, out.toString(), err.toString());
  }

  /// Runs a command against a server.
  static CommandLineRun at(TinyServer server, String... arguments) { return at(server, new StringWriter(), arguments); }

  static CommandLineRun at(TinyServer server, Writer out, String... arguments) {
    return to(out, with(arguments, "--server", server.uri().toString(), "--token", "secret", "--actor", "maria"));
  }

  /// Arguments and more of them.
  static String[] with(String[] arguments, String... more) {
    return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
  }
}
