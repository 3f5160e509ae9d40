package dev.sluice.cli;

import java.io.PrintWriter;

/// Where a command writes: results to `out`, everything about them to `err`. Colours and moving lines only where a terminal takes them. One thread at a time.
final class Screen {
  private static final int DEFAULT_COLUMNS = 100;
  private static final String RESET = "\u001b[0m";
  private final PrintWriter out;
  private final PrintWriter err;
  private final Terminal terminal;
  private int liveLines;

  /// @param live    whether lines can be drawn again
  /// @param colour  whether colours are wanted
  /// @param columns the width
  record Terminal(boolean live, boolean colour, int columns) {
    static final Terminal NONE = new Terminal(false, false, DEFAULT_COLUMNS);

    /// What stands behind the standard output; `./sluice` says it in properties. `NO_COLOR` (no-color.org) and `TERM=dumb` are respected.
    static Terminal ofProcess() {
      var said = System.getProperty("sluice.terminal");
      boolean is = said == null ? System.console() != null && System.console().isTerminal() : Boolean.parseBoolean(said);
      if (!is) return NONE;
      boolean dumb = "dumb".equals(System.getenv("TERM"));
      var noColour = System.getenv("NO_COLOR");
      int columns = Integer.getInteger("sluice.columns", DEFAULT_COLUMNS);
      return new Terminal(!dumb, !dumb && (noColour == null || noColour.isEmpty()), columns < 20 ? DEFAULT_COLUMNS : columns);
    }
  }

  Screen(PrintWriter out, PrintWriter err, Terminal terminal) {
    this.out = out;
    this.err = err;
    this.terminal = terminal;
  }

  Terminal terminal() { return terminal; }

  /// A line of the result.
  void line(String text) {
    out.println(text);
    out.flush();
  }

  /// A line of a result that has no end of its own.
  ///
  /// @throws Failure.Unread    where nobody reads it any more
  /// @throws Failure.Unwritten where it cannot be written
  void oneOfMany(String text) {
    out.println(text);
    check();
  }

  /// Looks whether the result so far is written.
  ///
  /// @throws Failure.Unread    where nobody reads it any more
  /// @throws Failure.Unwritten where it cannot be written
  void check() {
    if (out.checkError()) throw Output.failure(out);
  }

  /// The beginning of a line; a question, for example.
  void part(String text) {
    out.print(text);
    out.flush();
  }

  /// A line about the result, for people: never on the standard output.
  void note(String text) {
    keep();
    err.println(text);
    err.flush();
  }

  /// Draws lines over the ones that were drawn before, cut at the width. Only where the terminal is live.
  void redraw(Iterable<String> lines) {
    var text = new StringBuilder();
    if (liveLines > 0) text.append("\u001b[").append(liveLines).append('A');
    int drawn = 0;
    for (var line : lines) {
      text.append("\u001b[2K").append(Table.cut(line, terminal.columns() - 1)).append('\n');
      drawn++;
    }
    if (drawn < liveLines) text.append("\u001b[J");
    liveLines = drawn;
    out.print(text);
    out.flush();
  }

  /// Leaves what was drawn where it stands.
  void keep() { liveLines = 0; }

  String red(String text) { return styled("31", text); }

  String green(String text) { return styled("32", text); }

  String yellow(String text) { return styled("33", text); }

  String cyan(String text) { return styled("36", text); }

  String bold(String text) { return styled("1", text); }

  String dim(String text) { return styled("2", text); }

  private String styled(String code, String text) {
    return terminal.colour() && !text.isEmpty() ? "\u001b[" + code + "m" + text + RESET : text;
  }
}
