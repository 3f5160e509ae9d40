package dev.sluice.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/// Answers of the server in words for people.
final class Text {
  private static final int DAY = 86_400;
  private static final Pattern CONTROL = Pattern.compile("\\p{Cc}+");

  private Text() {}

  /// A field as text; empty where it is absent or null. Lists are joined by commas.
  static String of(JsonNode node, String field) {
    var value = node.path(field);
    if (value.isMissingNode() || value.isNull()) return "";
    if (value.isArray())
      return StreamSupport.stream(value.spliterator(), false).map(one -> plain(one.asText())).collect(Collectors.joining(", "));
    return plain(value.isObject() ? value.toString() : value.asText());
  }

  /// Why a file cannot be used: the system's own words where it has some, which are the mere path for what is missing or not allowed.
  static String why(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such file or folder";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }

  /// Without what moves or colours a terminal: some of it is said by machines.
  static String plain(String text) { return CONTROL.matcher(text).replaceAll(" "); }

  /// `1 instance`, `2,000 instances`.
  static String count(long number, String noun) {
    return String.format(Locale.ROOT, "%,d ", number) + (number == 1 ? noun : noun.endsWith("ch") ? noun + "es" : noun + "s");
  }

  /// Seconds as people say them: `40 s`, `25 min`, `1 h 5 min`, `2 d 3 h`.
  static String duration(double seconds) {
    if (seconds < 10) return String.format(Locale.ROOT, "%.1f s", seconds).replace(".0 s", " s");
    long whole = Math.round(seconds);
    if (whole < 120) return whole + " s";
    if (whole < 3600) return whole / 60 + " min" + rest(whole % 60, " s");
    if (whole < DAY) return whole / 3600 + " h" + rest(whole % 3600 / 60, " min");
    return whole / DAY + " d" + rest(whole % DAY / 3600, " h");
  }

  private static String rest(long number, String unit) { return number == 0 ? "" : " " + number + unit; }

  /// A time without fractions of a second: `2026-11-23 13:05:09Z`.
  static String time(JsonNode node, String field) {
    var text = of(node, field);
    return text.replaceFirst("^(\\d{4}-\\d\\d-\\d\\d)T(\\d\\d:\\d\\d:\\d\\d)(?:\\.\\d+)?(Z|[+-].*)$", "$1 $2$3");
  }

  /// `sha256:0a1b2c3d4e5f…`, enough to tell digests apart.
  static String digest(String digest) { return digest.length() > 19 ? digest.substring(0, 19) + "…" : digest; }
}
