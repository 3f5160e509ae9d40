package dev.sluice.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Rows under headings, aligned; a column of nothing but numbers stands to the right. Cells may carry colours.
final class Table {
  private static final Pattern STYLE = Pattern.compile("\u001b\\[[0-9;]*m");
  private static final Pattern NUMBER = Pattern.compile("-|\\d[\\d,]*");
  private static final String GAP = "  ";
  private final List<String> headings;
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) { this.headings = List.of(headings); }

  /// @param cells one for each heading; null and empty are shown as `-`
  Table row(String... cells) {
    if (cells.length != headings.size()) throw new IllegalArgumentException(headings + " against " + Arrays.toString(cells));
    rows.add(Arrays.stream(cells).map(cell -> cell == null || cell.isEmpty() ? "-" : cell.replaceAll("\\R", " ")).toList());
    return this;
  }

  /// The headings and the rows, without blanks at the end of a line.
  List<String> lines(Screen screen) {
    int[] widths = IntStream.range(0, headings.size()).map(this::width).toArray();
    boolean[] right = new boolean[widths.length];
    for (int i = 0; i < right.length; i++)
      right[i] = right(i);
    var lines = new ArrayList<String>();
    lines.add(screen.dim(line(headings, widths, right)));
    for (var row : rows)
      lines.add(line(row, widths, right));
    return lines;
  }

  /// Shows the table, or one sentence where it has no rows.
  void show(Screen screen, String whenEmpty) {
    if (rows.isEmpty()) screen.note(whenEmpty);
    else
      lines(screen).forEach(screen::line);
  }

  private static String line(List<String> cells, int[] widths, boolean[] right) {
    var line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      var pad = " ".repeat(widths[i] - length(cells.get(i)));
      line.append(i == 0 ? "" : GAP).append(right[i] ? pad + cells.get(i) : cells.get(i) + pad);
    }
    return line.toString().stripTrailing();
  }

  private int width(int column) {
    return Math.max(headings.get(column).length(), rows.stream().mapToInt(row -> length(row.get(column))).max().orElse(0));
  }

  private boolean right(int column) {
    return !rows.isEmpty() && rows.stream().allMatch(row -> NUMBER.matcher(plain(row.get(column))).matches())
        && rows.stream().anyMatch(row -> !row.get(column).equals("-"));
  }

  /// The text without colours.
  static String plain(String text) { return STYLE.matcher(text).replaceAll(""); }

  static int length(String text) {
    var plain = plain(text);
    return plain.codePointCount(0, plain.length());
  }

  /// The text, at most `width` wide; what is cut is shown as `…`. Colours survive.
  static String cut(String text, int width) {
    if (length(text) <= width) return text;
    var cut = new StringBuilder();
    var styles = STYLE.matcher(text);
    int seen = 0;
    int at = 0;
    while (at < text.length() && seen < width - 1) {
      if (styles.region(at, text.length()).lookingAt()) {
        cut.append(styles.group());
        at = styles.end();
        continue;
      }
      cut.appendCodePoint(text.codePointAt(at));
      at += Character.charCount(text.codePointAt(at));
      seen++;
    }
    return cut.append('…').append(text.indexOf('\u001b') >= 0 ? "\u001b[0m" : "").toString();
  }
}
